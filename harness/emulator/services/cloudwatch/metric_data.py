"""PutMetricData: what callers measure themselves (E2)."""

from __future__ import annotations

import math

from harness.emulator.call import Call
from harness.emulator.metrics import Bucket, Metric
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch.base import CloudWatchBase, combination, identity, invalid
from harness.json_object import Json

MOST_DATA = 1000
MOST_VALUES = 150
_OLDEST = 14 * 86400
_LATEST = 2 * 3600
_LARGEST = 2.0**360
_KINDS = ("Value", "Values", "StatisticValues")


class MetricDataOperations(CloudWatchBase):
    """Writing metric data. Data with entities is refused by name."""

    @operation
    def put_metric_data(self, call: Call, *, namespace: str, metric_data: list[Json] | None = None) -> None:
        """Nothing is written if one datum is wrong. Raises InvalidParameterValue, InvalidParameterCombination."""
        if namespace.startswith("AWS/"):
            raise invalid("The value AWS/ for parameter Namespace is invalid.")
        data = metric_data or []
        if len(data) > MOST_DATA:
            raise invalid(f"The collection MetricData must not have a size greater than {MOST_DATA}.")
        now = self.world.clock.now()
        samples = [_samples(datum, f"MetricData.member.{number}", now) for number, datum in enumerate(data, 1)]
        for datum, bucket in zip(data, samples, strict=True):
            who = identity(call, namespace, datum["MetricName"], datum.get("Dimensions"))
            metric = Metric(*who[:4], datum.get("Unit", "None"), who[4])
            resolution = 1 if datum.get("StorageResolution", 60) == 1 else 60
            self.world.metrics.record(metric, datum.get("Timestamp", now), resolution, bucket)


def _samples(datum: Json, where: str, now: float) -> Bucket:
    """The datum's samples. Texts of most errors are unsure."""
    given = [kind for kind in _KINDS if kind in datum]
    if not given:
        raise invalid(f"At least one of the parameters {', '.join(f'{where}.{kind}' for kind in _KINDS)} is required.")
    if len(given) > 1:
        raise combination(f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive.")
    if datum.get("StorageResolution", 60) not in (1, 60):
        raise invalid(f"The parameter {where}.StorageResolution must be 1 or 60.")
    when = datum.get("Timestamp", now)
    if when < now - _OLDEST:
        raise invalid(f"The parameter {where}.Timestamp must specify a time within the last two weeks.")
    if when > now + _LATEST:
        raise invalid(f"The parameter {where}.Timestamp must specify a time no more than two hours in the future.")
    bucket = Bucket()
    if "Value" in datum:
        bucket.add(_number(datum["Value"], f"{where}.Value"))
    elif "Values" in datum:
        values = datum["Values"]
        counts = datum.get("Counts", [1.0] * len(values))
        if not 0 < len(values) <= MOST_VALUES:
            raise invalid(f"The collection {where}.Values must have a size between 1 and {MOST_VALUES}.")
        if len(counts) != len(values):
            raise invalid(f"The parameters {where}.Values and {where}.Counts must be of the same size.")
        for value, count in zip(values, counts, strict=True):
            bucket.add(_number(value, f"{where}.Values"), _number(count, f"{where}.Counts"))
    else:
        members = datum["StatisticValues"]
        total, minimum, maximum, count = (
            _number(members[name], f"{where}.StatisticValues.{name}")
            for name in ("Sum", "Minimum", "Maximum", "SampleCount")
        )
        if minimum > maximum:
            raise combination(f"The parameter {where}.StatisticValues.Maximum must be greater than Minimum.")
        if count <= 0:
            raise invalid(f"The parameter {where}.StatisticValues.SampleCount must be greater than 0.")
        bucket.add_set(total, minimum, maximum, count)
    return bucket


def _number(value: float, where: str) -> float:
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise invalid(f"The value {value} for parameter {where} is invalid.")
    return value
