"""A Kinesis stream as source: read over the bus, woken by the stream's topic, checkpointed per shard (A6).

A checkpoint moves in the same step in which the records went into the delivery stream's first buffer: a restart may
read twice what a crash lost in between, it never skips. Reading begins at the delivery stream's creation; a shard that
began later is read from its beginning, after its parents.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from harness.emulator.clock import Timer
from harness.emulator.errors import AwsError
from harness.emulator.kinesis_consumer.checkpoint import Checkpoint, ready_shards
from harness.emulator.kinesis_consumer.client import StreamClient
from harness.emulator.kinesis_consumer.cursor import Backoff, ShardCursor, is_throttle
from harness.emulator.services.firehose.error_log import log_error
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.model import DeliveryStream, rows_of
from harness.emulator.services.firehose.reason import Reason
from harness.emulator.services.firehose.record import Record, index_of, number_of, position_of
from harness.emulator.services.firehose.source.aggregates import MAGIC, deaggregate
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.base import FirehoseBase
    from harness.emulator.services.firehose.pipeline import Pipeline, Ready

log = logging.getLogger(__name__)

LONGEST_PAUSE = 300.0

_THROTTLED_METRIC = {
    "GetRecords": "ThrottledGetRecords",
    "GetShardIterator": "ThrottledGetShardIterator",
    "ListShards": "ThrottledDescribeStream",
}
_ACCESS_DENIED = Reason(
    "Kinesis.AccessDenied",
    "Access was denied when calling Kinesis. Ensure the access policy on the IAM role used allows access to the "
    "appropriate Kinesis APIs.",
)
_NOT_FOUND = Reason("Kinesis.ResourceNotFound", "The Kinesis stream does not exist.")


async def begin(service: FirehoseBase, stream: DeliveryStream) -> dict[str, Checkpoint]:
    """The checkpoints of a new delivery stream: behind everything that its source holds now.

    Raises InvalidArgumentException when the source can't be described or read.
    """
    assert stream.source is not None
    client = source_client(service, stream)
    start: float = stream.source["DeliveryStartTimestamp"]
    try:
        checkpoints: dict[str, Checkpoint] = {}
        for shard in await client.shards():
            checkpoint = Checkpoint("AT_TIMESTAMP", start, ended=shard.ended, parents=shard.parents)
            checkpoints[shard.id] = checkpoint
            if shard.ended:
                continue
            # What was put before, but within the same millisecond, must be passed over.
            cursor = ShardCursor(client, shard.id, checkpoint, service.world.clock)
            while (read := await cursor.read()).more and not read.ended:
                pass
            checkpoint.after = cursor.last_read
        return checkpoints
    except AwsError as error:
        raise invalid(error.message or error.code) from error


def source_client(service: FirehoseBase, stream: DeliveryStream) -> StreamClient:
    """The source as the delivery stream's role sees it."""
    assert stream.source is not None
    caller = service.caller(stream, stream.source["RoleARN"])

    async def call(operation: str, params: Json) -> Json:
        return await service.call("kinesis", operation, params, caller)

    return StreamClient(call, stream.source["KinesisStreamARN"])


class KinesisSource:
    """Reads all shards of one delivery stream's source, one GetRecords each in turn, until there is no more."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._service = pipeline.service
        self._clock = pipeline.world.clock
        stream = pipeline.stream
        assert stream.source is not None
        self._client = source_client(self._service, stream)
        self._topic = f"kinesis:{stream.source['KinesisStreamARN']}"
        self._cursors: dict[str, ShardCursor] = {}
        self._woken = False
        self._running = False
        self._relist = True
        self._backoff = Backoff(LONGEST_PAUSE)
        self._retry: Timer | None = None
        self._stopped = False

    def start(self) -> None:
        if self._pipeline.stream.source_gone:
            self._stopped = True
            return
        self._pipeline.world.topics.subscribe(self._topic, self.wake)
        self.wake()

    def stop(self) -> None:
        """End reading; checkpoints of a deleted delivery stream are forgotten."""
        self._stopped = True
        self._pipeline.world.topics.unsubscribe(self._topic, self.wake)
        if self._retry is not None:
            self._retry.cancel()
        for shard_id, _ in rows_of(self._service.checkpoints, self._pipeline.key):
            self._service.checkpoints.delete((*self._pipeline.key, shard_id))

    def _is_stopped(self) -> bool:
        return self._stopped

    def wake(self) -> None:
        """The source may have more records."""
        self._woken = True
        if not self._running and not self._is_stopped() and self._retry is None:
            self._running = True
            self._clock.spawn(self._run(), name=f"firehose {self._pipeline.key.name}: reading its source")

    async def _run(self) -> None:
        try:
            while self._woken and not self._is_stopped():
                self._woken = False
                await self._read_all()
                self._backoff.succeeded()
        except AwsError as error:
            await self._failed(error)
        finally:
            self._running = False

    async def _failed(self, error: AwsError) -> None:
        """Nothing was taken over since the last checkpoint: read again from there, later."""
        if self._is_stopped():
            return
        stream = self._pipeline.stream
        self._cursors.clear()
        self._relist = True
        reason = None
        pause = self._backoff.pause(error)
        if is_throttle(error):
            self._service.metrics(stream.key).add(_THROTTLED_METRIC[self._client.last_operation], 1)
        elif error.code == "ResourceNotFoundException":
            # A deleted source does not come back, not even under its old name.
            self._stopped = True
            stream.source_gone = True
            self._service.streams.put(stream.key, stream)
            reason = _NOT_FOUND
        elif error.code.startswith("AccessDenied"):
            reason = _ACCESS_DENIED
        log.info("firehose %s: reading the source: %s", stream.name, error)
        if not self._is_stopped():
            name = f"firehose {stream.name}: reading its source, {error.code}"
            self._retry = self._clock.call_later(pause, self._try_again, name=name, data=True)
        if reason is not None:
            await log_error(self._service, stream, reason)

    def _try_again(self) -> None:
        self._retry = None
        self.wake()

    async def _read_all(self) -> None:
        busy = await self._ready_shards()
        while busy and not self._is_stopped():
            still: list[str] = []
            ended = False
            for shard_id in busy:
                more = await self._read(shard_id)
                if more:
                    still.append(shard_id)
                ended = ended or more is None
            if ended:
                # Children can begin now.
                self._relist = True
                still = await self._ready_shards()
            busy = still

    async def _ready_shards(self) -> list[str]:
        """Shards that have not ended and whose parents have been read to their end."""
        table = self._service.checkpoints
        key = self._pipeline.key
        if self._relist:
            shards = await self._client.shards()
            if self._is_stopped():
                return []
            for shard in shards:
                if (*key, shard.id) not in table:
                    table.put((*key, shard.id), Checkpoint(parents=shard.parents))
            self._relist = False
        return ready_shards(dict(rows_of(table, key)))

    async def _read(self, shard_id: str) -> bool | None:
        """One GetRecords: whether there may be more, None when the shard has ended. Raises AwsError."""
        await self._pipeline.runner.source_room()
        row = (*self._pipeline.key, shard_id)
        checkpoint = self._service.checkpoints.get(row)
        if self._is_stopped() or checkpoint is None:
            return False
        cursor = self._cursors.get(shard_id)
        if cursor is None:
            cursor = self._cursors[shard_id] = ShardCursor(self._client, shard_id, checkpoint, self._clock)
        read = await cursor.read()
        taken, size = self._taken_apart(shard_id, read.records)
        ready = await self._pipeline.ready(taken)
        if self._is_stopped():
            return False
        if read.millis_behind is not None:
            self._service.metrics(self._pipeline.key).add("KinesisMillisBehindLatest", read.millis_behind)
        if read.ended:
            del self._cursors[shard_id]
            checkpoint.ended = True
        if read.records:
            checkpoint.after = cursor.last_read
            self._take(read.records, taken, size, ready)
        if read.records or read.ended:
            self._service.checkpoints.put(row, checkpoint)
        return None if read.ended else read.more

    def _taken_apart(self, shard_id: str, read: list[Json]) -> tuple[list[Record], int]:
        """Records as Kinesis gave them, taken apart if aggregated, and their bytes."""
        key = self._pipeline.key
        number = self._service.numbers.get(key) or 0
        taken: list[Record] = []
        size = 0
        for record in read:
            data: bytes = record["Data"]
            arrival = round(record["ApproximateArrivalTimestamp"] * 1000)
            sequence = record["SequenceNumber"]
            children = deaggregate(data) if data.startswith(MAGIC) else None
            if children is None:
                taken.append((number, arrival, data, (sequence, 0, record["PartitionKey"], shard_id), None))
                number += 1
                size += len(data)
                continue
            for index, (partition_key, child) in enumerate(children):
                taken.append((number, arrival, child, (sequence, index, partition_key, shard_id), None))
                number += 1
                size += len(child)
        if read:
            self._service.numbers.put((*key,), number)
        return taken, size

    def _take(self, read: list[Json], taken: list[Record], size: int, ready: Ready | None) -> None:
        """Into the pipeline."""
        key = self._pipeline.key
        metrics = self._service.metrics(key)
        metrics.add("DataReadFromKinesisStream.Bytes", sum([len(record["Data"]) for record in read]))
        metrics.add("DataReadFromKinesisStream.Records", len(read))
        stream = self._pipeline.stream
        starts = _starts(taken) if len(taken) != len(read) else None
        sequence, first = read[0]["SequenceNumber"], number_of(taken[0])
        self._pipeline.world.trace.taken(
            stream.arn, stream.record_id_prefix, sequence, len(read), first, first + len(taken), starts
        )
        self._pipeline.take(taken, size, ready)


def _starts(taken: list[Record]) -> list[int]:
    """The numbers at which records of Kinesis begin, each perhaps an aggregate of several."""
    return [number_of(record) for record in taken if (position := position_of(record)) and not index_of(position)]
