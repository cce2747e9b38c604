"""CloudWatch, native: metrics in a bounded store, and alarms that evaluate on the clock."""

from __future__ import annotations

from harness.emulator.services.cloudwatch.alarms import AlarmOperations
from harness.emulator.services.cloudwatch.dashboards import DASHBOARD, DashboardOperations
from harness.emulator.services.cloudwatch.detectors import ANOMALY_DETECTOR, DetectorOperations
from harness.emulator.services.cloudwatch.get_metrics import GetMetricOperations
from harness.emulator.services.cloudwatch.metric_data import MetricDataOperations
from harness.emulator.services.cloudwatch.metric_streams import METRIC_STREAM, MetricStreamOperations
from harness.emulator.services.cloudwatch.tags import TagOperations


class CloudWatch(
    MetricDataOperations,
    GetMetricOperations,
    AlarmOperations,
    DashboardOperations,
    DetectorOperations,
    MetricStreamOperations,
    TagOperations,
):
    """Metrics and metric math, metric alarms, composite alarms, tags. Dashboards, anomaly detectors and metric streams
    are kept; insights are refused by name."""

    name = "cloudwatch"
    kept = frozenset({DASHBOARD, ANOMALY_DETECTOR, METRIC_STREAM})

    async def start(self) -> None:
        self.watch_anew()
