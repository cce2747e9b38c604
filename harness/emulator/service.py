"""The base of a native service: a class whose methods are AWS operations.

    class Kinesis(Service):
        name = "kinesis"

        @operation
        def put_record(self, call: Call, *, data: bytes, partition_key: str) -> Json: ...

The signature declares what is emulated: keyword parameters are the operation's input members in botocore's snake case
(`StreamARN` → `stream_arn`). A member that the model knows and the signature does not is refused by name when a caller
sends it (law 1); a model operation without a method is refused whole. The coverage page is read off these signatures.

A handler returns the output members by their AWS names (blobs as bytes, timestamps as epoch seconds) or None, and
raises `AwsError`. It may be a plain or an async method.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from botocore import xform_name

from harness.emulator.call import Call, Caller
from harness.emulator.errors import NotEmulated
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

F = TypeVar("F", bound=Callable[..., Any])


def operation(method: F) -> F:
    """Mark a method as the AWS operation of the same name in snake case."""
    method.__aws_operation__ = True  # type: ignore[attr-defined]
    return method


def operation_with(*members: str) -> Callable[[F], F]:
    """`operation` for a method that takes further members, in snake case, by `**`: those of a table of kinds."""

    def mark(method: F) -> F:
        method.__aws_members__ = frozenset(members)  # type: ignore[attr-defined]
        return operation(method)

    return mark


@dataclass(slots=True, frozen=True)
class Handler:
    """A compiled operation: the method's name, which snake-case members it takes, whether it must be awaited."""

    method: str
    members: frozenset[str]
    is_async: bool


class Service:
    """One emulated AWS service. All that must survive a restart or a snapshot lives in `world.store`."""

    name: ClassVar[str]
    """botocore's service name: `kinesis`, `firehose`, `lambda`, `apigateway`, `apigatewayv2`."""

    kept: ClassVar[frozenset[str]] = frozenset()
    """Settings that are kept without effect, by AWS member names (`TracingConfig.Mode`): what `keep` may note."""

    handlers: ClassVar[dict[str, Handler]] = {}
    """Method name in snake case → handler."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        handlers: dict[str, Handler] = {}
        for name in dir(cls):
            method = getattr(cls, name)
            if not getattr(method, "__aws_operation__", False):
                continue
            parameters = inspect.signature(method).parameters.values()
            members = frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
            members |= getattr(method, "__aws_members__", frozenset())
            handlers[name] = Handler(name, members, inspect.iscoroutinefunction(method))
        cls.handlers = handlers

    def __init__(self, world: World) -> None:
        self.world = world

    async def start(self) -> None:
        """Begin work on what the store holds: called at start, after a restore and after a reset."""

    async def stop(self) -> None:
        """End real work (processes, sockets). Timers are forgotten by the world."""

    async def dispatch(self, call: Call) -> Json:
        """Run one call. Raises AwsError; NotEmulated for what the signature does not declare."""
        handler = self.handlers.get(snake(call.operation))
        if handler is None:
            raise NotEmulated(self.name, f"operation {call.operation}")
        arguments: Json = {}
        for member, value in call.params.items():
            key = snake(member)
            if key not in handler.members:
                raise NotEmulated(self.name, f"{call.operation} with {member}")
            arguments[key] = value
        result = getattr(self, handler.method)(call, **arguments)
        if handler.is_async:
            result = await result
        return result or {}

    def resource_policy(self, resource: str) -> str | None:
        """The policy of one of this service's resources, by ARN, for permission checks; None if it has none."""
        return None

    def failed(self, call: Call, codes: list[str]) -> None:
        """Entries of a call (or the call) that a fault kept from this service, by error code: for its metrics."""

    def refuse(self, what: str) -> NotEmulated:
        """The error for a nested member or value that is not emulated: `raise self.refuse("Foo.Bar")`."""
        return NotEmulated(self.name, what)

    def keep(self, call: Call, resource: str, settings: Mapping[str, bool]) -> None:
        """Note which settings of a resource (its ARN) are kept without effect, see `KeptSettings.note`. The last thing
        before the resource is stored. Raises NotEmulated where nothing is kept (`--strict`)."""
        undeclared = settings.keys() - self.kept
        assert not undeclared, f"{self.name} keeps {undeclared} and does not declare it"
        self.world.kept.note(call, resource, settings)

    async def call(self, service: str, operation: str, params: Json, caller: Caller) -> Json:
        """Call another service over the bus; returns its output members, raises AwsError."""
        return await self.world.bus.call(service, operation, params, caller)


_SNAKE: dict[str, str] = {}


def snake(name: str) -> str:
    """botocore's snake case of an AWS name, remembered."""
    try:
        return _SNAKE[name]
    except KeyError:
        value: str = xform_name(name)
        if value in ("lambda", "from", "import", "global"):
            value += "_"
        _SNAKE[name] = value
        return value
