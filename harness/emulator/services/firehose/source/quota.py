"""Direct PUT quotas: token buckets on the clock (A5). Off unless the world's `quotas` are on.

A bucket holds one second's worth: whoever stays within the limits never notices it.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError
from harness.emulator.token_bucket import TokenBucket

MIB = 1024 * 1024
SLOW_DOWN = ("ServiceUnavailableException", "Slow down.")


@dataclass(slots=True, frozen=True)
class Limits:
    """Per second and delivery stream, PutRecord and PutRecordBatch together."""

    records: int
    requests: int
    bytes: int


_LARGE = Limits(500_000, 2_000, 5 * MIB)
_SMALL = Limits(100_000, 1_000, MIB)
_LARGE_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")


def limits_of(region: str) -> Limits:
    """The quotas that AWS gives to a delivery stream in that region."""
    return _LARGE if region in _LARGE_REGIONS else _SMALL


class Quota:
    """What a delivery stream may still take this second."""

    def __init__(self, clock: Clock, region: str) -> None:
        limits = limits_of(region)
        now = clock.now()
        self._clock = clock
        self._records = TokenBucket(limits.records, limits.records, now)
        self._requests = TokenBucket(limits.requests, limits.requests, now)
        self._bytes = TokenBucket(limits.bytes, limits.bytes, now)

    def admit(self, sizes: list[int]) -> int:
        """How many of the records, from the first one on, are within the quotas; they are counted."""
        now = self._clock.now()
        requests, room = self._requests.available(now), self._bytes.available(now)
        records = int(self._records.available(now))
        if requests < 1:
            return 0
        self._requests.spend(1)
        admitted = 0
        taken = 0
        for size in sizes[:records]:
            if taken + size > room:
                break
            taken += size
            admitted += 1
        self._records.spend(admitted)
        self._bytes.spend(taken)
        return admitted


def slow_down() -> AwsError:
    """The answer to a PutRecord over quota."""
    return AwsError(*SLOW_DOWN, 503)
