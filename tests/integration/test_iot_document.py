"""The iot system by its document: what it says of the components, their names, their roles and their logs.

Its commands are in test_aws_cli.py, its Terraform runs in test_systems_alone.py.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.full_stack import FullStack

READING = b'{"device_id":"sensor-001","temperature":22.5,"humidity":60}'


@pytest.fixture
def enforced(stack: FullStack, iam_is_here: None) -> Iterator[FullStack]:
    """The stack with IAM's policies deciding."""
    stack.aws.admin("POST", "iam", {"mode": "enforce"})
    yield stack
    stack.aws.admin("POST", "iam", {"mode": "off"})


def allow_less(stack: FullStack, action: str) -> dict[str, Any]:
    """Take the statement with this action from the delivery stream's role; returns the policy that it had."""
    iam, role = stack.aws.client("iam"), stack.iot["delivery_stream_name"]
    policy: dict[str, Any] = iam.get_role_policy(RoleName=role, PolicyName="delivery")["PolicyDocument"]
    less = [statement for statement in policy["Statement"] if action not in statement["Action"]]
    assert len(less) == len(policy["Statement"]) - 1
    allow(stack, {**policy, "Statement": less})
    return policy


def allow(stack: FullStack, policy: dict[str, Any]) -> None:
    stack.aws.client("iam").put_role_policy(
        RoleName=stack.iot["delivery_stream_name"], PolicyName="delivery", PolicyDocument=json.dumps(policy)
    )


@pytest.mark.parametrize(("action", "code"), [("kinesis:GetRecords", ""), ("s3:PutObject", "S3.AccessDenied")])
def test_without_reading_or_writing_the_delivery_stream_waits(enforced: FullStack, action: str, code: str) -> None:
    """Kinesis read and S3 write: without either nothing arrives; once it is there again nothing was lost (A12)."""
    policy = allow_less(enforced, action)
    enforced.put_records(enforced.iot["stream_name"], [READING])
    enforced.aws.advance(300)
    bucket = enforced.iot["bucket_name"]
    assert enforced.objects(bucket) == {}
    assert not code or any(code in line for line in enforced.log(enforced.iot["delivery_log_group_name"]))

    allow(enforced, policy)
    enforced.aws.settle()
    assert [line["temperature_f"] for line in enforced.lines(bucket, "data/")] == [72.5]


def test_without_invoking_the_records_are_processing_failed(enforced: FullStack) -> None:
    """Lambda invoke: refused, and the record as it came is under processing-failed (A9)."""
    allow_less(enforced, "lambda:InvokeFunction")
    enforced.put_records(enforced.iot["stream_name"], [READING])
    enforced.aws.settle()
    (error,) = enforced.lines(enforced.iot["bucket_name"], "processing-failed/")
    assert error["errorCode"] == "Lambda.InvokeAccessDenied"
    assert base64.b64decode(error["rawData"]) == READING
    assert enforced.log(enforced.iot["function_log_group_name"]) == []


def test_the_roles_suffice(enforced: FullStack) -> None:
    """Kinesis read, Lambda invoke, S3 write, logs write: with IAM enforced a reading arrives converted."""
    enforced.put_records(enforced.iot["stream_name"], [READING])
    enforced.aws.settle()
    assert [line["temperature_f"] for line in enforced.lines(enforced.iot["bucket_name"], "data/")] == [72.5]
    log = enforced.log(enforced.iot["function_log_group_name"])
    assert any('Transformed: {"Ok": 1, "Dropped": 0, "ProcessingFailed": 0}' in line for line in log)


def test_the_documents_names(stack: FullStack) -> None:
    """The names that its commands use are the stack's defaults."""
    assert stack.iot["stream_name"] == "ExampleDataStream"
    assert stack.iot["bucket_name"] == "bucket-for-iot-data-salvador"
    assert stack.iot["function_log_group_name"] == "/aws/lambda/firehose_lambda_processor_salvador"
    assert stack.iot["delivery_log_group_name"].startswith("/aws/kinesisfirehose/")


def test_the_components(stack: FullStack) -> None:
    """Data stream, Firehose that reads it and calls the function, function, bucket; both write to their log groups."""
    described = stack.aws.client("firehose").describe_delivery_stream(
        DeliveryStreamName=stack.iot["delivery_stream_name"]
    )["DeliveryStreamDescription"]
    assert described["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"] == stack.iot["stream_arn"]
    s3 = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert s3["BucketARN"] == f"arn:aws:s3:::{stack.iot['bucket_name']}"
    assert s3["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 60}
    assert s3["CloudWatchLoggingOptions"]["LogGroupName"] == stack.iot["delivery_log_group_name"]
    (processor,) = s3["ProcessingConfiguration"]["Processors"]
    (function,) = [each["ParameterValue"] for each in processor["Parameters"] if each["ParameterName"] == "LambdaArn"]
    assert function.endswith(":function:firehose_lambda_processor_salvador:$LATEST")
