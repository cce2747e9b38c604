"""throttle: the real write limits of a shard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.faults.arguments import argument, number
from harness.emulator.faults.batches import run_without
from harness.emulator.faults.fault import Fault, Hit
from harness.emulator.token_bucket import TokenBucket, take_all

CODE = "ProvisionedThroughputExceededException"


@dataclass(kw_only=True)
class Throttle(Fault):
    """A shard takes 1,000 records and 1 MiB per second of the clock; what comes above is throttled (B2, B3).

    Entries of PutRecords fail one by one, PutRecord fails whole. A smaller limit makes it bite sooner.
    """

    calls = {"kinesis": frozenset({"PutRecord", "PutRecords"})}

    records: float = argument(number(0), 1000)
    bytes: float = argument(number(0), 1024 * 1024)
    buckets: dict[tuple[str, ...], tuple[TokenBucket, ...]] = field(default_factory=dict)

    async def around(self, hit: Hit) -> Any:
        from harness.emulator.services.kinesis.model import partition_digest

        call = hit.call
        params = call.params
        name = params.get("StreamName") or params.get("StreamARN", "").rpartition("/")[2]
        stream = hit.world.store.table("kinesis.streams").get((call.account, call.region, name))
        single = call.operation == "PutRecord"
        failures: dict[int, tuple[str, str]] = {}
        for index, record in enumerate([params] if single else params["Records"]):
            if stream is None:
                break
            explicit = record.get("ExplicitHashKey")
            if explicit is not None and int(explicit) >> 128:
                break  # Kinesis refuses the call
            key = record["PartitionKey"]
            shard = stream.open[stream.route(int(explicit).to_bytes(16, "big") if explicit else partition_digest(key))]
            if not self._take(hit, (*stream.key, shard.id), len(record["Data"]) + len(key.encode())):
                text = f"Rate exceeded for shard {shard.id} in stream {name} under account {call.account}."
                failures[index] = (CODE, text)
        if single and failures:
            raise AwsError(*failures[0])
        if single:
            hit.missed()
            return await hit.proceed()
        return await run_without(hit, failures)

    def _take(self, hit: Hit, shard: tuple[str, ...], size: int) -> bool:
        now = hit.world.clock.now()
        buckets = self.buckets.get(shard)
        if buckets is None:
            buckets = self.buckets[shard] = tuple(TokenBucket(rate, rate, now) for rate in (self.records, self.bytes))
        return take_all(buckets, now, 1, size)
