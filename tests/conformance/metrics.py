"""Reading metrics in tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def metric(aws: Any, namespace: str, name: str, **dimensions: str) -> tuple[float, float, float, str]:
    """(sum, sample count, maximum, unit) of a metric over the last twelve hours; all empty when it is absent."""
    now = aws.now()
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=datetime.fromtimestamp(now - 43200, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
        Period=60,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )["Datapoints"]
    if not points:
        return 0.0, 0.0, 0.0, ""
    total, count = sum(point["Sum"] for point in points), sum(point["SampleCount"] for point in points)
    return total, count, max(point["Maximum"] for point in points), points[0]["Unit"]


def metric_names(aws: Any, namespace: str, **dimensions: str) -> set[str]:
    """The names of the metrics with exactly these dimensions."""
    found = aws.client("cloudwatch").list_metrics(Namespace=namespace)["Metrics"]
    return {each["MetricName"] for each in found if {d["Name"]: d["Value"] for d in each["Dimensions"]} == dimensions}
