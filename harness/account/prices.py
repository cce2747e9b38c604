"""List prices of us-east-1 for what a streaming pipeline is made of.

Written down on 2026-11-28. AWS's own tables (https://aws.amazon.com/<service>/pricing/) load apart and could not be
read here: Kinesis shards, Lambda, API Gateway, Firehose, SQS, SNS, KMS keys and alarms are from public quotations of
them; DynamoDB, S3, logs, streams on demand and requests to KMS are unconfirmed. They are not your prices: no free tier,
no discount, no tax, and prices change. A type that is not listed is told as unknown, never taken for free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

REGION = "us-east-1"
AS_OF = "2026-11-28"
HOURS_PER_MONTH = 730

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Price:
    """`hourly` in USD while it exists; `use` says what is charged on top, by use."""

    hourly: float = 0.0
    use: str = ""


FREE = Price()
_KEY_MONTHLY = 1.0
_ALARM_MONTHLY = 0.10
_SHARD_HOURLY = 0.015
_ON_DEMAND_STREAM_HOURLY = 0.04
_WRITE_UNIT_HOURLY, _READ_UNIT_HOURLY = 0.00065, 0.00013

_LISTED = {
    "aws_lambda_function": Price(use="$0.20 per million requests, $0.0000166667 per GB-second"),
    "aws_kinesis_firehose_delivery_stream": Price(
        use="$0.029 per GB in (records rounded up to 5 KB); more for format conversion and dynamic partitioning"
    ),
    "aws_s3_bucket": Price(use="$5.00 per million writes, $0.40 per million reads, $0.023 per GB-month"),
    "aws_sqs_queue": Price(use="$0.40 per million requests (FIFO: $0.50)"),
    "aws_sns_topic": Price(use="$0.50 per million publications, and their deliveries"),
    "aws_cloudwatch_log_group": Price(use="$0.50 per GB in, $0.03 per GB-month"),
    "aws_api_gateway_rest_api": Price(use="$3.50 per million requests"),
    "aws_kms_key": Price(_KEY_MONTHLY / HOURS_PER_MONTH, "$3.00 per million requests"),
}

# What exists only as a part or a setting of something above, or is never charged.
_NEVER_CHARGED = frozenset(
    {
        "aws_api_gateway_account",
        "aws_api_gateway_api_key",
        "aws_api_gateway_authorizer",
        "aws_api_gateway_deployment",
        "aws_api_gateway_gateway_response",
        "aws_api_gateway_integration",
        "aws_api_gateway_integration_response",
        "aws_api_gateway_method",
        "aws_api_gateway_method_response",
        "aws_api_gateway_method_settings",
        "aws_api_gateway_model",
        "aws_api_gateway_request_validator",
        "aws_api_gateway_resource",
        "aws_api_gateway_rest_api_policy",
        "aws_api_gateway_usage_plan",
        "aws_api_gateway_usage_plan_key",
        "aws_apigatewayv2_authorizer",
        "aws_apigatewayv2_deployment",
        "aws_apigatewayv2_integration",
        "aws_apigatewayv2_route",
        "aws_apigatewayv2_stage",
        "aws_cloudwatch_log_resource_policy",
        "aws_cloudwatch_log_stream",
        "aws_iam_group",
        "aws_iam_policy",
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_kinesis_resource_policy",
        "aws_kms_alias",
        "aws_kms_key_policy",
        "aws_lambda_alias",
        "aws_lambda_event_source_mapping",
        "aws_lambda_function_event_invoke_config",
        "aws_lambda_function_url",
        "aws_lambda_permission",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_notification",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
        "aws_sns_topic_policy",
        "aws_sns_topic_subscription",
        "aws_sqs_queue_policy",
        "aws_sqs_queue_redrive_allow_policy",
        "aws_sqs_queue_redrive_policy",
        "terraform_data",
    }
)


def price_of(kind: str, values: Values) -> Price | None:
    """The price of a resource of that Terraform type with those planned values; None where it is not known."""
    if kind in _NEVER_CHARGED:
        return FREE
    if kind in _CALCULATED:
        return _CALCULATED[kind](values)
    return _LISTED.get(kind)


def _stream(values: Values) -> Price | None:
    modes = values.get("stream_mode_details") or [{}]
    if modes[0].get("stream_mode") == "ON_DEMAND":
        return Price(_ON_DEMAND_STREAM_HOURLY, "$0.08 per GB in, $0.04 per GB out")
    shards = values.get("shard_count")
    if not isinstance(shards, int):
        return None
    longer = "; more for retention over 24 hours" if (values.get("retention_period") or 24) > 24 else ""
    return Price(shards * _SHARD_HOURLY, f"$0.014 per million PUT payload units of 25 KB{longer}")


def _table(values: Values) -> Price | None:
    if values.get("billing_mode") == "PAY_PER_REQUEST":
        return Price(use="$0.625 per million writes, $0.125 per million reads, $0.25 per GB-month")
    write, read = values.get("write_capacity"), values.get("read_capacity")
    if not isinstance(write, int) or not isinstance(read, int) or values.get("global_secondary_index"):
        return None
    return Price(write * _WRITE_UNIT_HOURLY + read * _READ_UNIT_HOURLY, "$0.25 per GB-month")


def _alarm(values: Values) -> Price | None:
    if (values.get("period") or 60) < 60 or values.get("metric_query"):
        return None
    return Price(_ALARM_MONTHLY / HOURS_PER_MONTH)


def _rest_stage(values: Values) -> Price | None:
    return None if values.get("cache_cluster_enabled") else FREE


def _http_api(values: Values) -> Price | None:
    return Price(use="$1.00 per million requests") if values.get("protocol_type") == "HTTP" else None


_CALCULATED: dict[str, Callable[[Values], Price | None]] = {
    "aws_kinesis_stream": _stream,
    "aws_dynamodb_table": _table,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_api_gateway_stage": _rest_stage,
    "aws_apigatewayv2_api": _http_api,
}
