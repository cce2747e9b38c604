"""The CloudWatch metrics of data streams (B12): noted once per call, never per record.

Bytes are those of data and partition keys, as the limits count them (B2). Readers here do not poll an idle stream, so
an idle stream has no GetRecords metrics at all, where AWS has zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from harness.emulator.metrics import Group, Metric
from harness.emulator.services.kinesis.descriptor import DESCRIPTOR
from harness.emulator.services.kinesis.model import Stream

if TYPE_CHECKING:
    from harness.emulator.world import World

NAMESPACE = DESCRIPTOR.namespace
THROTTLED = "ProvisionedThroughputExceededException"

_UNITS = {
    "Bytes": "Bytes",
    "IncomingBytes": "Bytes",
    "OutgoingBytes": "Bytes",
    "Latency": "Milliseconds",
    "IteratorAgeMilliseconds": "Milliseconds",
    "MillisBehindLatest": "Milliseconds",
}
_INCOMING = ("IncomingBytes", "IncomingRecords", "WriteProvisionedThroughputExceeded")
_PUT_RECORD = (*_INCOMING, "PutRecord.Bytes", "PutRecord.Latency", "PutRecord.Success")
_PUT_RECORDS = (
    *_INCOMING,
    "PutRecords.Bytes",
    "PutRecords.Latency",
    "PutRecords.Success",
    "PutRecords.TotalRecords",
    "PutRecords.SuccessfulRecords",
    "PutRecords.FailedRecords",
    "PutRecords.ThrottledRecords",
    "PutRecords.Records",
)
_GET_RECORDS = (
    "GetRecords.Bytes",
    "GetRecords.Records",
    "GetRecords.Latency",
    "GetRecords.Success",
    "GetRecords.IteratorAgeMilliseconds",
    "ReadProvisionedThroughputExceeded",
)


class StreamMetrics:
    """The metrics of one stream."""

    def __init__(self, world: World, stream: Stream) -> None:
        self._metrics = world.metrics
        self._clock = world.clock
        self._room = (stream.account, stream.region, NAMESPACE)
        self._stream = ("StreamName", stream.name)
        self._put_record = self._group(_PUT_RECORD)
        self._put_records = self._group(_PUT_RECORDS)
        self._get_records = self._group(_GET_RECORDS)

    def put_record(self, began: float, size: int) -> None:
        """One record was taken; `began` in epoch seconds, `size` in bytes."""
        latency = (self._clock.now() - began) * 1000
        self._metrics.add_all(self._put_record, (size, 1, 0, size, latency, 1))

    def put_records(self, began: float, size: int, count: int) -> None:
        """A whole batch was taken."""
        latency = (self._clock.now() - began) * 1000
        values = (size, count, 0, size, latency, 1, count, count, 0, 0, count)
        self._metrics.add_all(self._put_records, values)

    def get_records(self, began: float, size: int, count: int, age: float) -> None:
        """An answer of GetRecords; `age` is that of its last record in milliseconds."""
        latency = (self._clock.now() - began) * 1000
        self._metrics.add_all(self._get_records, (size, count, latency, 1, age, 0))

    def shard(self, shard_id: str, enabled: Iterable[str], values: Mapping[str, float]) -> None:
        """Shard-level metrics, those of `values` that enhanced monitoring has enabled."""
        for name, value in values.items():
            if name in enabled:
                dimensions = (("ShardId", shard_id), self._stream)
                self._metrics.add(Metric(*self._room, name, _unit(name), dimensions), value)

    def subscribed(self, consumer: str, *, throttled: bool) -> None:
        """A call of SubscribeToShard that was taken, or refused because it came too soon."""
        if not throttled:
            self._of_consumer(consumer, "SubscribeToShard.Success", 1)
        self._of_consumer(consumer, "SubscribeToShard.RateExceeded", int(throttled))

    def event(self, consumer: str, size: int, count: int, behind: int) -> None:
        """An event of a subscription: bytes, records, milliseconds behind the latest."""
        self._of_consumer(consumer, "SubscribeToShardEvent.Bytes", size)
        self._of_consumer(consumer, "SubscribeToShardEvent.Records", count)
        self._of_consumer(consumer, "SubscribeToShardEvent.MillisBehindLatest", behind)
        self._of_consumer(consumer, "SubscribeToShardEvent.Success", 1)

    def subscription_ended(self, consumer: str) -> None:
        """The service ended a subscription (recorded: one sample of zero)."""
        self._of_consumer(consumer, "SubscribeToShardEvent.Success", 0)

    def _of_consumer(self, consumer: str, name: str, value: float) -> None:
        dimensions = (("ConsumerName", consumer), self._stream)
        self._metrics.add(Metric(*self._room, name, _unit(name), dimensions), value)

    def failed(self, operation: str, codes: list[str], *, whole: bool) -> None:
        """Records that did not reach the stream, throttled or failed inside; `whole`: none of the call's did."""
        throttled = codes.count(THROTTLED)
        if operation == "GetRecords":
            self._add("GetRecords.Success", 0)
            self._add("ReadProvisionedThroughputExceeded", throttled)
        elif operation == "PutRecord":
            self._add("PutRecord.Success", 0)
            self._add("WriteProvisionedThroughputExceeded", throttled)
        elif operation == "PutRecords":
            if whole:
                self._add("PutRecords.Success", 0)
            self._add("PutRecords.TotalRecords", len(codes))
            self._add("PutRecords.ThrottledRecords", throttled)
            self._add("PutRecords.FailedRecords", len(codes) - throttled)
            self._add("WriteProvisionedThroughputExceeded", throttled)

    def _add(self, name: str, value: float) -> None:
        self._metrics.add(Metric(*self._room, name, _unit(name), (self._stream,)), value)

    def _group(self, names: tuple[str, ...]) -> Group:
        return Group(Metric(*self._room, name, _unit(name), (self._stream,)) for name in names)


def _unit(name: str) -> str:
    return _UNITS.get(name.rpartition(".")[2], "Count")
