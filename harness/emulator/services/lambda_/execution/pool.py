"""The processes of one function version: warm ones are used first, new ones start while callers wait."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from harness.emulator.errors import AwsError
from harness.emulator.services.lambda_.execution.outcome import Invocation, Outcome
from harness.emulator.services.lambda_.execution.worker import InitFailed, Worker
from harness.emulator.services.lambda_.model import FunctionVersion

if TYPE_CHECKING:
    from harness.emulator.services.lambda_.execution.fleet import Fleet

INIT_SECONDS = 10.0
"""The init phase's limit; a longer one is tried once more, within the function's timeout (C5)."""

Run = Callable[[Worker, Invocation], Awaitable[None]]
log = logging.getLogger(__name__)


class Pool:
    """Runs invocations of `version`. `retire` ends its processes as they become free.

    `packages` are its code and its layers by SHA-256, unless they are folders: kept here because the store forgets them
    when the function is changed or deleted, while callers may still wait for a process.
    """

    def __init__(self, fleet: Fleet, version: FunctionVersion, fingerprint: int, packages: dict[str, bytes]) -> None:
        self.version = version
        self.packages = packages
        self.fingerprint = fingerprint
        self.idle: list[Worker] = []
        self.waiting: deque[asyncio.Future[Worker | InitFailed]] = deque()
        self._fleet = fleet
        self._starting = 0
        self._retired = False

    async def invoke(self, invocation: Invocation, run: Run | None = None) -> Outcome:
        """Run one event on a free process, a new one, or the next that becomes free. `run` takes the place of the
        worker's own `run` (a fault)."""
        worker = self.idle.pop() if self.idle else await self._wait_for_worker()
        if isinstance(worker, InitFailed):
            return worker.outcome_for(invocation)
        if run is None:
            worker.run(invocation)
        else:
            await run(worker, invocation)
        outcome = await invocation.done
        self._give(worker)
        return outcome

    async def _wait_for_worker(self) -> Worker | InitFailed:
        ticket: asyncio.Future[Worker | InitFailed] = asyncio.get_running_loop().create_future()
        self.waiting.append(ticket)
        self.grow()
        try:
            return await self._fleet.world.clock.wait(ticket)
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled() and isinstance(worker := ticket.result(), Worker):
                self._give(worker)
            raise

    def grow(self) -> None:
        """Start processes for callers that wait, as far as the machine allows."""
        while self._starting < len(self.waiting) and self._fleet.may_start():
            self._starting += 1
            self._fleet.initialising += 1
            self._fleet.world.clock.spawn(self._start_one(), name=f"lambda {self.version.name}: start")

    async def _start_one(self) -> None:
        try:
            try:
                worker = await self._fleet.launch(self, INIT_SECONDS)
            except InitFailed as error:
                if error.outcome is not None or error.code is not None:
                    raise
                worker = await self._fleet.launch(self, float(self.version.timeout))
        except InitFailed as error:
            ticket = self._next_ticket()
            if ticket is not None:
                ticket.set_result(error)
        except Exception:
            # Whoever waits has to hear of it: left waiting, they would start the next process, and so on for ever.
            log.exception("no process of %s could be started", self.version.name)
            ticket = self._next_ticket()
            if ticket is not None:
                ticket.set_exception(AwsError("ServiceException", "The function's process could not be started.", 500))
        else:
            self._give(worker)
        finally:
            self._starting -= 1
            self._fleet.initialising -= 1
            self._fleet.grow()

    def _next_ticket(self) -> asyncio.Future[Worker | InitFailed] | None:
        while self.waiting:
            ticket = self.waiting.popleft()
            if not ticket.done():
                return ticket
        return None

    def _give(self, worker: Worker) -> None:
        """A process is free: to the next caller, or to the idle ones."""
        if worker.ended or worker.closing:
            return
        ticket = self._next_ticket()
        if ticket is not None:
            ticket.set_result(worker)
        elif self._retired:
            worker.end()
        else:
            worker.idle_since = self._fleet.world.clock.now()
            self.idle.append(worker)
            self._fleet.became_idle()

    def gone(self, worker: Worker) -> None:
        """A process has ended."""
        if worker in self.idle:
            self.idle.remove(worker)

    def give_up(self, error: AwsError) -> None:
        """The emulator stops: whoever waits gets `error`, and processes that still start end at once."""
        self._retired = True
        while (ticket := self._next_ticket()) is not None:
            ticket.set_exception(error)

    def retire(self) -> None:
        """The version was replaced or deleted: no new callers come."""
        self._retired = True
        self.end_idle()

    def end_idle(self) -> None:
        """End the warm processes: the next event starts cold."""
        idle, self.idle = self.idle, []
        for worker in idle:
            worker.end()
