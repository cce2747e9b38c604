"""What a fault may do to one event on its way into a process (`faults/lambda_site.py` is its side of it)."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import orjson

from harness.emulator.services.lambda_.execution.outcome import Invocation, Outcome, exited, timed_out
from harness.emulator.services.lambda_.execution.worker import Worker

if TYPE_CHECKING:
    from harness.emulator.clock import Clock
    from harness.emulator.services.lambda_.execution.pool import Pool


class Sandbox:
    """One invocation and the pool that would run it. The event never reaches the process that a method spoils."""

    def __init__(self, pool: Pool, invocation: Invocation, clock: Clock) -> None:
        self._pool = pool
        self._invocation = invocation
        self._clock = clock

    async def fail(self, error_type: str, message: str) -> Outcome:
        """The handler raises; the error object is what a Python runtime sends (C2)."""
        body = {
            "errorMessage": message,
            "errorType": error_type,
            "requestId": self._invocation.request_id,
            "stackTrace": [],
        }

        async def run(worker: Worker, invocation: Invocation) -> None:
            worker.hold(invocation)
            worker.fail(
                Outcome(orjson.dumps(body), "Unhandled", "error", error_type), f"[ERROR] {error_type}: {message}\n"
            )

        return await self._pool.invoke(self._invocation, run)

    async def exit(self, status: int) -> Outcome:
        return await self._die(exited(self._invocation.request_id, status))

    async def out_of_memory(self) -> Outcome:
        return await self._die(exited(self._invocation.request_id, -signal.SIGKILL))

    async def time_out(self) -> Outcome:
        return await self._die(timed_out(self._invocation), float(self._invocation.timeout))

    async def cold_start(self, seconds: float) -> None:
        self._pool.end_idle()
        if seconds:
            await self._clock.sleep(seconds, name=f"lambda {self._pool.version.name}: a slow cold start")

    async def _die(self, outcome: Outcome, after: float = 0.0) -> Outcome:
        async def run(worker: Worker, invocation: Invocation) -> None:
            worker.hold(invocation)
            if after:
                await self._clock.sleep(after, name=f"lambda {self._pool.version.name}: its timeout")
            worker.die(outcome, after)

        return await self._pool.invoke(self._invocation, run)
