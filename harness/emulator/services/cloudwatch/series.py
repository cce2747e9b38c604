"""The series of one metric's statistic: what GetMetricData and alarms read."""

from __future__ import annotations

from harness.emulator.metrics import Bucket, Identity
from harness.emulator.services.cloudwatch import statistics
from harness.emulator.services.cloudwatch.base import CloudWatchBase, dimension_pairs, invalid
from harness.emulator.services.cloudwatch.metric_math import Series
from harness.json_object import Json


class SeriesOperations(CloudWatchBase):
    """Reads buckets, makes statistics."""

    def series(self, account: str, region: str, stat: Json, start: int, end: float) -> Series:
        """The datapoints of a MetricStat, periods counted from `start`. Those without a value are left out."""
        named = stat["Metric"]
        pairs = dimension_pairs(named.get("Dimensions"))
        metric: Identity = (account, region, named.get("Namespace", ""), named.get("MetricName", ""), pairs)
        by_time: dict[int, Bucket] = {}
        buckets = self.world.metrics.buckets(metric, start, end, stat.get("Unit"))
        for (at, _), bucket in statistics.by_period(buckets, start, stat["Period"]).items():
            by_time.setdefault(at, Bucket()).merge(bucket)
        values = {at: statistics.value(bucket, stat["Stat"]) for at, bucket in by_time.items()}
        return {at: value for at, value in values.items() if value is not None}

    def check_statistic(self, name: str, where: str, *, extended: bool = False) -> None:
        """Raises NotEmulated for trimmed means and their like, InvalidParameterValue for what is no statistic."""
        if (not extended and name in statistics.SIMPLE) or statistics.percentile(name) is not None:
            return
        if name == "IQM" or name[:2] in ("tm", "wm", "tc", "ts", "TM", "WM", "TC", "TS", "PR"):
            raise self.refuse(f"{where} {name}")
        raise invalid(f"The value {name} for parameter {where} is not supported.")
