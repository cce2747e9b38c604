"""Kinesis Data Streams (section B of the behaviour reference)."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.services.kinesis.consumers import ConsumerOperations
from harness.emulator.services.kinesis.held import HeldRecords
from harness.emulator.services.kinesis.list_shards import ListShardsOperations
from harness.emulator.services.kinesis.put_records import PutRecordsOperations
from harness.emulator.services.kinesis.reshard import ReshardOperations
from harness.emulator.services.kinesis.settings import SettingsOperations
from harness.emulator.services.kinesis.subscriptions import SubscriptionOperations
from harness.emulator.services.kinesis.tags import TagOperations


class Kinesis(
    PutRecordsOperations,
    SubscriptionOperations,
    ListShardsOperations,
    ReshardOperations,
    SettingsOperations,
    ConsumerOperations,
    TagOperations,
    HeldRecords,
):
    """Streams with their records. Throughput limits are not enforced."""

    name = "kinesis"

    def failed(self, call: Call, codes: list[str]) -> None:
        params = call.params
        name = params.get("StreamName") or params.get("StreamARN", "").rpartition("/")[2]
        stream = self.streams.get((call.account, call.region, name))
        if stream is not None:
            whole = len(codes) == len(params.get("Records", codes))
            self.metrics(stream).failed(call.operation, codes, whole=whole)
