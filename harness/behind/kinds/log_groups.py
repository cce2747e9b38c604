"""CloudWatch Logs: the log streams of a group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.behind.kind import Json


class LogGroups:
    service, noun = "logs", "log group"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                yield group["logGroupName"]

    def describe(self, client: Any, name: str) -> Json:
        groups = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        filters = client.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]
        return {
            "retention": next(each.get("retentionInDays") for each in groups if each["logGroupName"] == name),
            "filters": sorted(each["filterName"] for each in filters),
            "streams": sorted(_streams(client, name)),
        }

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        for stream in now["streams"]:
            if stream not in before["streams"]:
                client.delete_log_stream(logGroupName=name, logStreamName=stream)

    def remove(self, client: Any, name: str) -> None:
        client.delete_log_group(logGroupName=name)


def _streams(client: Any, group: str) -> Iterator[str]:
    for page in client.get_paginator("describe_log_streams").paginate(logGroupName=group):
        for stream in page["logStreams"]:
            yield stream["logStreamName"]
