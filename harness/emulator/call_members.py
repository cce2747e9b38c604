"""What a call says, in one form: its members by their AWS names, however it came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.call import Call, HttpRequest
    from harness.emulator.service import Service
    from harness.emulator.world import World


class CallMembers:
    """One call. `params` are its members; of a form (Query protocol) the flat fields. S3 says it by its path, which is
    read in `s3_address.py`."""

    def __init__(self, call: Call, world: World) -> None:
        self.call = call
        self.world = world
        self.params: Json = call.params
        if not call.params and call.http is not None and call.service != "s3":
            self.params = _members(call.http)

    @property
    def operation(self) -> str:
        return self.call.operation

    @property
    def service(self) -> Service | None:
        """The native service that takes the call; None where something behind does."""
        return self.world.services.get(self.call.service)

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
