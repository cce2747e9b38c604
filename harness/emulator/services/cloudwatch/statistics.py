"""Statistics of buckets: the five simple ones, and percentiles (E2)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.emulator.metrics import Bucket

SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(100(?:\.0+)?|\d{1,2}(?:\.\d{1,10})?)")


def percentile(statistic: str) -> float | None:
    """99.9 for `p99.9`; None for what is no percentile."""
    found = _PERCENTILE.fullmatch(statistic)
    return float(found[1]) if found else None


def merged(buckets: Iterable[Bucket]) -> Bucket:
    """All samples in one bucket."""
    whole = Bucket()
    for bucket in buckets:
        whole.merge(bucket)
    return whole


def value(bucket: Bucket, statistic: str) -> float | None:
    """The statistic of a bucket with samples. None for a percentile of samples whose values are not known."""
    if statistic == "Average":
        return bucket.sum / bucket.count if bucket.count else 0.0
    if statistic in SIMPLE:
        return {
            "SampleCount": bucket.count,
            "Sum": bucket.sum,
            "Minimum": bucket.minimum,
            "Maximum": bucket.maximum,
        }[statistic]
    wanted = percentile(statistic)
    assert wanted is not None, statistic
    return _percentile(bucket, wanted) if bucket.exact else None


def _percentile(bucket: Bucket, wanted: float) -> float:
    """The value below which `wanted` percent of the samples are, between neighbours in proportion."""
    samples = bucket.samples()
    place = (bucket.count - 1) * wanted / 100
    passed = 0.0
    for index, (sample, count) in enumerate(samples):
        passed += count
        if place <= passed - 1 or index == len(samples) - 1:
            return sample
        if place < passed:
            return sample + (samples[index + 1][0] - sample) * (place - (passed - 1))
    return samples[-1][0]


def by_period(buckets: Iterable[tuple[str, int, Bucket]], start: int, period: int) -> dict[tuple[int, str], Bucket]:
    """(first second of the period, unit) → its samples, by time. Periods are counted from `start`."""
    found: dict[tuple[int, str], Bucket] = {}
    for unit, at, bucket in buckets:
        key = (start + (at - start) // period * period, unit)
        found.setdefault(key, Bucket()).merge(bucket)
    return dict(sorted(found.items()))
