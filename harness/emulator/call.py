"""One AWS API call on its way through the emulator, and the HTTP messages at its ends."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from harness.json_object import Json

T_co = TypeVar("T_co", covariant=True)

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"


class HttpRequest:
    """A request as it came off the wire. Header names are lower case; `target` is the raw request target."""

    __slots__ = ("body", "headers", "method", "path", "query", "target")

    def __init__(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"") -> None:
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.body = body

    def header(self, name: str, default: str = "") -> str:
        """The first value of the header `name` (lower case)."""
        for key, value in self.headers:
            if key == name:
                return value
        return default


class HttpResponse:
    """An answer to put on the wire. `headers` does not contain Content-Length: the listener adds it."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[str, str]] | None = None, body: bytes = b"") -> None:
        self.status = status
        self.headers = headers if headers is not None else []
        self.body = body


class Pieces(Protocol[T_co]):
    """What comes piece by piece, some of it later: an async generator is one. Whoever takes it calls `aclose` in the
    end, also where no piece was taken; nothing is left open then."""

    def __anext__(self) -> Awaitable[T_co]:
        """The next piece. Raises StopAsyncIteration behind the last."""

    def aclose(self) -> Awaitable[None]:
        """No more pieces are wanted."""


class StreamedResponse(HttpResponse):
    """An answer whose body comes in pieces while it is sent. The listener frames it, and closes `chunks`."""

    __slots__ = ("chunks",)

    def __init__(self, status: int, headers: list[tuple[str, str]] | None, chunks: Pieces[bytes]) -> None:
        super().__init__(status, headers)
        self.chunks = chunks


class Unanswered(HttpResponse):
    """No answer at all. `reset`: the connection is cut off; else it stays silent until the client gives up."""

    __slots__ = ("reset",)

    def __init__(self, *, reset: bool) -> None:
        super().__init__(0)
        self.reset = reset


@dataclass(slots=True, frozen=True)
class Caller:
    """Who calls: account, region, and the principal.

    `service` is the service principal of a call between services (`firehose.amazonaws.com`), None from outside.
    `role` is the ARN of the role that such a call assumes, if any.
    """

    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    access_key: str = ""
    service: str | None = None
    role: str | None = None
    source_arn: str | None = None

    def on_behalf(self, service: str, role: str | None = None, source_arn: str | None = None) -> Caller:
        """The same account and region, but a service principal that calls (for a role, from a resource)."""
        return replace(self, service=service, role=role, source_arn=source_arn, access_key="")


@dataclass(slots=True)
class Call:
    """One operation call. `params` are decoded input members by their AWS names; blobs are bytes."""

    service: str
    operation: str
    params: Json
    caller: Caller
    request_id: str
    http: HttpRequest | None = field(default=None)
    kept: list[str] | None = field(default=None)
    """Names of settings in it that are kept without effect (`kept.py`)."""

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def region(self) -> str:
        return self.caller.region
