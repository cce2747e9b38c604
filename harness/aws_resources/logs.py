"""CloudWatch Logs: groups with their streams. A function's or an API's group is made by the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.aws_resources.kind import ClientOf, Found
from harness.json_object import Json


class LogGroups:
    service, noun = "logs", "log group"
    types = frozenset(
        {
            "aws_apigatewayv2_api",
            "aws_api_gateway_rest_api",
            "aws_cloudwatch_log_group",
            "aws_kinesis_firehose_delivery_stream",
            "aws_lambda_function",
        }
    )

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        """Whose a group is, a part of its path tells: `/aws/lambda/orders`."""
        for page in client_of("logs").get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                yield Found(group["logGroupName"], tuple(group["logGroupName"].split("/")))

    def describe(self, client_of: ClientOf, id: str) -> Json:
        logs = client_of("logs")
        groups = logs.describe_log_groups(logGroupNamePrefix=id)["logGroups"]
        filters = logs.describe_subscription_filters(logGroupName=id)["subscriptionFilters"]
        return {
            "retention": next(each.get("retentionInDays") for each in groups if each["logGroupName"] == id),
            "filters": sorted(each["filterName"] for each in filters),
            "streams": sorted(_streams(logs, id)),
        }

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        for stream in now["streams"]:
            if stream not in before["streams"]:
                client_of("logs").delete_log_stream(logGroupName=id, logStreamName=stream)

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("logs").delete_log_group(logGroupName=id)


def remove_execution_logs(client_of: ClientOf, rest_api_id: str) -> list[str]:
    """Remove the groups that API Gateway made for a REST API's stages; their names know nothing of who made the API."""
    logs = client_of("logs")
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"API-Gateway-Execution-Logs_{rest_api_id}/"
    )
    names = [each["logGroupName"] for page in pages for each in page["logGroups"]]
    for name in names:
        logs.delete_log_group(logGroupName=name)
    return names


def _streams(logs: Any, group: str) -> Iterator[str]:
    for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group):
        for stream in page["logStreams"]:
            yield stream["logStreamName"]
