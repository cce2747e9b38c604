"""The CloudWatch metrics of delivery streams: names, units, and when (A17).

A metric is there only when something happened: idle streams have none. Sizes are those of the records as they
arrived, whatever processing made of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.metrics import Metric
from harness.emulator.services.firehose.descriptor import DESCRIPTOR
from harness.emulator.services.firehose.model import Batch, Key
from harness.emulator.services.firehose.record import arrival_of

if TYPE_CHECKING:
    from harness.emulator.world import World

NAMESPACE = DESCRIPTOR.namespace

_UNIT_OF_END = {
    "Bytes": "Bytes",
    "IncomingBytes": "Bytes",
    "BytesPerSecondLimit": "Bytes/Second",
    "PerPartitionThroughput": "Bytes/Second",
    "Latency": "Milliseconds",
    "Duration": "Milliseconds",
    "KinesisMillisBehindLatest": "Milliseconds",
    "DataFreshness": "Seconds",
    "ProcessedBytes": "Bytes",
}
_RATIOS = ("DeliveryToS3.Success", "BackupToS3.Success", "ExecuteProcessing.Success", "PartitionCountExceeded")


def unit(name: str) -> str:
    """CloudWatch's unit of a metric; ratios have none."""
    if name in _RATIOS:
        return "None"
    return _UNIT_OF_END.get(name.rpartition(".")[2], "Count")


class DeliveryStreamMetrics:
    """The metrics of one delivery stream; of the account's calls on streams in general when it has no name."""

    def __init__(self, world: World, key: Key) -> None:
        self._metrics = world.metrics
        self._clock = world.clock
        self._room = (key.account, key.region, NAMESPACE)
        self._dimensions = (("DeliveryStreamName", key.name),) if key.name else ()
        self._known: dict[str, Metric] = {}

    def add(self, name: str, value: float) -> None:
        """One sample."""
        self._metrics.add(self._known.get(name) or self._learn(name), value)

    def state(self, name: str, value: float) -> None:
        """A value that holds: one sample per minute."""
        self._metrics.state(self._known.get(name) or self._learn(name), value)

    def call(self, name: str, began: float, **sizes: float) -> None:
        """An API call that began at `began` (epoch seconds): `name`.Requests, `name`.Latency, and more."""
        self.add(f"{name}.Requests", 1)
        self.add(f"{name}.Latency", (self._clock.now() - began) * 1000)
        for size, value in sizes.items():
            self.add(f"{name}.{size}", value)

    def _learn(self, name: str) -> Metric:
        metric = self._known[name] = Metric(*self._room, name, unit(name), self._dimensions)
        return metric


def freshness(now: float, batch: Batch) -> float:
    """Seconds since the batch's oldest record arrived; `now` in epoch seconds."""
    return max(0.0, now - min(map(arrival_of, batch.records)) / 1000)
