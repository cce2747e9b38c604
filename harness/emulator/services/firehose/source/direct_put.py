"""PutRecord and PutRecordBatch (A5)."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.firehose.base import FirehoseBase
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.model import KINESIS, DeliveryStream, Key
from harness.emulator.services.firehose.processing.preparation import decompresses
from harness.emulator.services.firehose.record import Record
from harness.emulator.services.firehose.source.quota import SLOW_DOWN, Quota, limits_of, slow_down
from harness.json_object import Json

CLOUDWATCH_LOGS = "logs.amazonaws.com"
MAX_BATCH_BYTES = 4 * 1024 * 1024
"""Sum of a batch's raw record bytes."""


class Puts(FirehoseBase):
    """The data plane. Answers when the records are in the store."""

    @operation
    async def put_record(self, call: Call, *, delivery_stream_name: str, record: Json) -> Json:
        began = self.world.clock.now()
        key = Key(call.account, call.region, delivery_stream_name)
        stream = await self._writable(call, key)
        size = len(record["Data"])
        if self._admit(key, [record["Data"]]) == 0:
            raise slow_down()
        first = await self._take(key, [record["Data"]], size)
        self.world.trace.put(call, stream.arn, stream.record_id_prefix, first, 1)
        self.metrics(key).call("PutRecord", began, Bytes=size)
        return {"RecordId": f"{stream.record_id_prefix}{first:016x}", "Encrypted": _encrypted(stream)}

    @operation
    async def put_record_batch(self, call: Call, *, delivery_stream_name: str, records: list[Json]) -> Json:
        began = self.world.clock.now()
        key = Key(call.account, call.region, delivery_stream_name)
        stream = await self._writable(call, key)
        data = [record["Data"] for record in records]
        size = sum([len(blob) for blob in data])
        if size > MAX_BATCH_BYTES:
            raise invalid("Records size exceeds 4 MB limit")
        throttled = len(data) - self._admit(key, data)
        if throttled:
            del data[-throttled:]
            size = sum([len(blob) for blob in data])
        first = await self._take(key, data, size) if data else 0
        self.world.trace.put(call, stream.arn, stream.record_id_prefix, first, len(data))
        self.metrics(key).call("PutRecordBatch", began, Bytes=size, Records=len(data))
        prefix = stream.record_id_prefix
        answers = [{"RecordId": f"{prefix}{n:016x}"} for n in range(first, first + len(data))]
        if throttled:
            code, message = SLOW_DOWN
            answers += [{"ErrorCode": code, "ErrorMessage": message} for _ in range(throttled)]
        return {"FailedPutCount": throttled, "Encrypted": _encrypted(stream), "RequestResponses": answers}

    def _admit(self, key: Key, data: list[bytes]) -> int:
        """How many of the records are within the quotas: all of them while quotas are off."""
        metrics = self.metrics(key)
        limits = limits_of(key.region)
        metrics.state("BytesPerSecondLimit", limits.bytes)
        metrics.state("RecordsPerSecondLimit", limits.records)
        metrics.state("PutRequestsPerSecondLimit", limits.requests)
        if not self.world.quotas:
            self.quotas.clear()
            return len(data)
        quota = self.quotas.get(key)
        if quota is None:
            quota = self.quotas[key] = Quota(self.world.clock, key.region)
        admitted = quota.admit([len(blob) for blob in data])
        if admitted < len(data):
            metrics.add("ThrottledRecords", len(data) - admitted)
        return admitted

    async def _writable(self, call: Call, key: Key) -> DeliveryStream:
        name = key.name
        stream = self.streams.get(key)
        if stream is None:
            raise AwsError("ResourceNotFoundException", f"Firehose {name} not found under account {call.account}.")
        if stream.status != "ACTIVE":
            raise AwsError("ResourceNotFoundException", f"Firehose {name} is not active in {call.account} account.")
        if stream.type == KINESIS:
            raise invalid("This operation is not permitted on KinesisStreamAsSource delivery stream type.")
        if "KeyARN" in stream.encryption:
            problem = await self.check_key(stream)
            if problem is not None:
                raise problem.error()
        if decompresses(stream.destination) and call.caller.service != CLOUDWATCH_LOGS:
            raise AwsError(
                "InvalidSourceException",
                f"Put to Firehose failed for AccountId: {call.account}, FirehoseName: {name} because the request is "
                "not originating from CloudWatch.",
            )
        return stream

    async def _take(self, key: Key, data: list[bytes], size: int) -> int:
        """Put the records into the pipeline; returns the number of the first one."""
        pipeline = self.pipelines[key]
        await pipeline.runner.put_room()
        if self.pipelines.get(key) is not pipeline:
            raise _not_active(key)
        first = self.numbers.get(key) or 0
        self.numbers.put((*key,), first + len(data))
        arrival = int(self.world.clock.now() * 1000)
        records: list[Record] = [(number, arrival, blob, None, None) for number, blob in enumerate(data, first)]
        ready = await pipeline.ready(records)
        if ready is not None and self.pipelines.get(key) is not pipeline:
            raise _not_active(key)
        pipeline.take(records, size, ready)
        metrics = self.metrics(key)
        metrics.add("IncomingBytes", size)
        metrics.add("IncomingRecords", len(data))
        metrics.add("IncomingPutRequests", 1)
        return first


def _not_active(key: Key) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Firehose {key.name} is not active in {key.account} account.")


def _encrypted(stream: DeliveryStream) -> bool:
    return stream.type != KINESIS and stream.encryption["Status"] == "ENABLED"
