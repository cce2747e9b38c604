"""One World: clock, rng, store, bus and services. There is no module-level state anywhere else."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from harness.emulator.aside import Aside
from harness.emulator.bus import Bus, Upstream
from harness.emulator.call import Caller, HttpRequest, HttpResponse
from harness.emulator.callbacks import Callbacks
from harness.emulator.clock import Clock
from harness.emulator.faults import Faults
from harness.emulator.issuers import Issuers
from harness.emulator.kept import KeptSettings
from harness.emulator.metrics import Metrics
from harness.emulator.outbound import Outbound
from harness.emulator.permissions import Permissions
from harness.emulator.service import Service
from harness.emulator.snapshot import Snapshot
from harness.emulator.store import Store
from harness.emulator.topics import Topics
from harness.emulator.trace import Trace

if TYPE_CHECKING:
    from harness.emulator.signatures import Signatures

log = logging.getLogger(__name__)

# Real seconds in which a cancelled task must have ended.
_CANCEL_SECONDS = 5.0


class Remote(Protocol):
    """An AWS-compatible endpoint behind this emulator. Its state is not part of the world's."""

    url: str

    async def execute(self, request: HttpRequest) -> HttpResponse:
        """A request to an API that is deployed there. Raises AwsError."""

    async def empty(self) -> bool:
        """Forget everything there; False when the endpoint has no way to."""


Wire = Callable[[str, HttpRequest, Caller], Awaitable[HttpResponse]]


class World:
    """A whole local AWS. Ids and randomness come from `rng` (seeded), time from `clock` (laws 2 and 3).

    `transition_seconds` is how long a resource stays CREATING, UPDATING or DELETING; 0 means that the change is
    visible to the next call.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int | None = None,
        transition_seconds: float = 0.0,
        outbound: Outbound | None = None,
    ) -> None:
        self.seed = int.from_bytes(os.urandom(4), "big") if seed is None else seed
        self.rng = random.Random(self.seed)
        self.clock = clock or Clock()
        self.transition_seconds = transition_seconds
        self.outbound = outbound or Outbound()
        self.quotas = False
        """Whether services throttle what exceeds AWS's quotas. A reset switches it off."""
        self.aside = Aside(self.clock)
        self.store = Store()
        self.kept = KeptSettings(self.store)
        self.issuers = Issuers(self.store, self.outbound, self.clock.now, lambda: self.endpoint_url)
        self.topics = Topics()
        self.trace = Trace(self.clock)
        self.metrics = Metrics(self)
        self.bus = Bus(self)
        self.faults = Faults(self)
        self.permissions = Permissions(self)
        self.services: dict[str, Service] = {}
        self.upstream: Upstream | None = None
        self.remote: Remote | None = None
        """The endpoint that takes the services which are not served here; None when all are (`--upstream`)."""
        self.endpoint_url = ""
        """`http://127.0.0.1:4566`, known once the edge listens: what Lambda functions get as AWS_ENDPOINT_URL."""
        self.exchanges: dict[str, asyncio.Future[None]] = {}
        """HTTP requests that counted work waits for, by request id; the future is done when it waits no longer. An
        endpoint inside this emulator needs it to let virtual time pass before it answers."""
        self.signatures: Signatures | None = None
        """What verifies the signatures of requests from outside; None where nobody wants that."""
        self.presigned_ends: dict[str, float] = {}
        """When presigned requests that came here end, by signature (`edge/expiry.py`)."""
        self.commit: Callable[[], None] | None = None
        """Makes everything up to now survive the process, before an answer tells of it; None without a state folder.
        Raises OSError."""
        self.has_room: Callable[[int], bool] | None = None
        """Whether the state folder has room for what a request with so many bytes writes; None without one."""
        self.cannot_write: str | None = None
        """Why the state folder can't be written, a sentence: what may change something is refused. None if it can."""
        self.here: frozenset[str] | None = None
        """The services that are served here (botocore names), where a remote endpoint takes the others; None: all."""
        self.callbacks = Callbacks(lambda: self.endpoint_url, self.new_id)
        self._wire: Wire | None = None

    def add(self, service: Service) -> None:
        self.services[service.name] = service

    def connect_wire(self, wire: Wire) -> None:
        """The edge gives the bus its way to answer HTTP requests from inside."""
        self._wire = wire

    async def wire(self, service: str, request: HttpRequest, caller: Caller) -> HttpResponse:
        assert self._wire is not None, "no edge is connected"
        return await self._wire(service, request, caller)

    # -- ids --------------------------------------------------------------------------------------------------

    def new_id(self) -> str:
        """A UUID (version 4 form) from the world's rng: request ids, invocation ids, object key suffixes."""
        h = f"{self.rng.getrandbits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"

    def random_token(self, length: int, alphabet: str = "abcdefghijklmnopqrstuvwxyz0123456789") -> str:
        """`length` characters of `alphabet`: API ids, key ids."""
        return "".join(self.rng.choices(alphabet, k=length))

    # -- life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        if self.upstream is not None:
            await self.upstream.start()
        self.metrics.resume()
        self.faults.start()
        for service in self.services.values():
            await service.start()

    async def stop(self) -> None:
        """End all timers, tasks and children."""
        await self._end_tasks()
        self.topics.clear()
        for service in self.services.values():
            await service.stop()
        if self.upstream is not None:
            await self.upstream.stop()
        await self._end_tasks()

    async def _end_tasks(self) -> None:
        """Cancel the clock's tasks and wait until they are gone, so that none writes into the state that comes next."""
        tasks = [task for task in self.clock.stop() if task is not asyncio.current_task()]
        if tasks:
            _, stubborn = await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
            for task in stubborn:
                log.error("task %s does not end when cancelled", task.get_name())

    def follow(self, saved: float) -> None:
        """Take over the time of a saved state: manual clocks do, scaled ones do not fall behind it."""
        if self.clock.mode == "manual" or (self.clock.mode == "scaled" and self.clock.now() < saved):
            self.clock.set_now(saved)

    async def save(self) -> bytes:
        """A snapshot of all that is here, taken when no work is in flight."""
        await self.clock.quiesce()
        return self.dump()

    def dump(self) -> bytes:
        """A snapshot taken now, whatever is in flight."""
        self.metrics.keep()
        upstream = self.upstream.dump() if self.upstream is not None else None
        return Snapshot(self.clock.now(), self.rng.getstate(), self.store.dump(), upstream, self.here).packed()

    async def restore(self, state: bytes | None) -> None:
        """Become the saved world, at its time (`follow`); None empties it and seeds the rng again.

        Raises ValueError for bytes that are no snapshot of this stored form or hold other services than are here;
        nothing is changed then.
        """
        snapshot: Snapshot | None = None
        rows: dict[str, list[tuple[Any, Any]]] = {}
        if state is not None:
            snapshot = Snapshot.unpacked(state)
            if snapshot.here != self.here:
                raise ValueError(f"it holds {_listed(snapshot.here)}, and here are {_listed(self.here)}")
            rows = snapshot.rows()
        await self.stop()
        self.trace.clear()
        self.presigned_ends.clear()
        self.store.replace(rows)
        if self.upstream is not None:
            self.upstream.load(snapshot.upstream if snapshot else None)
        if snapshot is not None:
            self.rng.setstate(snapshot.rng)
            self.follow(snapshot.now)
        else:
            self.rng.seed(self.seed)
            self.quotas = False
        self.permissions.restored()
        await self.start()


def _listed(services: frozenset[str] | None) -> str:
    return "all services" if services is None else ", ".join(sorted(services)) or "none"
