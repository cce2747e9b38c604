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


class CompositeAlarms:
    service, noun = "cloudwatch", "composite alarm"
    types = frozenset({"aws_cloudwatch_composite_alarm"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        pages = client_of("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["CompositeAlarm"])
        for page in pages:
            for each in page["CompositeAlarms"]:
                yield named(each["AlarmName"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("cloudwatch").delete_alarms(AlarmNames=[id])


class Dashboards:
    service, noun = "cloudwatch", "dashboard"
    types = frozenset({"aws_cloudwatch_dashboard"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("cloudwatch").get_paginator("list_dashboards").paginate():
            for each in page["DashboardEntries"]:
                yield named(each["DashboardName"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("cloudwatch").delete_dashboards(DashboardNames=[id])


class MetricStreams:
    service, noun = "cloudwatch", "metric stream"
    types = frozenset({"aws_cloudwatch_metric_stream"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        more: dict[str, str] = {}
        while True:  # boto3 has no paginator for it
            page = client_of("cloudwatch").list_metric_streams(**more)
            for each in page["Entries"]:
                yield named(each["Name"])
            if "NextToken" not in page:
                return
            more = {"NextToken": page["NextToken"]}

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("cloudwatch").delete_metric_stream(Name=id)
