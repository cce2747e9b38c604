"""CloudWatch alarms."""

from __future__ import annotations

from collections.abc import Iterator

from harness.aws_resources.kind import ClientOf, Found, named


class Alarms:
    service, noun = "cloudwatch", "alarm"
    types = frozenset({"aws_cloudwatch_metric_alarm"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("cloudwatch").get_paginator("describe_alarms").paginate():
            for each in page["MetricAlarms"]:
                yield named(each["AlarmName"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("cloudwatch").delete_alarms(AlarmNames=[id])
