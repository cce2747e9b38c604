"""Carrying sealed batches to their end: bounded side by side, retried on the clock, resumed after a restart.

A batch stays in the store until its attempt says that it was taken. An attempt returns None when the batch needs no
further attempt, else the seconds to pause.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from harness.emulator.clock import Clock
from harness.emulator.services.firehose.model import Batch, Key, rows_of
from harness.emulator.services.firehose.record import Record
from harness.emulator.services.firehose.stage import Stage
from harness.emulator.store import Table

Attempt = Callable[[Batch], Awaitable[float | None]]

BACKLOG_LIMIT = 32 * 1024 * 1024
"""Bytes of batches from which on a source stops reading, and a put waits while work is really running."""


class Slots:
    """At most `free` attempts side by side, first come first served."""

    def __init__(self, clock: Clock, free: int) -> None:
        self._clock = clock
        self._free = free
        self._queue: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        if self._free > 0:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        await self._clock.wait(turn)

    def give(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class BatchRunner:
    """All sealed batches of one delivery stream. `close` ends everything: what has not been taken is discarded."""

    def __init__(self, clock: Clock, table: Table[tuple[str, str, str, int], Batch], key: Key) -> None:
        self._closed = False
        self._clock = clock
        self._table = table
        self._key = key
        self._next = 1 + max((number for number, _ in rows_of(table, key)), default=0)
        self._backlog = 0
        self._running = 0
        self._waiting_for_room: list[asyncio.Future[None]] = []
        self._pausing: set[asyncio.Task[object]] = set()

    def is_closed(self) -> bool:
        """Whether the delivery stream was deleted: an attempt that runs then ends without effect."""
        return self._closed

    def seal(self, stage: Stage, records: list[Record], size: int, request_id: str) -> Batch:
        """Store a new batch. It must be started by `start`."""
        batch = Batch(self._next, stage, records, size, request_id)
        self._next += 1
        self._table.put((*self._key, batch.number), batch)
        return batch

    def stored(self) -> list[Batch]:
        """The batches in the store, oldest first: to be started again after a restart."""
        return sorted((batch for _, batch in rows_of(self._table, self._key)), key=lambda batch: batch.number)

    def start(self, batch: Batch, attempt: Attempt, slots: Slots) -> None:
        self._backlog += batch.size
        self._count(batch.size)
        self._clock.spawn(self._carry(batch, attempt, slots), name=f"firehose {self._key.name}: {batch.stage}")

    def taken(self, batch: Batch) -> None:
        """The destination has it, or it has another fate: forget it."""
        self._table.delete((*self._key, batch.number))
        self._backlog -= batch.size
        self._make_room()

    def close(self) -> None:
        """Discard every batch and end every pause; attempts that run end without effect."""
        self._closed = True
        for batch in self.stored():
            self._table.delete((*self._key, batch.number))
        for task in self._pausing:
            task.cancel()
        self._backlog = 0
        self._running = 0
        self._make_room()

    async def source_room(self) -> None:
        """Wait until the backlog is small enough to read on, however long its retries take."""
        await self._room(lambda: self._backlog)

    async def put_room(self) -> None:
        """Wait while too much is queued for work that runs. What only pauses until a retry holds no producer back."""
        await self._room(lambda: self._running)

    async def _room(self, load: Callable[[], int]) -> None:
        while load() > BACKLOG_LIMIT:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting_for_room.append(turn)
            await self._clock.wait(turn)

    def _make_room(self) -> None:
        waiting, self._waiting_for_room = self._waiting_for_room, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)

    def _count(self, size: int) -> None:
        """More, or less, is queued for work that runs."""
        if not self.is_closed():
            self._running += size
            if size < 0:
                self._make_room()

    async def _carry(self, batch: Batch, attempt: Attempt, slots: Slots) -> None:
        try:
            while not self.is_closed():
                await self._pause(batch)
                await slots.take()
                try:
                    if self.is_closed():
                        return
                    pause = await attempt(batch)
                finally:
                    slots.give()
                if pause is None or self.is_closed():
                    return
                batch.waited += pause
                batch.next_attempt = self._clock.now() + pause
                self._table.put((*self._key, batch.number), batch)
        finally:
            self._count(-batch.size)

    async def _pause(self, batch: Batch) -> None:
        seconds = batch.next_attempt - self._clock.now()
        if seconds <= 0:
            return
        task = asyncio.current_task()
        assert task is not None
        self._pausing.add(task)
        self._count(-batch.size)
        try:
            await self._clock.sleep(seconds, name=f"firehose {self._key.name}: {batch.stage} retry")
        finally:
            self._pausing.discard(task)
            self._count(batch.size)
