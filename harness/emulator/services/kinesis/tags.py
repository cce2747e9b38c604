"""Tags of streams and consumers, by the older and the newer operations."""

from __future__ import annotations

import re

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages
from harness.emulator.services.kinesis.resources import ResourceOperations
from harness.json_object import Json

MAX_TAGS = 50
_ALLOWED = re.compile(r"[\w\s./=+\-@%:]*")


class TagOperations(ResourceOperations):
    """Lists are sorted by key (recorded). A request that breaks a rule changes nothing."""

    @operation
    def add_tags_to_stream(
        self, call: Call, *, tags: dict[str, str], stream_name: str | None = None, stream_arn: str | None = None
    ) -> Json:
        """Add or overwrite tags of a stream."""
        stream = self.find(call, stream_name, stream_arn)
        check_tags(tags, stream.tags, "stream", stream.name, stream.account)
        stream.tags.update(tags)
        self.streams.put(stream.key, stream)
        return {}

    @operation
    def remove_tags_from_stream(
        self, call: Call, *, tag_keys: list[str], stream_name: str | None = None, stream_arn: str | None = None
    ) -> Json:
        """Remove tags of a stream; missing ones do not matter."""
        stream = self.find(call, stream_name, stream_arn)
        for key in tag_keys:
            stream.tags.pop(key, None)
        self.streams.put(stream.key, stream)
        return {}

    @operation
    def list_tags_for_stream(
        self,
        call: Call,
        *,
        stream_name: str | None = None,
        stream_arn: str | None = None,
        exclusive_start_tag_key: str | None = None,
        limit: int = MAX_TAGS,
    ) -> Json:
        """A page of a stream's tags."""
        stream = self.find(call, stream_name, stream_arn)
        rest = [tag for tag in _sorted(stream.tags) if tag["Key"] > (exclusive_start_tag_key or "")]
        return {"Tags": rest[:limit], "HasMoreTags": len(rest) > limit}

    @operation
    def tag_resource(self, call: Call, *, resource_arn: str, tags: dict[str, str]) -> Json:
        """Add or overwrite tags of a stream or consumer."""
        resource = self.find_resource(call, resource_arn)
        check_tags(tags, resource.tags, "resource", resource_arn, call.caller.account)
        resource.tags.update(tags)
        self.put_resource(call, resource_arn, resource)
        return {}

    @operation
    def untag_resource(self, call: Call, *, resource_arn: str, tag_keys: list[str]) -> Json:
        """Remove tags of a stream or consumer; missing ones do not matter."""
        resource = self.find_resource(call, resource_arn)
        for key in tag_keys:
            resource.tags.pop(key, None)
        self.put_resource(call, resource_arn, resource)
        return {}

    @operation
    def list_tags_for_resource(self, call: Call, *, resource_arn: str) -> Json:
        """All tags of a stream or consumer."""
        return {"Tags": _sorted(self.find_resource(call, resource_arn).tags)}


def check_tags(new: dict[str, str], present: dict[str, str], kind: str, name: str, account: str) -> None:
    """Raises InvalidArgumentException for system keys, strange characters and more than 50 tags."""
    if any(key.startswith("aws:") for key in new):
        raise messages.invalid("Some tag keys in the request started with 'aws:'. System tags cannot be modified.")
    if not all(_ALLOWED.fullmatch(text) for pair in new.items() for text in pair):
        raise messages.invalid(
            "Some tags contain invalid characters. Valid characters: "
            "Unicode letters, digits, white space, _ . / = + - % @ :."
        )
    if len({**present, **new}) > MAX_TAGS:
        raise messages.invalid(
            f"Failed to add tags to {kind} {name} under account {account} because a given {kind} cannot have more "
            f"than {MAX_TAGS} tags associated with it."
        )


def _sorted(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
