"""ListMetrics, GetMetricStatistics, GetMetricData: reading metrics. Metric math is in `metric_queries.py`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.emulator.call import Call
from harness.emulator.metrics import Bucket
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch import statistics
from harness.emulator.services.cloudwatch.base import (
    combination,
    dimensions_of,
    identity,
    invalid,
    page,
    without_nothing,
)
from harness.emulator.services.cloudwatch.metric_math import Series
from harness.emulator.services.cloudwatch.metric_queries import MetricQueries
from harness.emulator.services.cloudwatch.series import SeriesOperations
from harness.json_object import Json

MOST_METRICS = 500
"""Metrics on a page of ListMetrics; queries of one GetMetricData."""
MOST_DATAPOINTS = 1440
_RECENT = 3 * 3600
_SHORT_PERIODS = (1, 5, 10, 20, 30)


class GetMetricOperations(SeriesOperations):
    """Statistics are made when somebody asks, from buckets of a minute (or second)."""

    @operation
    def list_metrics(
        self,
        call: Call,
        *,
        namespace: str | None = None,
        metric_name: str | None = None,
        dimensions: list[Json] | None = None,
        recently_active: str | None = None,
        next_token: str | None = None,
    ) -> Json:
        """The metrics that have data. A dimension without a value matches every value."""
        since = self.world.clock.now() - _RECENT if recently_active is not None else None
        found = []
        for metric in self.world.metrics.find(call.account, call.region):
            if namespace not in (None, metric[2]) or metric_name not in (None, metric[3]):
                continue
            if not all(_matches(wanted, metric[4]) for wanted in dimensions or ()):
                continue
            if since is not None and self.world.metrics.latest(metric) < since:
                continue
            found.append({"Namespace": metric[2], "MetricName": metric[3], "Dimensions": dimensions_of(metric)})
        metrics, following = page(found, MOST_METRICS, next_token)
        return without_nothing({"Metrics": metrics, "NextToken": following})

    @operation
    def get_metric_statistics(
        self,
        call: Call,
        *,
        namespace: str,
        metric_name: str,
        start_time: float,
        end_time: float,
        period: int,
        dimensions: list[Json] | None = None,
        statistics: list[str] | None = None,
        extended_statistics: list[str] | None = None,
        unit: str | None = None,
    ) -> Json:
        """Datapoints per period and unit. Raises InvalidParameterValue, InvalidParameterCombination."""
        if not statistics and not extended_statistics:
            raise combination("Must specify either Statistics or ExtendedStatistics")
        if statistics and extended_statistics:
            raise combination("The parameters Statistics and ExtendedStatistics are mutually exclusive.")
        for name in extended_statistics or ():
            self.check_statistic(name, "ExtendedStatistics", extended=True)
        start = _start(start_time, end_time, period)
        if (end_time - start) / period > MOST_DATAPOINTS:
            wanted = int((end_time - start) // period)
            raise combination(
                f"You have requested up to {wanted:,} datapoints, which exceeds the limit of {MOST_DATAPOINTS:,}. "
                "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
            )
        metric = identity(call, namespace, metric_name, dimensions)
        buckets = self.world.metrics.buckets(metric, start, end_time, unit)
        datapoints = [
            _datapoint(at, found_unit, bucket, statistics or (), extended_statistics or ())
            for (at, found_unit), bucket in _by_period(buckets, start, period)
        ]
        return {"Label": metric_name, "Datapoints": datapoints}

    @operation
    def get_metric_data(
        self,
        call: Call,
        *,
        metric_data_queries: list[Json],
        start_time: float,
        end_time: float,
        scan_by: str = "TimestampDescending",
    ) -> Json:
        """One list of values per query. Periods begin at their multiples."""
        if len(metric_data_queries) > MOST_METRICS:
            raise invalid(f"The collection MetricDataQueries must not have a size greater than {MOST_METRICS}.")
        queries = MetricQueries.read(metric_data_queries, "MetricDataQueries")
        for name in queries.queries:
            _start(start_time, end_time, queries.period(name))
        for name in queries.metrics():
            self.check_statistic(queries.queries[name]["MetricStat"]["Stat"], "MetricStat.Stat")

        def start_of(period: int) -> int:
            return _start(start_time, end_time, period) // period * period

        def series_of(stat: Json, start: int) -> Series:
            return self.series(call.account, call.region, stat, start, end_time)

        results = []
        for query, label, series in queries.evaluate(series_of, start_of, math.ceil(end_time)):
            points = sorted(series.items(), reverse=scan_by != "TimestampAscending")
            results.append(
                {
                    "Id": query["Id"],
                    "Label": label,
                    "Timestamps": [at for at, _ in points],
                    "Values": [value for _, value in points],
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results, "Messages": []}


def _by_period(buckets: list[tuple[str, int, Bucket]], start: int, period: int) -> list[tuple[tuple[int, str], Bucket]]:
    return list(statistics.by_period(buckets, start, period).items())


def _matches(wanted: Json, dimensions: tuple[tuple[str, str], ...]) -> bool:
    return any(name == wanted["Name"] and wanted.get("Value", value) == value for name, value in dimensions)


def _start(start: float, end: float, period: int) -> int:
    """The beginning of the first period. Raises InvalidParameterValue for times or periods that can't be."""
    if start >= end:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    if period not in _SHORT_PERIODS and period % 60:
        raise invalid("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    step = min(period, 60)
    return int(start) // step * step


def _datapoint(at: int, unit: str, bucket: Bucket, simple: Sequence[str], extended: Sequence[str]) -> Json:
    datapoint: Json = {"Timestamp": at}
    for name in simple:
        datapoint[name] = statistics.value(bucket, name)
    datapoint["Unit"] = unit
    percentiles = {name: statistics.value(bucket, name) for name in extended}
    if extended:
        datapoint["ExtendedStatistics"] = without_nothing(percentiles)
    return datapoint
