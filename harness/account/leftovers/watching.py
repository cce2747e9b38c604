"""CloudWatch alarms and log groups. A function's or an API's log group is made by the service: Terraform leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.account.leftovers.kind import ClientOf, Mark


class Alarms:
    noun = "alarm"
    types = frozenset({"aws_cloudwatch_metric_alarm"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        pages = client_of("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=mark.prefix)
        for page in pages:
            yield from (each["AlarmName"] for each in page["MetricAlarms"] if mark.names(each["AlarmName"]))

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("cloudwatch").delete_alarms(AlarmNames=[name])


class LogGroups:
    noun = "log group"
    types = frozenset(
        {
            "aws_apigatewayv2_api",
            "aws_api_gateway_rest_api",
            "aws_cloudwatch_log_group",
            "aws_kinesis_firehose_delivery_stream",
            "aws_lambda_function",
        }
    )

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("logs").get_paginator("describe_log_groups").paginate():
            yield from (each["logGroupName"] for each in page["logGroups"] if mark.names_path(each["logGroupName"]))

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("logs").delete_log_group(logGroupName=name)


def remove_execution_logs(logs: Any, rest_api_id: str) -> list[str]:
    """Remove the groups that API Gateway made for a REST API's stages; their names know nothing of the run."""
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"API-Gateway-Execution-Logs_{rest_api_id}/"
    )
    names = [each["logGroupName"] for page in pages for each in page["logGroups"]]
    for name in names:
        logs.delete_log_group(logGroupName=name)
    return names
