"""What an emulator still holds: whatever each service lists that the systems use."""

from __future__ import annotations

from typing import Any

from tests.conftest import Aws


def left_over(aws: Aws) -> dict[str, list[Any]]:
    """Kind of resource -> those that are left. KMS keys that wait for their deletion are not counted."""
    client = aws.client
    kms, iam = client("kms"), client("iam")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return {
        "REST APIs": client("apigateway").get_rest_apis()["items"],
        "usage plans": client("apigateway").get_usage_plans()["items"],
        "logging role": [role for role in [client("apigateway").get_account().get("cloudwatchRoleArn")] if role],
        "HTTP APIs": client("apigatewayv2").get_apis()["Items"],
        "streams": client("kinesis").list_streams()["StreamNames"],
        "delivery streams": client("firehose").list_delivery_streams()["DeliveryStreamNames"],
        "functions": client("lambda").list_functions()["Functions"],
        "event source mappings": client("lambda").list_event_source_mappings()["EventSourceMappings"],
        "buckets": client("s3").list_buckets()["Buckets"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "topics": client("sns").list_topics()["Topics"],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "users": iam.list_users()["Users"],
        "roles": iam.list_roles()["Roles"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "keys": [key for key in keys if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion"],
        "aliases": [each for each in kms.list_aliases()["Aliases"] if not each["AliasName"].startswith("alias/aws/")],
        "log groups": client("logs").describe_log_groups()["logGroups"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
    }
