"""Load shapes: how many records at a time, and how long to wait in between. Same seed, same load."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """Send `count` records, then wait `pause` seconds (of the target's clock)."""

    count: int
    pause: float


def steady(records: int, per_second: int) -> Iterator[Step]:
    """The same number every second."""
    _positive(records, per_second)
    for start in range(0, records, per_second):
        yield Step(min(per_second, records - start), 1.0)


def ramp(records: int, first: int, last: int, seconds: int) -> Iterator[Step]:
    """From `first` records a second to `last` in `seconds` steps of a second, then steady, until all are sent."""
    _positive(records, first, last, seconds)
    sent = second = 0
    while sent < records:
        rate = first + (last - first) * min(second, seconds) // seconds
        count = min(rate, records - sent)
        yield Step(count, 1.0)
        sent += count
        second += 1


def bursts(records: int, seed: int, largest: int = 250, longest_pause: float = 90.0) -> Iterator[Step]:
    """Bursts of random size with random pauses."""
    _positive(records, largest)
    dice = random.Random(seed)
    while records:
        count = min(records, dice.randint(1, largest))
        yield Step(count, dice.uniform(0.0, longest_pause))
        records -= count


def _positive(*numbers: int) -> None:
    if min(numbers) < 1:
        raise ValueError("a load needs numbers of at least 1")
