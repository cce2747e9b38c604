"""The bus: every API call, from outside or between services, crosses here and only here.

So a fault, a trace or a permission check is written once, as an interceptor, and any service can be native here or
upstream elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from harness.emulator.call import Call, Caller, HttpRequest, HttpResponse
from harness.emulator.errors import NotEmulated
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

Interceptor = Callable[[Call, Callable[[Call], Awaitable[Json]]], Awaitable[Json]]


class Upstream(Protocol):
    """Where calls go that no native service takes: moto in-process, or an AWS-compatible endpoint."""

    def serves(self, service: str) -> bool:
        """Whether this upstream knows the service (botocore name)."""

    async def call(self, call: Call) -> Json:
        """A call from inside: parameters in, output members out. Raises AwsError."""

    async def forward(self, call: Call, request: HttpRequest) -> HttpResponse:
        """A call from outside, passed on as it came: the answer's bytes go back unread."""

    def dump(self) -> bytes:
        """All state, for a snapshot."""

    def load(self, state: bytes | None) -> None:
        """Replace all state; None empties it."""

    async def start(self) -> None:
        """Begin what goes on beside the calls, if anything does."""

    async def stop(self) -> None:
        """End it."""


class Bus:
    """Routes calls. `interceptors` wrap every call, the first outermost."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.interceptors: list[Interceptor] = []

    def is_native(self, service: str) -> bool:
        return service in self.world.services

    async def call(self, service: str, operation: str, params: Json, caller: Caller) -> Json:
        """A call from inside. Returns the output members; raises AwsError."""
        return await self.run(Call(service, operation, params, caller, self.world.new_id()))

    async def run(self, call: Call) -> Json:
        """Run a decoded call through the interceptors and the service that takes it."""
        if not self.interceptors:
            return await self._deliver(call)
        step: Callable[[Call], Awaitable[Json]] = self._deliver
        for interceptor in reversed(self.interceptors):
            step = _wrap(interceptor, step)
        return await step(call)

    async def ask(self, service: str, operation: str, params: Json, caller: Caller) -> Json:
        """A question of the emulator's own, for which AWS makes no call: no fault, trace or permission check sees it.
        Returns the output members; raises AwsError."""
        return await self._deliver(Call(service, operation, params, caller, self.world.new_id()))

    async def forward(self, call: Call, request: HttpRequest) -> HttpResponse:
        """Pass an outside call for an upstream service on as it came (`call.params` is empty then)."""
        answer: list[HttpResponse] = []

        async def deliver(passed: Call) -> Json:
            upstream = self.world.upstream
            if upstream is None or not upstream.serves(passed.service):
                raise NotEmulated(passed.service, f"operation {passed.operation}")
            answer.append(await upstream.forward(passed, request))
            return {}

        step: Callable[[Call], Awaitable[Json]] = deliver
        for interceptor in reversed(self.interceptors):
            step = _wrap(interceptor, step)
        await step(call)
        return answer[0]

    async def wire(self, service: str, request: HttpRequest, caller: Caller) -> HttpResponse:
        """An HTTP request from inside (an AWS integration), answered as the service would over the wire."""
        return await self.world.wire(service, request, caller)

    async def _deliver(self, call: Call) -> Json:
        native = self.world.services.get(call.service)
        if native is not None:
            return await native.dispatch(call)
        upstream = self.world.upstream
        if upstream is not None and upstream.serves(call.service):
            return await upstream.call(call)
        raise NotEmulated(call.service, f"operation {call.operation}")


def _wrap(interceptor: Interceptor, step: Callable[[Call], Awaitable[Json]]) -> Callable[[Call], Awaitable[Json]]:
    return lambda call: interceptor(call, step)
