"""What is measured: a bounded store of statistic sets per metric and minute (E2).

Services note what they measure of themselves with `add` (one sample) or `add_all` (a group, for hot paths: no look-up
per metric); CloudWatch notes what callers send with `record` and reads with `find` and `buckets`. A bucket keeps sum,
minimum, maximum, count and the samples' values for percentiles; it spans a minute, or a second for high-resolution data
of the last three hours.

Kept for 15 days (AWS rolls older data up to 5 minutes and hours; here it is gone), and at most `MOST_BUCKETS`: the
oldest are forgotten first. A bucket lives in a row of the store from its first sample on; the row is put again
when its minute is over, so a crash loses at most the samples of the running minute. `record` puts at once.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from harness.emulator.store import Table

if TYPE_CHECKING:
    from harness.emulator.world import World

log = logging.getLogger(__name__)

MINUTE = 60
RETENTION_SECONDS = 15 * 86400
HIGH_RESOLUTION_SECONDS = 3 * 3600
"""How long buckets of one second are kept as such."""
MOST_BUCKETS = 250_000
"""40 metrics for more than four days without a pause, about 60 MB."""
MOST_VALUES = 500
"""Distinct values kept as they are in one bucket; further ones are rounded to three digits (percentiles only)."""

_HELD_BACK = 256
"""Samples that a group holds back at most."""
_SPAN = 600
"""Seconds of one row. A row is written whole to the journal each minute, so it should not be long."""


class Metric(NamedTuple):
    """Whose metric, and which. `dimensions` are pairs of name and value; `unit` is CloudWatch's (`Count`, `None`)."""

    account: str
    region: str
    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...] = ()


Identity = tuple[str, str, str, str, tuple[tuple[str, str], ...]]
"""What tells metrics apart for CloudWatch: account, region, namespace, name, dimensions by name. Not the unit."""


class Bucket:
    """The samples of one metric in one minute (or second)."""

    __slots__ = ("count", "exact", "maximum", "minimum", "sum", "values")

    def __init__(self) -> None:
        self.sum = 0.0
        self.minimum = float("inf")
        self.maximum = float("-inf")
        self.count = 0.0
        self.values: dict[float, float] | None = None
        """Value → how often. None as long as all samples have the same value, or none is known (`exact`)."""
        self.exact = True
        """Whether every sample's value is known. A statistic set tells only its limits."""

    def add(self, value: float, count: float = 1) -> None:
        """`count` samples of one value."""
        if self.count == 0:
            self.minimum = self.maximum = value
        elif self.values is not None or value != self.minimum or value != self.maximum:
            self._note(value, count)
            if value < self.minimum:
                self.minimum = value
            if value > self.maximum:
                self.maximum = value
        self.sum += value * count
        self.count += count

    def merge(self, other: Bucket) -> None:
        """Take in the samples of another bucket."""
        if other.count == 0:
            return
        if other.exact and other.values is None:
            self.add(other.minimum, other.count)
            return
        for value, count in (other.values or {}).items():
            self._note(value, count)
        self.exact = self.exact and other.exact
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        self.sum += other.sum
        self.count += other.count

    def add_set(self, total: float, minimum: float, maximum: float, count: float) -> None:
        """A statistic set: the values between its limits stay unknown."""
        if minimum == maximum or count == 1:
            self.add(maximum, count)
            return
        self.exact = False
        self.minimum, self.maximum = min(self.minimum, minimum), max(self.maximum, maximum)
        self.sum += total
        self.count += count

    def samples(self) -> list[tuple[float, float]]:
        """(value, how often), by value."""
        return sorted(self.values.items()) if self.values is not None else [(self.minimum, self.count)]

    def _note(self, value: float, count: float) -> None:
        values = self.values
        if values is None:
            values = self.values = {self.minimum: self.count} if self.count else {}
        if value not in values and len(values) >= MOST_VALUES:
            value = float(f"{value:.2e}")
        values[value] = values.get(value, 0) + count

    def __getstate__(self) -> tuple[object, ...]:
        return (self.sum, self.minimum, self.maximum, self.count, self.values, self.exact)

    def __setstate__(self, state: tuple[float, float, float, float, dict[float, float] | None, bool]) -> None:
        self.sum, self.minimum, self.maximum, self.count, self.values, self.exact = state


class Group:
    """Metrics that are always measured together. Whoever measures keeps the group: it knows the minute's buckets, and
    holds samples back until there are many or somebody reads."""

    __slots__ = ("buckets", "metrics", "minute", "samples")

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.metrics = tuple(metrics)
        self.minute: object = None
        self.buckets: list[Bucket] = []
        self.samples: list[tuple[float, ...]] = []

    def settle(self) -> None:
        """Put the samples held back into the buckets."""
        samples, self.samples = self.samples, []
        count = len(samples)
        for bucket, values in zip(self.buckets, zip(*samples, strict=True), strict=False):
            first = values[0]
            if values.count(first) == count:  # most metrics are always one or zero
                bucket.add(first, count)
            else:
                for value, times in Counter(values).items():
                    bucket.add(value, times)


_Row = dict[int, Bucket]
"""The buckets of one metric and span of time by their first second."""


class Metrics:
    """The store. The rows are the truth; what is beside them is found again by `resume`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows: Table[tuple[Metric, int], _Row] = world.store.table("metrics.buckets")
        self._groups: list[Group] = []
        """Those that were measured in the running minute."""
        self.resume()

    # -- writing ----------------------------------------------------------------------------------------------

    def add(self, metric: Metric, value: float) -> None:
        """One sample, now."""
        minute = int(self._world.clock.now()) // MINUTE
        if minute != self._minute:
            self._begin(minute)
        bucket = self._now.get(metric)
        if bucket is None:
            bucket = self._open(metric)
        bucket.add(value)

    def add_all(self, group: Group, values: tuple[float, ...]) -> None:
        """One sample of each metric of a group, now."""
        minute = int(self._world.clock.now()) // MINUTE
        if minute != self._minute:
            self._begin(minute)
        if group.minute is not self._now:
            group.minute = self._now
            group.buckets = [self._now.get(metric) or self._open(metric) for metric in group.metrics]
            self._groups.append(group)
        samples = group.samples
        samples.append(values)
        if len(samples) >= _HELD_BACK:
            group.settle()

    def state(self, metric: Metric, value: float) -> None:
        """A value that holds rather than happens (a limit): one sample per minute."""
        if int(self._world.clock.now()) // MINUTE != self._minute or metric not in self._now:
            self.add(metric, value)

    def record(self, metric: Metric, when: float, resolution: int, samples: Bucket) -> None:
        """Samples that a caller sent, at epoch second `when`, in a bucket of 60 seconds or 1 second."""
        start = int(when) // resolution * resolution
        if start <= self._world.clock.now() - RETENTION_SECONDS:
            return
        minute = int(self._world.clock.now()) // MINUTE
        if minute != self._minute:
            self._begin(minute)
        key, row = self._row(metric, start)
        self._bucket(row, start).merge(samples)
        self._rows.put(key, row)
        if self._count > MOST_BUCKETS:
            self._begin(minute)

    # -- reading ----------------------------------------------------------------------------------------------

    def find(self, account: str, region: str) -> list[Identity]:
        """All metrics of an account in a region that have data, in the order in which they came."""
        self._settle()
        return [identity for identity in self._units if identity[0] == account and identity[1] == region]

    def buckets(
        self, identity: Identity, start: float, end: float, unit: str | None = None
    ) -> list[tuple[str, int, Bucket]]:
        """(unit, first second, bucket) with `start` <= first second < `end`, by time."""
        self._settle()
        found = []
        for metric in self._units.get(identity, ()):
            if unit is not None and metric.unit != unit:
                continue
            for span in self._between(self._spans[metric], start, end):
                row = self._rows.get((metric, span)) or {}
                found += [(metric.unit, at, bucket) for at, bucket in row.items() if start <= at < end]
        return sorted(found, key=lambda entry: entry[1])

    def latest(self, identity: Identity) -> float:
        """The first second of the metric's newest bucket."""
        newest = [self._rows.get((metric, max(self._spans[metric]))) or {} for metric in self._units[identity]]
        return max(max(row, default=0) for row in newest)

    # -- life -------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Put what changed since the last minute into the store."""
        self._settle()
        for metric in self._now:
            key = (metric, self._minute * MINUTE // _SPAN * _SPAN)
            row = self._rows.get(key)
            if row is not None:
                self._rows.put(key, row)

    def resume(self) -> None:
        """Take over what the store holds."""
        self._units: dict[Identity, list[Metric]] = {}
        self._spans: dict[Metric, set[int]] = {}
        self._now: dict[Metric, Bucket] = {}
        for group in self._groups:
            group.samples.clear()
        self._groups = []
        self._minute = -1
        self._count = 0
        self._pruned = 0
        for (metric, span), row in self._rows.items():
            self._learn(metric, span)
            self._count += len(row)

    # -- machinery --------------------------------------------------------------------------------------------

    def _begin(self, minute: int) -> None:
        self.keep()
        self._minute = minute
        self._now = {}
        self._groups = []
        span = minute * MINUTE // _SPAN * _SPAN
        if span != self._pruned or self._count > MOST_BUCKETS:
            self._pruned = span
            self._prune(minute * MINUTE)

    def _settle(self) -> None:
        for group in self._groups:
            if group.samples:
                group.settle()

    def _open(self, metric: Metric) -> Bucket:
        start = self._minute * MINUTE
        key, row = self._row(metric, start)
        bucket = self._now[metric] = self._bucket(row, start)
        self._rows.put(key, row)
        return bucket

    def _row(self, metric: Metric, start: int) -> tuple[tuple[Metric, int], _Row]:
        key = (metric, start // _SPAN * _SPAN)
        row = self._rows.get(key)
        if row is None:
            row = {}
            self._learn(*key)
        return key, row

    def _bucket(self, row: _Row, start: int) -> Bucket:
        bucket = row.get(start)
        if bucket is None:
            bucket = row[start] = Bucket()
            self._count += 1
        return bucket

    def _learn(self, metric: Metric, span: int) -> None:
        spans = self._spans.get(metric)
        if spans is None:
            spans = self._spans[metric] = set()
            self._units.setdefault(_identity(metric), []).append(metric)
        spans.add(span)

    @staticmethod
    def _between(spans: set[int], start: float, end: float) -> list[int]:
        """The spans that reach into a time."""
        first = int(start) // _SPAN * _SPAN
        if (end - first) / _SPAN < len(spans):
            return [span for span in range(first, math.ceil(end), _SPAN) if span in spans]
        return [span for span in spans if span + _SPAN > start and span < end]

    def _prune(self, now: float) -> None:
        """Forget what is out of retention or too much, oldest first; bring old seconds together into minutes."""
        oldest = sorted(self._rows.keys(), key=lambda key: key[1])
        if self._count > MOST_BUCKETS:
            log.warning("the oldest metrics are forgotten: there are more than %d minutes of them", MOST_BUCKETS)
        allowed = MOST_BUCKETS if self._count <= MOST_BUCKETS else MOST_BUCKETS * 9 // 10
        for key in oldest:
            if key[1] + _SPAN > now - RETENTION_SECONDS and self._count <= allowed:
                break
            self._forget(key)
        for key in oldest:
            row = self._rows.get(key)
            if row is not None and len(row) > _SPAN // MINUTE and key[1] + _SPAN <= now - HIGH_RESOLUTION_SECONDS:
                self._coarsen(key, row)

    def _forget(self, key: tuple[Metric, int]) -> None:
        metric, span = key
        self._count -= len(self._rows.delete(key) or ())
        self._spans[metric].discard(span)
        if not self._spans[metric]:
            del self._spans[metric]
            units = self._units[_identity(metric)]
            units.remove(metric)
            if not units:
                del self._units[_identity(metric)]

    def _coarsen(self, key: tuple[Metric, int], row: _Row) -> None:
        coarse: _Row = {}
        for start in sorted(row):
            coarse.setdefault(start // MINUTE * MINUTE, Bucket()).merge(row[start])
        self._count += len(coarse) - len(row)
        self._rows.put(key, coarse)


def _identity(metric: Metric) -> Identity:
    return (metric.account, metric.region, metric.namespace, metric.name, tuple(sorted(metric.dimensions)))
