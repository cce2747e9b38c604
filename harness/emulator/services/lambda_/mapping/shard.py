"""One shard of a mapping: read, wait for a full batch or the window, deliver, move the checkpoint."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import TYPE_CHECKING

from harness.emulator.errors import AwsError
from harness.emulator.kinesis_consumer.cursor import Backoff, ShardCursor
from harness.emulator.services.lambda_.mapping import event
from harness.emulator.services.lambda_.mapping.delivery import Delivery
from harness.emulator.services.lambda_.mapping.event_filter import EventFilter
from harness.emulator.services.lambda_.mapping.tumbling import TumblingWindows
from harness.emulator.services.lambda_.model import MappingCheckpoint
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.lambda_.mapping.reader import MappingReader

log = logging.getLogger(__name__)

_MAX_READ = 10_000
_MAX_BUFFER_BYTES = 4 * event.MAX_PAYLOAD
_LONGEST_PAUSE = 60.0


class ShardReader:
    """At most one batch is in flight, or `ParallelizationFactor` many of different partition keys."""

    def __init__(self, reader: MappingReader, shard_id: str, checkpoint: MappingCheckpoint) -> None:
        self.reader = reader
        self.mapping = reader.mapping
        self.shard_id = shard_id
        self.clock = reader.service.world.clock
        self._checkpoint = checkpoint
        self._cursor = ShardCursor(reader.client, shard_id, checkpoint, self.clock)
        self._filter = EventFilter(self.mapping.filters)
        self._overhead = event.overhead(self.mapping, shard_id)
        self._wanted = self.mapping.batch_size * self.mapping.parallelization_factor
        self._wake = asyncio.Event()
        self._ended = False
        self._buffer: list[Json] = []
        self._bytes = 0
        self._first_at = 0.0
        self._backoff = Backoff(_LONGEST_PAUSE)
        self.windows = TumblingWindows(self, checkpoint, self._save) if self.mapping.tumbling_window else None
        if self.windows is None:
            checkpoint.window = None

    @property
    def name(self) -> str:
        return f"event source mapping {self.mapping.uuid} of {self.mapping.function_arn}: {self.shard_id}"

    @property
    def stopping(self) -> bool:
        return self.reader.stopping

    def wake(self) -> None:
        """There may be more records, or the reader should stop."""
        self._wake.set()

    async def run(self) -> bool:
        """Read until the shard ends (True) or the mapping stops or can't go on (False)."""
        while not self.stopping:
            try:
                await self._fill()
                self._backoff.succeeded()
            except AwsError as error:
                if not await self._survived(error):
                    return False
                continue
            if self._buffer:
                if not await self._window_over():
                    continue
                await self._deliver()
            elif self.windows is not None and self._is_due(self.windows):
                await self.windows.finish()
            elif self._ended:
                self._checkpoint.ended = True
                self._save()
                return True
            else:
                self._move_past_filtered()
                await self._wait(self.windows.due if self.windows is not None else None, "tumbling window")
        return False

    def _is_due(self, windows: TumblingWindows) -> bool:
        """Whether the open tumbling window is over, nothing being left to deliver."""
        return windows.due is not None and (self._ended or self.clock.now() >= windows.due)

    async def _wait(self, due: float | None, why: str) -> None:
        """Until there may be more records, or it is `due`."""
        timer = None
        if due is not None:
            timer = self.clock.call_at(due, self._wake.set, name=f"{self.name}: {why}", data=True)
        try:
            await self.clock.wait(self._wake.wait())
        finally:
            if timer is not None:
                timer.cancel()

    # -- reading ----------------------------------------------------------------------------------------------

    async def _fill(self) -> None:
        """Read until there is a whole batch, or no more for now. Raises AwsError."""
        self._wake.clear()
        while len(self._buffer) < self._wanted and self._bytes < _MAX_BUFFER_BYTES and not self._ended:
            mark = self._checkpoint.iterator
            read = await self._cursor.read(min(self._wanted - len(self._buffer), _MAX_READ))
            self._ended = read.ended
            if self._checkpoint.iterator != mark:
                self._save()
            self._take(read.records)
            if not read.more:
                return

    def _take(self, records: list[Json]) -> None:
        if not records:
            return
        passed = [record for record in records if self._filter.passes(record)] if self.mapping.filters else records
        if len(passed) < len(records):
            through = {record["SequenceNumber"] for record in passed}
            held_back = [r["SequenceNumber"] for r in records if r["SequenceNumber"] not in through]
            self.reader.service.world.trace.discarded(self.mapping.arn, held_back, "dropped", "the mapping's filter")
        if passed and not self._buffer:
            self._first_at = self.clock.now()
        self._buffer += passed
        self._bytes += sum([event.size_of(record, self._overhead) for record in passed])

    async def _survived(self, error: AwsError) -> bool:
        """Whether to go on after a failed read: an expired iterator is replaced, other trouble waits."""
        self._cursor.failed(error)
        seconds = self._backoff.pause(error)
        if not seconds:
            return True
        self.reader.result(f"PROBLEM: {error.message}")
        if error.code == "ResourceNotFoundException":
            return False
        log.info("%s: reading failed: %s", self.name, error)
        await self.pause(seconds, f"reading again after {error.code}")
        return True

    async def pause(self, seconds: float, why: str) -> None:
        """Wait on the clock; ends early when the mapping stops."""
        over = asyncio.Event()
        timer = self.clock.call_later(seconds, over.set, name=f"{self.name}: {why}", data=True)
        while not over.is_set() and not self.stopping:
            self._wake.clear()
            waits = [asyncio.ensure_future(over.wait()), asyncio.ensure_future(self._wake.wait())]
            try:
                await self.clock.wait(asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED))
            finally:
                for waiting in waits:
                    waiting.cancel()
        timer.cancel()
        self._wake.set()

    # -- batches ----------------------------------------------------------------------------------------------

    async def _window_over(self) -> bool:
        """Whether the buffer is to be delivered now; otherwise waits for more records or the window's end."""
        due = self._first_at + self.mapping.batching_window
        full = len(self._buffer) >= self._wanted or self._bytes >= event.MAX_PAYLOAD
        if full or self._ended or self.clock.now() >= due:
            return True
        await self._wait(due, "batching window")
        return False

    async def _deliver(self) -> None:
        records, self._buffer, self._bytes = self._buffer[: self._wanted], self._buffer[self._wanted :], 0
        delivery = Delivery(self)
        if self.mapping.parallelization_factor == 1:
            for batch in self._batches(records):
                entered = self.windows is None or await self.windows.enter(batch[0])
                if not entered or not await delivery.deliver(batch, self._done):
                    self._rewind()
                    return
        else:
            lanes = [lane for lane in self._lanes(records) if lane]
            delivered = await self.clock.wait(asyncio.gather(*(self._deliver_lane(delivery, lane) for lane in lanes)))
            if not all(delivered):
                self._rewind()
                return
            self._done(records[-1])
        if not self._buffer:
            self._move_past_filtered()

    async def _deliver_lane(self, delivery: Delivery, lane: list[Json]) -> bool:
        with self.clock.working():
            for batch in self._batches(lane):
                if not await delivery.deliver(batch, lambda _: None):
                    return False
        return True

    def _lanes(self, records: list[Json]) -> list[list[Json]]:
        """Records by the hash of their partition key, so that a key's order holds."""
        lanes: list[list[Json]] = [[] for _ in range(self.mapping.parallelization_factor)]
        for record in records:
            digest = hashlib.md5(record["PartitionKey"].encode(), usedforsecurity=False).digest()
            lanes[int.from_bytes(digest[-4:], "big") % len(lanes)].append(record)
        return lanes

    def _batches(self, records: list[Json]) -> list[list[Json]]:
        """Cut at the batch size, at the payload limit and between tumbling windows."""
        batches: list[list[Json]] = []
        size = 0
        for record in records:
            weight = event.size_of(record, self._overhead)
            if (
                not batches
                or len(batches[-1]) >= self.mapping.batch_size
                or size + weight > event.MAX_PAYLOAD
                or (self.windows is not None and self.windows.are_apart(batches[-1][0], record))
            ):
                batches.append([])
                size = 0
            batches[-1].append(record)
            size += weight
        return batches

    # -- checkpoint -------------------------------------------------------------------------------------------

    def _done(self, record: Json) -> None:
        """Everything up to this record has its fate: the checkpoint moves."""
        self._checkpoint.after = record["SequenceNumber"]
        self._checkpoint.iterator = None
        self._save()

    def _move_past_filtered(self) -> None:
        """With nothing left to deliver, what the filter held back counts as processed."""
        last_read = self._cursor.last_read
        if last_read is not None and last_read != self._checkpoint.after:
            self._checkpoint.after = last_read
            self._checkpoint.iterator = None
            self._save()

    def _rewind(self) -> None:
        """The mapping stops with records undelivered: whoever reads next starts at the checkpoint."""
        self._buffer.clear()
        self._cursor.rewind()

    def _save(self) -> None:
        # A mapping that was deleted meanwhile has no checkpoints any more.
        key = (self.mapping.uuid, self.shard_id)
        if key in self.reader.service.checkpoints:
            self.reader.service.checkpoints.put(key, self._checkpoint)
