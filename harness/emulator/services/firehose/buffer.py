"""A buffer with hints: flushed by size or by interval, whichever comes first (A3).

The interval runs from the first record in the empty buffer; an idle buffer writes nothing. What it holds is in the
store; the timer is not, `resume` sets it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from harness.emulator.clock import Clock, Timer
from harness.emulator.services.firehose.model import Buffer
from harness.emulator.services.firehose.record import Record, data_bytes, data_of
from harness.emulator.services.firehose.stage import Stage
from harness.emulator.store import Table
from harness.json_object import Json

MB = 1024 * 1024

ZERO_BUFFERING_SECONDS = 1.0
"""An interval of 0 means "within about 5 seconds" on AWS; here it is this long."""


@dataclass(slots=True, frozen=True)
class Limits:
    """When to flush: bytes, seconds, number of records. A batch exceeds `ceiling` bytes only with a single record."""

    size: int
    interval: float
    records: int
    ceiling: float = inf


NO_RECORD_LIMIT = 1 << 31


def hinted(hints: Json, records: int = NO_RECORD_LIMIT) -> Limits:
    """What BufferingHints say, with a limit of the batch's records."""
    return Limits(hints["SizeInMBs"] * MB, hints["IntervalInSeconds"], records)


BufferKey = tuple[str, str, str, Stage]
Seal = Callable[[list[Record], int], None]


class StageBuffer:
    """One buffer of one delivery stream. `limits` is asked each time: an update applies to what is already in it.

    `seal` takes over the records that leave, in the same step: nothing is ever outside the store.
    """

    def __init__(
        self,
        clock: Clock,
        table: Table[BufferKey, Buffer],
        key: BufferKey,
        limits: Callable[[], Limits],
        seal: Seal,
    ) -> None:
        self._clock = clock
        self._table = table
        self._key = key
        self._limits = limits
        self._seal = seal
        self._timer: Timer | None = None

    def add(self, records: list[Record], size: int) -> None:
        """Take `records` of `size` bytes together, and flush what the size hint says."""
        if not records:
            return
        buffer = self._table.get(self._key)
        if buffer is None:
            buffer = Buffer()
        if not len(buffer.records):
            buffer.since = self._clock.now()
        buffer.records.extend(records)
        buffer.size += size
        self._table.put(self._key, buffer)
        limits = self._limits()
        if buffer.size >= limits.size or len(buffer.records) >= limits.records:
            self._seal_full(buffer, limits)
        self._arm(buffer, limits)

    def resume(self) -> None:
        """Set the timer from the store, and apply the hints as they are now: after a restart or an update."""
        buffer = self._table.get(self._key)
        if buffer is None:
            return
        self._cancel()
        limits = self._limits()
        self._seal_full(buffer, limits)
        self._arm(buffer, limits)

    def flush(self) -> None:
        """Seal everything, whatever the hints."""
        self._cancel()
        buffer = self._table.get(self._key)
        if buffer is not None and len(buffer.records):
            limits = self._limits()
            while len(buffer.records):
                self._seal_first(buffer, min(len(buffer.records), limits.records))

    def discard(self) -> None:
        """Forget what is in it: the delivery stream was deleted."""
        self._cancel()
        self._table.delete(self._key)

    def _seal_full(self, buffer: Buffer, limits: Limits) -> None:
        while buffer.size >= limits.size or len(buffer.records) >= limits.records:
            if not len(buffer.records):
                break
            count = 0
            size = 0
            for length in map(len, map(data_of, buffer.records.read(buffer.records.first, limits.records))):
                if count and size + length > limits.ceiling:
                    break
                count += 1
                size += length
                if size >= limits.size:
                    break
            self._seal_first(buffer, count)
            buffer.since = self._clock.now()
            self._cancel()

    def _seal_first(self, buffer: Buffer, count: int) -> None:
        first = buffer.records.first
        records = buffer.records.read(first, count)
        size = buffer.size if count == len(buffer.records) else data_bytes(records)
        buffer.records.trim(first + count)
        buffer.size -= size
        if len(buffer.records):
            self._table.put(self._key, buffer)
        else:
            self._table.delete(self._key)
        self._seal(records, size)

    def _arm(self, buffer: Buffer, limits: Limits) -> None:
        if not len(buffer.records):
            self._cancel()
        elif self._timer is None:
            due = buffer.since + (limits.interval or ZERO_BUFFERING_SECONDS)
            _account, _region, stream, stage = self._key
            name = f"firehose {stream}: {stage} buffer"
            self._timer = self._clock.call_at(due, self._expired, name=name, data=True)

    def _expired(self) -> None:
        self._timer = None
        self.flush()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
