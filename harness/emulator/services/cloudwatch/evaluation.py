"""What the datapoints of an alarm's evaluation range mean for its state (E2). Nothing here knows time or the store."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

from harness.emulator.services.cloudwatch.model import ALARM, INSUFFICIENT_DATA, OK

EXTRA_PERIODS = 2
"""The evaluation range is wider than the evaluation periods by so many (E2's examples: 5 for 3)."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


class Datapoint(NamedTuple):
    """One period of an alarm's metric: first second, value, sample count (None for metric math)."""

    at: int
    value: float
    samples: float | None


class Decision(NamedTuple):
    """The state that follows (None: it stays as it is), the datapoints that were used, oldest first, and how many
    missing ones were filled in as breaching or not."""

    state: str | None
    used: list[Datapoint]
    filled: int


def decide(
    points: Sequence[Datapoint | None],
    breaches: Callable[[float], bool],
    periods: int,
    needed: int,
    treatment: str,
) -> Decision:
    """`points` is the evaluation range, oldest first, None where there is no data. `periods` is N, `needed` M."""
    real = [point for point in points if point is not None]
    used = real[-periods:]
    gaps = periods - len(used)
    breaching = sum(breaches(point.value) for point in used)
    if gaps == 0:
        return Decision(ALARM if breaching >= needed else OK, used, 0)
    if treatment == "breaching":
        return Decision(ALARM if breaching + gaps >= needed else OK, used, gaps)
    if treatment == "notBreaching":
        return Decision(ALARM if breaching >= needed else OK, used, gaps)
    if not used:
        return Decision(None if treatment == "ignore" else INSUFFICIENT_DATA, used, 0)
    if breaching >= needed:
        return Decision(ALARM, used, 0)
    if breaching < len(used):
        return Decision(OK, used, 0)
    # All that is there breaches, but it is less than needed. It is an alarm all the same if the oldest of it is as old
    # as `needed` periods: waiting for what is missing would not change that. Else the next datapoints will tell.
    oldest = next(index for index, point in enumerate(points) if point is not None)
    is_old_enough = len(points) - oldest >= needed
    return Decision(ALARM if treatment == "missing" and is_old_enough else None, used, 0)
