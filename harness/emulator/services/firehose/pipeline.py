"""One delivery stream at work, and its source backup.

Source → preparation → (Lambda buffer → Lambda →) buffer → destination; with dynamic partitioning a buffer for each
partition.

Every step from one place to the next happens without waiting in between, so that a snapshot finds each record in
exactly one place (twice where backup is on).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.emulator.services.firehose.batches import BatchRunner, Slots
from harness.emulator.services.firehose.buffer import MB, NO_RECORD_LIMIT, Limits, StageBuffer, hinted
from harness.emulator.services.firehose.destinations.destination import Delivery
from harness.emulator.services.firehose.destinations.s3_delivery import S3Delivery
from harness.emulator.services.firehose.error_log import log_error
from harness.emulator.services.firehose.error_objects import DECOMPRESSION_FAILED, PROCESSING_FAILED, processing_line
from harness.emulator.services.firehose.model import KINESIS, Batch, DeliveryStream, Key, rows_of
from harness.emulator.services.firehose.partitioning.configuration import is_partitioned
from harness.emulator.services.firehose.partitioning.partitions import (
    ACTIVE_LIMIT,
    LIMIT_EXCEEDED,
    ActivePartitions,
    Extraction,
    Partitioning,
)
from harness.emulator.services.firehose.processing.cloudwatch_logs import NOT_FROM_LOGS
from harness.emulator.services.firehose.processing.configuration import LambdaProcessor, lambda_processor
from harness.emulator.services.firehose.processing.invocation import Processing
from harness.emulator.services.firehose.processing.lambda_answer import Keys
from harness.emulator.services.firehose.processing.lambda_event import MAX_PAYLOAD, OVERHEAD_DIRECT, OVERHEAD_KINESIS
from harness.emulator.services.firehose.processing.preparation import Preparation, Prepared, preparation
from harness.emulator.services.firehose.reason import Reason
from harness.emulator.services.firehose.record import Record, data_bytes, data_of, number_of
from harness.emulator.services.firehose.source.kinesis import KinesisSource
from harness.emulator.services.firehose.stage import BACKUP, DESTINATION, LAMBDA, Stage
from harness.emulator.trace.ranges import Ranges, one_range, ranges_of
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.base import FirehoseBase

LAMBDA_SIDE_BY_SIDE = 5
"""Outstanding invocations; AWS allows this many per shard."""
DELIVERIES_SIDE_BY_SIDE = 4

_LARGEST_RECORD = 1_024_000
_EVENT_HEAD = 4096


@dataclass(slots=True, frozen=True)
class Ready:
    """What is known of records before they are taken: what preparation made of them, and their partition keys."""

    prepared: Prepared | None
    extraction: Extraction | None


class Pipeline:
    """Timers and tasks of one delivery stream. Everything that must last is in the store."""

    def __init__(self, service: FirehoseBase, key: Key) -> None:
        self.service = service
        self.world = service.world
        self.key = key
        self.runner = BatchRunner(self.world.clock, service.batches, key)
        self.processor: LambdaProcessor | None = None
        self.keeps_received = False
        """Whether the bytes of a record as it arrived are needed after processing, for error objects."""
        self.partitioning: Partitioning | None = None
        self.active_partitions = ActivePartitions()
        self._preparation: Preparation | None = None
        self._backs_up = False
        self._rising = {LAMBDA, BACKUP, DESTINATION}
        """Stages that got their records from the source only, so that their numbers rise."""
        self._stages: dict[Stage, StageBuffer] = {}
        self._limits: dict[Stage, Limits] = {}
        self._lambda_slots = Slots(self.world.clock, LAMBDA_SIDE_BY_SIDE)
        self._delivery_slots = Slots(self.world.clock, DELIVERIES_SIDE_BY_SIDE)
        self._processing = Processing(self)
        self.s3 = S3Delivery(self)
        self._delivery: Delivery = self.s3
        self._configure()
        self._source = KinesisSource(self) if self.stream.type == KINESIS else None

    @property
    def stream(self) -> DeliveryStream:
        """The stream as it is configured now."""
        stream = self.service.streams.get(self.key)
        assert stream is not None
        return stream

    # -- life -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what the store holds, and begin to read the source."""
        for batch in self.runner.stored():
            self._rising.discard(batch.stage)
            self._start(batch)
        for stage, _ in rows_of(self.service.buffers, self.key):
            self._rising.discard(stage)
            self._stage(stage).resume()
        if self._source is not None:
            self._source.start()

    def updated(self) -> None:
        """The configuration changed: it applies to what is buffered, too."""
        self._configure()
        for stage in list(self._stages.values()):
            stage.resume()

    def close(self) -> None:
        """The delivery stream was deleted: discard everything undelivered."""
        self.world.trace.closed(self.stream.arn, self.stream.record_id_prefix)
        if self._source is not None:
            self._source.stop()
        for stage, _ in rows_of(self.service.buffers, self.key):
            self._stage(stage).discard()
        self.runner.close()

    def _configure(self) -> None:
        stream = self.stream
        self.processor = lambda_processor(stream.destination)
        self._limits.clear()
        self._preparation = preparation(stream.destination)
        self.partitioning = Partitioning(stream.destination) if is_partitioned(stream.destination) else None
        destination = self.service.destination(stream)
        self.keeps_received = destination.needs_received(stream.destination)
        self._delivery = destination.delivery(self)
        self._backs_up = stream.destination.get("S3BackupMode") in ("Enabled", "AllData")

    # -- the way of a record ----------------------------------------------------------------------------------

    async def ready(self, records: list[Record]) -> Ready | None:
        """What must be asked of jq before `take`; None, at once, where that is nothing."""
        if self.processor is not None or self.partitioning is None or self.partitioning.query is None:
            return None
        prepared = self._prepared(records)
        return Ready(prepared, await self.extract(records if prepared is None else prepared.records))

    async def extract(self, records: list[Record]) -> Extraction | None:
        """The partition keys of processed records by the query, if there is one; None without partitioning."""
        partitioning = self.partitioning
        if partitioning is None or partitioning.query is None:
            return None if partitioning is None else Extraction(partitioning, None)
        began = self.world.clock.now()
        found = await self.service.jq.keys(partitioning.query, list(map(data_of, records)))
        self.service.metrics(self.key).add("JQProcessing.Duration", (self.world.clock.now() - began) * 1000)
        return Extraction(partitioning, found)

    def _prepared(self, records: list[Record]) -> Prepared | None:
        return None if self._preparation is None else self._preparation.run(records, self._new_number)

    def take(self, records: list[Record], size: int, ready: Ready | None = None) -> None:
        """Records of `size` bytes from the source, into the first buffer (and the backup's). `ready` is what came of
        `self.ready` for them."""
        if self._backs_up:
            self._stage(BACKUP).add(records, size)
        prepared = self._prepared(records) if ready is None else ready.prepared
        if prepared is not None:
            if prepared.failed:
                self._fail_all(DECOMPRESSION_FAILED, [(record, NOT_FROM_LOGS) for record in prepared.failed])
            self.world.trace.split(self.stream.arn, self.stream.record_id_prefix, prepared.parts)
            self._rising -= {LAMBDA, DESTINATION}
            records = prepared.records
            size = data_bytes(records)
        if self.processor is not None:
            self._stage(LAMBDA).add(records, size)
        elif self.partitioning is not None:
            self.deliver(records, None, Extraction(self.partitioning, None) if ready is None else ready.extraction)
        else:
            self._stage(DESTINATION).add(records, size)

    def deliver(self, records: list[Record], keys: list[Keys] | None, extraction: Extraction | None) -> None:
        """Processed records, into the destination's buffer or their partitions'. `keys` are Lambda's partition keys,
        `extraction` what came of `extract` for the records."""
        if extraction is None:
            self._rising.discard(DESTINATION)
            self._stage(DESTINATION).add(records, data_bytes(records))
        elif records:
            self._partition(extraction, records, keys)

    def _partition(self, extraction: Extraction, records: list[Record], keys: list[Keys] | None) -> None:
        placed = extraction.partitioning.place(records, keys, extraction.found)
        metrics = self.service.metrics(self.key)
        exceeded = False
        for name, group in placed.partitions.items():
            stage = Stage.of_partition(name)
            if self.active_partitions.admits(stage):
                self._stage(stage).add(group, data_bytes(group))
            else:
                exceeded = True
                placed.failed += [(record, LIMIT_EXCEEDED) for record in group]
        metrics.state("ActivePartitionsLimit", ACTIVE_LIMIT)
        metrics.add("PartitionCount", len(self.active_partitions))
        metrics.add("PartitionCountExceeded", int(exceeded))
        if placed.failed:
            self._fail_all(PROCESSING_FAILED, placed.failed)

    def _fail_all(self, error_type: str, failed: list[tuple[Record, Reason]]) -> None:
        """Records that failed where no attempt can be repeated."""
        now = self.world.clock.now()
        self.note_processed("", failed, [])
        self.fail(error_type, [processing_line(record, reason, 1, now, None) for record, reason in failed])
        for reason in dict.fromkeys(reason for _, reason in failed):
            entry = log_error(self.service, self.stream, reason)
            self.world.clock.spawn(entry, name=f"firehose {self.key.name}: error entry")

    def note_processed(self, batch: str, failed: list[tuple[Record, Reason]], dropped: list[int]) -> None:
        """For the trace: records that do not go on, by error code, and the numbers of those that were dropped."""
        by_code: dict[str, list[int]] = {}
        for record, reason in failed:
            by_code.setdefault(reason.code, []).append(number_of(record))
        stream = self.stream
        self.world.trace.processed(stream.arn, stream.record_id_prefix, batch, by_code, dropped)

    def _new_number(self) -> int:
        number = self.service.numbers.get(self.key) or 0
        self.service.numbers.put((*self.key,), number + 1)
        return number

    def fail(self, error_type: str, lines: list[Record]) -> None:
        """Error lines, into the buffer of their kind: they go to S3 under the error prefix."""
        self._stage(Stage.of_errors(error_type)).add(lines, data_bytes(lines))

    def settings(self, stage: Stage) -> Json:
        """The S3 settings that a stage's objects are written with, as configured now."""
        stream = self.stream
        destination = self.service.destination(stream)
        return destination.backup(stream.destination) if stage == BACKUP else destination.s3(stream.destination)

    # -- machinery --------------------------------------------------------------------------------------------

    def _stage(self, name: Stage) -> StageBuffer:
        stage = self._stages.get(name)
        if stage is None:
            stage = StageBuffer(
                self.world.clock,
                self.service.buffers,
                (*self.key, name),
                lambda: self._limits_of(name),
                lambda records, size: self._seal(name, records, size),
            )
            self._stages[name] = stage
            self.active_partitions.begin(name)
        return stage

    def _seal(self, name: Stage, records: list[Record], size: int) -> None:
        self._start(self.runner.seal(name, records, size, self.world.new_id()))
        if name.partition_name is not None and (*self.key, name) not in self.service.buffers:
            # Empty: a partition comes and goes with its records.
            del self._stages[name]
            self.active_partitions.end(name)

    def _start(self, batch: Batch) -> None:
        stream = self.stream
        numbers = self._numbers(batch)
        self.world.trace.batched(stream.arn, stream.record_id_prefix, batch.request_id, batch.stage, numbers)
        if batch.stage == LAMBDA:
            self._processing.admit(batch)
            self.runner.start(batch, self._processing.attempt, self._lambda_slots)
        else:
            self.active_partitions.begin(batch.stage)
            self.runner.start(batch, self._deliver, self._delivery_slots)

    def _numbers(self, batch: Batch) -> Ranges[int]:
        """The numbers of the batch's records, for the trace; without a look at each where that can be."""
        first, last = number_of(batch.records[0]), number_of(batch.records[-1])
        if batch.stage in self._rising and last - first + 1 == len(batch.records):
            return one_range(first, last + 1)
        return ranges_of(list(map(number_of, batch.records)))

    async def _deliver(self, batch: Batch) -> float | None:
        delivery = self._delivery if batch.stage == DESTINATION else self.s3
        pause = await delivery.attempt(batch)
        if pause is None:
            self.active_partitions.end(batch.stage)
        return pause

    def _limits_of(self, name: Stage) -> Limits:
        if name.partition_name is not None:
            name = DESTINATION
        limits = self._limits.get(name)
        if limits is None:
            limits = self._limits[name] = self._make_limits(name)
        return limits

    def _make_limits(self, name: Stage) -> Limits:
        stream = self.stream
        if name == LAMBDA:
            if self.processor is None:
                # Processing was switched off with records in its buffer: let them go on.
                return Limits(1, 0.0, NO_RECORD_LIMIT)
            size = int(self.processor.size_mb * MB)
            overhead = OVERHEAD_DIRECT if stream.source is None else OVERHEAD_KINESIS
            # The buffer may overshoot by one record; the event, in base64, must still fit a Lambda payload.
            room = MAX_PAYLOAD - _EVENT_HEAD - (size + _LARGEST_RECORD) * 4 // 3
            return Limits(size, self.processor.interval, max(1, room // overhead), size + _LARGEST_RECORD)
        if name == DESTINATION:
            return self.service.destination(stream).limits(stream.destination)
        return hinted(self.settings(name)["BufferingHints"])
