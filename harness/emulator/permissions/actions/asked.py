"""What a call asks, in one form: members by their AWS names, however it came; and what it demands permission for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from harness.emulator.call import Call, HttpRequest
from harness.emulator.permissions.facts import Value
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.permissions.directory import Directory
    from harness.emulator.world import World

ANYTHING = "*"


@dataclass(slots=True, frozen=True)
class RequiredAction:
    """One action on one resource that the caller must be allowed. `facts` are condition keys of the request."""

    action: str
    resource: str
    facts: Mapping[str, Value] = field(default_factory=dict)


class Asked:
    """One call. `params` are its members; of a form (Query protocol) the flat fields."""

    def __init__(self, call: Call, world: World, directory: Directory) -> None:
        self.call = call
        self.world = world
        self.directory = directory
        self.params: Json = call.params
        if not call.params and call.http is not None and call.service != "s3":
            self.params = _members(call.http)

    @property
    def operation(self) -> str:
        return self.call.operation

    def text(self, *members: str) -> str:
        """The first of these members that is a text; empty if there is none."""
        for member in members:
            value = self.params.get(member)
            if isinstance(value, str) and value:
                return value
        return ""

    def texts(self, member: str) -> list[str]:
        """A list member, of a form too (`Names.member.1`)."""
        value = self.params.get(member)
        if isinstance(value, list):
            return [item for item in value if isinstance(item, str)]
        return [v for k, v in self.params.items() if k.startswith(f"{member}.") and isinstance(v, str)]

    def entries(self, member: str) -> list[Json]:
        """A list of structures."""
        value = self.params.get(member)
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def arn(self, resource: str, service: str = "") -> str:
        """An ARN in the caller's account and region."""
        call = self.call
        return f"arn:aws:{service or call.service}:{call.region}:{call.account}:{resource}"

    def named(self, value: str, prefix: str, service: str = "") -> str:
        """The ARN of what is given by name or ARN."""
        return value if value.startswith("arn:") else self.arn(prefix + value, service)

    def on(self, resource: str, **facts: Value) -> list[RequiredAction]:
        """The operation itself on one resource."""
        return [RequiredAction(f"{self.call.service}:{self.operation}", resource, facts)]


def _members(request: HttpRequest) -> Json:
    """The members of a JSON, CBOR or form body; a body that nobody can read has none (the service will object)."""
    if "cbor" in request.header("content-type"):
        import cbor2

        try:
            content: Any = cbor2.loads(request.body)
        except cbor2.CBORDecodeError:
            content = {}
    elif request.body[:1] == b"{":
        try:
            content = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            content = {}
    else:
        content = dict(parse_qsl(request.query)) | dict(parse_qsl(request.body.decode("latin-1")))
    return content if isinstance(content, dict) else {}
