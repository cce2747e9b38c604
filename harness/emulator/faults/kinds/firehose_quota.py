"""firehose-quota: the real quotas of a Direct PUT delivery stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.faults.arguments import argument, number
from harness.emulator.faults.batches import run_without
from harness.emulator.faults.fault import Fault, Hit
from harness.emulator.token_bucket import TokenBucket, take_all


@dataclass(kw_only=True)
class FirehoseQuota(Fault):
    """A delivery stream takes only so many records, requests and bytes per second of the clock (A5).

    The region's own quotas unless given. Entries of PutRecordBatch that come above fail from some entry on, PutRecord
    fails whole. (`POST /_harness/quotas` switches the same on for every delivery stream, without a count.)
    """

    calls = {"firehose": frozenset({"PutRecord", "PutRecordBatch"})}

    records: float | None = argument(number(0), None)
    requests: float | None = argument(number(0), None)
    bytes: float | None = argument(number(0), None)
    of_records: dict[tuple[str, ...], tuple[TokenBucket, ...]] = field(default_factory=dict)
    of_requests: dict[tuple[str, ...], TokenBucket] = field(default_factory=dict)

    async def around(self, hit: Hit) -> Any:
        from harness.emulator.services.firehose.source.quota import SLOW_DOWN, limits_of

        call, now = hit.call, hit.world.clock.now()
        limits = limits_of(call.region)
        stream = (call.account, call.region, call.params["DeliveryStreamName"])
        if stream not in self.of_records:
            rates = (_or(self.records, limits.records), _or(self.bytes, limits.bytes))
            self.of_records[stream] = tuple(TokenBucket(rate, rate, now) for rate in rates)
            requests = _or(self.requests, limits.requests)
            self.of_requests[stream] = TokenBucket(requests, requests, now)
        single = call.operation == "PutRecord"
        records = [call.params["Record"]] if single else call.params["Records"]
        admitted = 0
        if self.of_requests[stream].take(now):
            buckets = self.of_records[stream]
            while admitted < len(records) and take_all(buckets, now, 1, len(records[admitted]["Data"])):
                admitted += 1
        if not single:
            return await run_without(hit, dict.fromkeys(range(admitted, len(records)), SLOW_DOWN))
        if not admitted:
            raise AwsError(*SLOW_DOWN, 503)
        hit.missed()
        return await hit.proceed()


def _or(given: float | None, default: float) -> float:
    return default if given is None else given
