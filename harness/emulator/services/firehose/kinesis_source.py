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
from harness.emulator.services.firehose.deaggregation import MAGIC, deaggregate
from harness.emulator.services.firehose.error_log import log_error
from harness.emulator.services.firehose.hints import invalid
from harness.emulator.services.firehose.model import Checkpoint, DeliveryStream, Json, Record

if TYPE_CHECKING:
    from harness.emulator.services.firehose.base import FirehoseBase
    from harness.emulator.services.firehose.pipeline import Pipeline

log = logging.getLogger(__name__)

THROTTLED_PAUSE = 1.0
LONGEST_PAUSE = 300.0

_THROTTLED = ("ProvisionedThroughputExceededException", "LimitExceededException")
_THROTTLED_METRIC = {
    "GetRecords": "ThrottledGetRecords",
    "GetShardIterator": "ThrottledGetShardIterator",
    "ListShards": "ThrottledDescribeStream",
}
_ACCESS_DENIED = (
    "Kinesis.AccessDenied",
    "Access was denied when calling Kinesis. Ensure the access policy on the IAM role used allows access to the "
    "appropriate Kinesis APIs.",
)
_NOT_FOUND = ("Kinesis.ResourceNotFound", "The Kinesis stream does not exist.")


async def begin(service: FirehoseBase, stream: DeliveryStream) -> dict[str, Checkpoint]:
    """The checkpoints of a new delivery stream: behind everything that its source holds now.

    Raises InvalidArgumentException when the source can't be described or read.
    """
    assert stream.source is not None
    reader = _Calls(service, stream)
    try:
        checkpoints: dict[str, Checkpoint] = {}
        for shard in await reader.shards():
            checkpoint = Checkpoint("AT_TIMESTAMP", parents=_parents(shard))
            checkpoints[shard["ShardId"]] = checkpoint
            checkpoint.ended = "EndingSequenceNumber" in shard["SequenceNumberRange"]
            if checkpoint.ended:
                continue
            # What was put before, but within the same millisecond, must be passed over.
            iterator: str | None = await reader.iterator(shard["ShardId"], checkpoint)
            while iterator is not None:
                answer = await reader.records(iterator)
                if not answer["Records"] and not answer.get("MillisBehindLatest"):
                    break
                if answer["Records"]:
                    checkpoint.sequence = answer["Records"][-1]["SequenceNumber"]
                iterator = answer.get("NextShardIterator")
        return checkpoints
    except AwsError as error:
        raise invalid(error.message or error.code) from error


def _parents(shard: Json) -> tuple[str, ...]:
    return tuple(shard[name] for name in ("ParentShardId", "AdjacentParentShardId") if shard.get(name))


class _Calls:
    """The calls that Firehose makes on its source, for the source's role."""

    def __init__(self, service: FirehoseBase, stream: DeliveryStream) -> None:
        assert stream.source is not None
        self._service = service
        self._arn: str = stream.source["KinesisStreamARN"]
        self._caller = service.caller(stream, stream.source["RoleARN"])
        self._start: float = stream.source["DeliveryStartTimestamp"]
        self.last = ""
        """The operation that was called last."""

    async def _call(self, operation: str, params: Json) -> Json:
        self.last = operation
        return await self._service.call("kinesis", operation, params, self._caller)

    async def shards(self) -> list[Json]:
        shards: list[Json] = []
        params: Json = {"StreamARN": self._arn}
        while True:
            answer = await self._call("ListShards", params)
            shards.extend(answer["Shards"])
            if not answer.get("NextToken"):
                return shards
            params = {"NextToken": answer["NextToken"]}

    async def iterator(self, shard_id: str, checkpoint: Checkpoint) -> str:
        params: Json = {"StreamARN": self._arn, "ShardId": shard_id, "ShardIteratorType": checkpoint.start}
        if checkpoint.sequence is not None:
            params["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER"
            params["StartingSequenceNumber"] = checkpoint.sequence
        elif checkpoint.start == "AT_TIMESTAMP":
            params["Timestamp"] = self._start
        answer = await self._call("GetShardIterator", params)
        iterator: str = answer["ShardIterator"]
        return iterator

    async def records(self, iterator: str) -> Json:
        return await self._call("GetRecords", {"ShardIterator": iterator, "StreamARN": self._arn})


class KinesisSource:
    """Reads all shards of one delivery stream's source, one GetRecords each in turn, until there is no more."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._service = pipeline.service
        self._clock = pipeline.world.clock
        stream = pipeline.stream
        assert stream.source is not None
        self._calls = _Calls(self._service, stream)
        self._topic = f"kinesis:{stream.source['KinesisStreamARN']}"
        self._iterators: dict[str, str] = {}
        self._woken = False
        self._running = False
        self._relist = True
        self._failures = 0
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
        for key in self._service.checkpoints.keys():  # noqa: SIM118 (a copy)
            if key[:3] == self._pipeline.key:
                self._service.checkpoints.delete(key)

    def _is_stopped(self) -> bool:
        return self._stopped

    def wake(self) -> None:
        """The source may have more records."""
        self._woken = True
        if not self._running and not self._is_stopped() and self._retry is None:
            self._running = True
            self._clock.spawn(self._run(), name=f"firehose {self._pipeline.key[2]}: reading its source")

    async def _run(self) -> None:
        try:
            while self._woken and not self._is_stopped():
                self._woken = False
                await self._read_all()
                self._failures = 0
        except AwsError as error:
            await self._failed(error)
        finally:
            self._running = False

    async def _failed(self, error: AwsError) -> None:
        """Nothing was taken over since the last checkpoint: read again from there, later."""
        if self._is_stopped():
            return
        stream = self._pipeline.stream
        self._iterators.clear()
        self._relist = True
        self._failures += 1
        reason = None
        pause = min(2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        if error.code == "ExpiredIteratorException":
            pause = 0.0
        elif error.code in _THROTTLED:
            pause = THROTTLED_PAUSE
            self._service.measures(stream.key).add(_THROTTLED_METRIC[self._calls.last], 1)
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
            shards = await self._calls.shards()
            if self._is_stopped():
                return []
            for shard in shards:
                if (*key, shard["ShardId"]) not in table:
                    table.put((*key, shard["ShardId"]), Checkpoint("TRIM_HORIZON", parents=_parents(shard)))
            self._relist = False
        known = {row[3]: checkpoint for row, checkpoint in table.items() if row[:3] == key}
        return [
            shard_id
            for shard_id, checkpoint in known.items()
            if not checkpoint.ended and all(p not in known or known[p].ended for p in checkpoint.parents)
        ]

    async def _read(self, shard_id: str) -> bool | None:
        """One GetRecords: whether there may be more, None when the shard has ended. Raises AwsError."""
        await self._pipeline.runner.source_room()
        row = (*self._pipeline.key, shard_id)
        checkpoint = self._service.checkpoints.get(row)
        if self._is_stopped() or checkpoint is None:
            return False
        try:
            iterator = self._iterators.get(shard_id)
            if iterator is None:
                iterator = await self._calls.iterator(shard_id, checkpoint)
            answer = await self._calls.records(iterator)
        except AwsError as error:
            if error.code != "ResourceNotFoundException" or await self._exists(shard_id):
                raise
            # The shard's retention is over: it has ended, and its children can begin.
            answer = {"Records": []}
        if self._is_stopped():
            return False
        records = answer["Records"]
        measures = self._service.measures(self._pipeline.key)
        if "MillisBehindLatest" in answer:
            measures.add("KinesisMillisBehindLatest", answer["MillisBehindLatest"])
        following = answer.get("NextShardIterator")
        if following is None:
            self._iterators.pop(shard_id, None)
            checkpoint.ended = True
        else:
            self._iterators[shard_id] = following
        if records:
            checkpoint.sequence = records[-1]["SequenceNumber"]
            self._take(shard_id, records)
        if records or checkpoint.ended:
            self._service.checkpoints.put(row, checkpoint)
        if checkpoint.ended:
            return None
        return bool(records) or bool(answer.get("MillisBehindLatest"))

    async def _exists(self, shard_id: str) -> bool:
        """Whether the source still has the shard. Raises ResourceNotFoundException when the source itself is gone."""
        return any(shard["ShardId"] == shard_id for shard in await self._calls.shards())

    def _take(self, shard_id: str, read: list[Json]) -> None:
        """Records as Kinesis gave them, taken apart if aggregated, into the pipeline."""
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
        self._service.numbers.put(key, number)
        measures = self._service.measures(key)
        measures.add("DataReadFromKinesisStream.Bytes", sum([len(record["Data"]) for record in read]))
        measures.add("DataReadFromKinesisStream.Records", len(read))
        stream = self._pipeline.stream
        starts = [row[0] for row in taken if row[3] and not row[3][1]] if len(taken) != len(read) else None
        sequence, first = read[0]["SequenceNumber"], number - len(taken)
        self._pipeline.world.trace.taken(
            stream.arn, stream.record_id_prefix, sequence, len(read), first, number, starts
        )
        self._pipeline.take(taken, size)
