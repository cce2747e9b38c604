"""Tags, brought to a service by its tag operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.emulator.services.cloudformation.resources.resource import Context
from harness.json_object import Json


@dataclass(frozen=True, slots=True)
class Tagging:
    """How a service tags. `resource` is the member that names what is tagged, `tags` and `keys` the members with the
    tags and with the keys to take away; `as_list` if tags are `[{"Key", "Value"}]` and not a map."""

    service: str
    tag: str
    untag: str
    resource: str
    tags: str = "Tags"
    keys: str = "TagKeys"
    as_list: bool = False

    def form(self, tags: Mapping[str, str]) -> Any:
        """The tags as the service takes them."""
        return [{"Key": key, "Value": value} for key, value in tags.items()] if self.as_list else dict(tags)

    async def change(self, ctx: Context, name: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """Make the tags of `name` be `new`."""
        gone = sorted(old.keys() - new.keys())
        if gone:
            await ctx.call(self.service, self.untag, {self.resource: name, self.keys: gone})
        if changed := {key: value for key, value in new.items() if old.get(key) != value}:
            await ctx.call(self.service, self.tag, {self.resource: name, self.tags: self.form(changed)})


def own_tags(props: Json) -> dict[str, str]:
    """The tags a resource shall have: its `Tags` property, a list of pairs or a map, with the stack's among them."""
    tags = props.get("Tags") or []
    return tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
