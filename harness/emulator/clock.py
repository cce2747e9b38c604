"""The emulator's own time.

Everything in the emulator that waits, waits here. Three modes: `real` (system time), `scaled` (system time, `rate`
times as fast) and `manual` (time stands still until `advance` or `settle`). Timers are either *data* timers (a buffer's
interval, a retry, a batch window: something is in flight until they fire) or housekeeping (status changes, retention,
alarms). `settle` runs data timers only, until nothing is in flight.

Work that is not waiting is counted: an API call being answered, a task started with `spawn`, a Lambda process that
runs. A task parked in `sleep` or `wait` does not count. `quiesce` waits for that count to stay at zero.

Fails: `settle` gives up when its bound of virtual time is reached and names the timers that are left. In manual mode
a task that waits for something other than this clock or real work would never end: there is no such wait in services.
"""

from __future__ import annotations

import asyncio
import bisect
import heapq
import itertools
import logging
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)

TICK = 1e-6
"""Seconds by which a difference of two times may be wrong: they are floats since the epoch, a quarter of a microsecond
apart. Who counts by time passed (a token bucket) must not miss a whole second for that."""

# How many idle turns of the event loop prove that nothing is about to start: a future's result needs one turn to
# reach its callback and one more to resume the waiting task.
_IDLE_TURNS = 4
# Timers fired by `settle` without time moving on, after which it gives up: a retry without a delay never ends.
_MAX_AT_ONE_TIME = 100_000
# Cancelled timers are swept out of the heap when they are this many and the majority.
_SWEEP = 256
# Moves of manual time whose real moments are remembered.
_MAX_MOVES = 1000


@dataclass(slots=True)
class Settled:
    """What `settle` did: whether nothing is in flight, the virtual seconds that passed, and what is stuck."""

    settled: bool
    elapsed: float
    stuck: list[str]


class Timer:
    """A callback at a virtual time. `cancel` is idempotent and allowed after firing."""

    __slots__ = ("callback", "cancelled", "clock", "data", "name", "when")

    def __init__(self, clock: Clock, when: float, callback: Callable[[], object], name: str, data: bool) -> None:
        self.clock = clock
        self.when = when
        self.callback = callback
        self.name = name
        self.data = data
        self.cancelled = False

    def cancel(self) -> None:
        if not self.cancelled:
            self.cancelled = True
            self.callback = _nothing  # it may stay in the heap until its time: what it would have called need not
            self.clock._forget(self)


def _nothing() -> None:
    pass


class _Working:
    """The block of `Clock.working`: one object serves all, as it holds nothing of its own."""

    __slots__ = ("_clock",)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __enter__(self) -> None:
        self._clock._working += 1

    def __exit__(self, *_: object) -> None:
        self._clock._leave()


class Clock:
    """Time, timers and the count of work in flight. Create it inside a running event loop or before one."""

    def __init__(self, mode: str = "real", rate: float = 1.0, start: float | None = None) -> None:
        self.mode = mode
        self.rate = rate
        self._base_real = time.time()
        self._base_virtual = self._base_real if start is None else start
        self._moves = [(self._base_real, self._base_virtual)]  # (real, virtual) after each move of manual time
        self._heap: list[tuple[float, int, Timer]] = []
        self._data_heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._data_pending = 0
        self._dead = 0  # cancelled timers still in the heap
        self._owned = False  # `advance` or `settle` fires the timers at the moment
        self._working = 0
        self._work = _Working(self)
        self._sleepers: set[asyncio.Future[None]] = set()
        self._wakeup: asyncio.TimerHandle | None = None
        self._idle_waiters: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    @classmethod
    def parse(cls, text: str, start: float | None = None) -> Clock:
        """A clock from `real`, `manual` or `x60`. Raises ValueError for anything else."""
        if text in ("real", "manual"):
            return cls(text, 1.0, start)
        if text.startswith("x"):
            try:
                rate = float(text[1:])
            except ValueError:
                rate = 0.0
            if rate > 0 and math.isfinite(rate):
                return cls("scaled", rate, start)
        raise ValueError(f"clock must be real, manual or x<rate> (as in x60), not {text!r}")

    # -- time -------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Virtual epoch seconds."""
        if self.mode == "manual":
            return self._base_virtual
        return self._base_virtual + (time.time() - self._base_real) * self.rate

    def set_now(self, now: float) -> None:
        """Jump to `now` without firing anything in between: for restoring a snapshot."""
        self._base_real = time.time()
        self._base_virtual = now
        self._note_move()
        self._arm()

    def shown_at(self, real: float) -> float:
        """The virtual time that this clock showed when the machine's showed `real` (epoch seconds), for dates that
        clients write by their own clock. Before this clock began and in the future both go equally fast."""
        ahead = real - time.time()
        if ahead >= 0:
            return self.now() + ahead
        if real < self._moves[0][0]:
            return self._moves[0][1] + real - self._moves[0][0]
        if self.mode != "manual":
            return self._base_virtual + (real - self._base_real) * self.rate
        return self._moves[bisect.bisect_right(self._moves, real, key=lambda move: move[0]) - 1][1]

    def _note_move(self) -> None:
        self._moves.append((time.time(), self._base_virtual))
        if len(self._moves) > _MAX_MOVES:
            del self._moves[0]

    def call_at(self, when: float, callback: Callable[[], object], *, name: str, data: bool) -> Timer:
        """Call `callback()` at virtual time `when`; an awaitable result is run as counted work.

        `name` appears in `settle`'s list of what is stuck. `data`: something is in flight until it fires.
        """
        timer = Timer(self, when, callback, name, data)
        entry = (when, next(self._order), timer)
        heapq.heappush(self._heap, entry)
        if data:
            heapq.heappush(self._data_heap, entry)
            self._data_pending += 1
            if len(self._data_heap) > 2 * self._data_pending + _SWEEP:  # what fired or was cancelled is still in it
                self._data_heap = [entry for entry in self._data_heap if not entry[2].cancelled]
                heapq.heapify(self._data_heap)
        if self._heap[0][2] is timer:
            self._arm()
        return timer

    def call_later(self, delay: float, callback: Callable[[], object], *, name: str, data: bool) -> Timer:
        """`call_at` counted from now."""
        return self.call_at(self.now() + delay, callback, name=name, data=data)

    async def sleep(self, seconds: float, *, name: str, data: bool = True) -> None:
        """Wait `seconds` of virtual time; the waiting task does not count as work.

        Raises CancelledError when the clock is stopped meanwhile.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        timer = self.call_later(seconds, wake, name=name, data=data)
        self._sleepers.add(future)
        try:
            await self.wait(future)
        finally:
            self._sleepers.discard(future)
            timer.cancel()

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Await something that other work will bring about, without counting as work meanwhile.

        Only inside counted work: a spawned task, an API call, a `working` block.
        """
        self._leave()
        try:
            return await awaitable
        finally:
            self._working += 1

    # -- work in flight ---------------------------------------------------------------------------------------

    def working(self) -> _Working:
        """Count the block as work in flight (an API call, a socket, a process): `with clock.working(): ...`."""
        return self._work

    def spawn(self, work: Coroutine[Any, Any, object], *, name: str) -> asyncio.Task[Any]:
        """Run `work` as a counted task. An exception that nobody awaits is logged, never lost."""
        self._working += 1
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._leave()
        if not task.cancelled() and task.exception() is not None:
            log.error("task %s failed", task.get_name(), exc_info=task.exception())

    def _leave(self) -> None:
        self._working -= 1
        if self._working == 0:
            waiters, self._idle_waiters = self._idle_waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def quiesce(self) -> None:
        """Wait until no work is in flight. Timers do not fire by themselves in manual mode meanwhile."""
        loop = asyncio.get_running_loop()
        idle_turns = 0
        while idle_turns < _IDLE_TURNS:
            if self._working > 0:
                idle_turns = 0
                waiter: asyncio.Future[None] = loop.create_future()
                self._idle_waiters.append(waiter)
                await waiter
            else:
                idle_turns += 1
                await asyncio.sleep(0)

    # -- owned time -------------------------------------------------------------------------------------------

    async def advance(self, seconds: float) -> None:
        """Move time on by `seconds`, firing every timer due on the way in order, each with all it sets off.

        In real and scaled mode this waits until that much virtual time has passed. Raises ValueError if negative.
        """
        if seconds < 0:
            raise ValueError("time can't go back: seconds must not be negative")
        target = self.now() + seconds
        if self.mode != "manual":
            await asyncio.sleep(seconds / self.rate)
            while (due := self._next()) is not None and due <= target:  # noqa: ASYNC110 (the loop's timers fire them)
                await asyncio.sleep(0.001)
            await self.quiesce()
            return
        with self._owning():
            await self.quiesce()
            while (timer := self._pop(target)) is not None:
                self._base_virtual = max(self._base_virtual, timer.when)
                self._fire(timer)
                await self.quiesce()
            self._base_virtual = max(self._base_virtual, target)

    async def settle(self, max_seconds: float = 7 * 86400.0) -> Settled:
        """Let virtual time pass until no data timer is pending and no work is in flight.

        Housekeeping timers due on the way fire too. Gives up after `max_seconds` of virtual time (in real and scaled
        mode that is time really spent waiting, divided by the rate).
        """
        start = self.now()
        limit = start + max_seconds
        at_one_time, before = 0, start
        with self._owning():
            await self.quiesce()
            while self._data_pending > 0:
                due = self._next_data()
                now = self.now()
                at_one_time, before = (at_one_time + 1, now) if now == before else (0, now)
                if due > limit or at_one_time > _MAX_AT_ONE_TIME:
                    return Settled(False, now - start, self.stuck())
                if self.mode != "manual":
                    await asyncio.sleep(max(0.0, (due - now) / self.rate) + 0.001)
                elif (timer := self._pop(due)) is not None:
                    self._base_virtual = max(self._base_virtual, timer.when)
                    self._fire(timer)
                await self.quiesce()
        return Settled(True, self.now() - start, [])

    def stuck(self) -> list[str]:
        """The names of the data timers that are pending, soonest first."""
        pending = sorted((when, order, t) for when, order, t in self._heap if t.data and not t.cancelled)
        return [timer.name for _, _, timer in pending]

    def stop(self) -> list[asyncio.Task[Any]]:
        """Forget all timers, cancel all tasks and sleeps: before a restore or at shutdown. Returns the tasks, which
        end in the next turns of the event loop."""
        for _, _, timer in self._heap:
            timer.cancelled = True
        self._heap.clear()
        self._data_heap.clear()
        self._data_pending = self._dead = 0
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None
        # Whoever sleeps in an API call, not in a task of ours, would never wake without its timer.
        for future in self._sleepers:
            future.cancel()
        tasks = [task for task in self._tasks if not task.done()]
        for task in tasks:
            task.cancel()
        return tasks

    # -- machinery --------------------------------------------------------------------------------------------

    @contextmanager
    def _owning(self) -> Iterator[None]:
        """Inside, manual time's due timers are fired by the caller, one by one, each with all it sets off."""
        self._owned = self.mode == "manual"
        try:
            yield
        finally:
            if self._owned:
                self._note_move()
            self._owned = False
            self._arm()

    def _next_data(self) -> float:
        while self._data_heap[0][2].cancelled:
            heapq.heappop(self._data_heap)
        return self._data_heap[0][0]

    def _next(self) -> float | None:
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
            self._dead -= 1
        return self._heap[0][0] if self._heap else None

    def _forget(self, timer: Timer) -> None:
        if timer.data:
            self._data_pending -= 1
        self._dead += 1
        if self._dead > _SWEEP and self._dead * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if not entry[2].cancelled]
            heapq.heapify(self._heap)
            self._dead = 0

    def _pop(self, until: float) -> Timer | None:
        due = self._next()
        if due is None or due > until:
            return None
        return heapq.heappop(self._heap)[2]

    def _fire(self, timer: Timer) -> None:
        timer.cancelled = True
        if timer.data:
            self._data_pending -= 1
        try:
            result = timer.callback()
        except Exception:
            log.exception("timer %s failed", timer.name)
            return
        if asyncio.iscoroutine(result):
            self.spawn(result, name=timer.name)

    def _arm(self) -> None:
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None
        due = self._next()
        if due is None or self._owned:
            return
        delay = (due - self.now()) / self.rate
        # Manual time stands still, but what is due now is due now.
        if self.mode != "manual" or delay <= 0:
            self._wakeup = asyncio.get_running_loop().call_later(max(0.0, delay), self._run_due)

    def _run_due(self) -> None:
        self._wakeup = None
        if self._owned:
            return
        while (timer := self._pop(self.now())) is not None:
            self._fire(timer)
        self._arm()
