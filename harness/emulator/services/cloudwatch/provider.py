"""CloudWatch, native: metrics in a bounded store, and alarms that evaluate on the clock."""

from __future__ import annotations

from harness.emulator.services.cloudwatch.alarms import AlarmOperations
from harness.emulator.services.cloudwatch.get_metrics import GetMetricOperations
from harness.emulator.services.cloudwatch.metric_data import MetricDataOperations
from harness.emulator.services.cloudwatch.tags import TagOperations


class CloudWatch(MetricDataOperations, GetMetricOperations, AlarmOperations, TagOperations):
    """Metrics, metric alarms, tags. Dashboards, composites, streams and insights are refused by name."""

    name = "cloudwatch"

    async def start(self) -> None:
        self.watch_anew()
