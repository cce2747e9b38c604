"""Emptying by public APIs, seen on our emulator: what was called is empty afterwards, all else is as it was."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from harness.emulator.testing import EmulatorThread
from harness.json_object import Json
from harness.parity.session import ParitySession
from harness.targets.emptying import SERVICES, empty_publicly
from harness.targets.probe import probe
from tests.conftest import Aws
from tests.local_moto import moto_server

ROLE = "arn:aws:iam::000000000000:role/r"


def fill(aws: Aws) -> None:
    """Something of every kind, with content."""
    aws.client("s3").create_bucket(Bucket="bucket")
    aws.client("s3").put_object(Bucket="bucket", Key="k", Body=b"x")
    aws.client("sqs").create_queue(QueueName="queue")
    aws.client("sns").create_topic(Name="topic")
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Statement": statement}))
    aws.client("logs").create_log_group(logGroupName="group")
    aws.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    aws.client("secretsmanager").create_secret(Name="s", SecretString="v")
    aws.client("dynamodb").create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("kinesis").create_stream(StreamName="stream", ShardCount=1)
    s3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket"}
    aws.client("firehose").create_delivery_stream(DeliveryStreamName="d", ExtendedS3DestinationConfiguration=s3)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", "def handler(event, context): pass")
    code = {"Runtime": "python3.11", "Handler": "app.handler", "Role": ROLE, "Code": {"ZipFile": archive.getvalue()}}
    aws.client("lambda").create_function(FunctionName="f", **code)
    for _ in range(2):
        aws.client("lambda").publish_layer_version(LayerName="l", Content=code["Code"])
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/stream"
    aws.client("lambda").create_event_source_mapping(
        FunctionName="f", EventSourceArn=stream, StartingPosition="TRIM_HORIZON"
    )
    aws.client("apigateway").create_rest_api(name="rest")
    aws.client("apigateway").create_usage_plan(name="plan")
    aws.client("apigateway").create_api_key(name="key")
    aws.client("apigatewayv2").create_api(Name="http", ProtocolType="HTTP")
    metric: Json = {"Namespace": "n", "MetricName": "m", "Period": 60, "Statistic": "Sum"}
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="a", EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", **metric
    )
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    aws.client("cloudformation").create_stack(StackName="st", TemplateBody=json.dumps(template))


LISTS = {
    "s3": ("list_buckets", "Buckets"),
    "sqs": ("list_queues", "QueueUrls"),
    "sns": ("list_topics", "Topics"),
    "iam": ("list_roles", "Roles"),
    "logs": ("describe_log_groups", "logGroups"),
    "ssm": ("describe_parameters", "Parameters"),
    "secretsmanager": ("list_secrets", "SecretList"),
    "dynamodb": ("list_tables", "TableNames"),
    "kinesis": ("list_streams", "StreamNames"),
    "firehose": ("list_delivery_streams", "DeliveryStreamNames"),
    "lambda": ("list_functions", "Functions"),
    "lambda ": ("list_event_source_mappings", "EventSourceMappings"),
    "lambda  ": ("list_layers", "Layers"),
    "apigateway": ("get_rest_apis", "items"),
    "apigateway ": ("get_usage_plans", "items"),
    "apigateway  ": ("get_api_keys", "items"),
    "apigatewayv2": ("get_apis", "Items"),
    "cloudwatch": ("describe_alarms", "MetricAlarms"),
    "cloudformation": ("describe_stacks", "Stacks"),
}


def there(aws: Aws) -> set[str]:
    """The operations that still list something."""
    return {
        operation
        for service, (operation, member) in LISTS.items()
        if getattr(aws.client(service.strip()), operation)().get(member)
    }


ALL = {operation for operation, _ in LISTS.values()}


def test_nothing_is_left_of_any_kind(aws: Aws) -> None:
    fill(aws)
    assert there(aws) == ALL
    empty_publicly(aws.client, SERVICES)
    assert there(aws) == set()


def test_only_what_was_called_is_looked_at_and_what_it_writes_to(aws: Aws) -> None:
    fill(aws)
    empty_publicly(aws.client, {"lambda", "sqs"})
    gone = {"list_functions", "list_event_source_mappings", "list_layers", "list_queues", "describe_log_groups"}
    gone.add("list_roles")
    assert there(aws) == ALL - gone


def test_what_an_edge_restores_itself_is_left_alone(aws: Aws) -> None:
    fill(aws)
    empty_publicly(aws.client, SERVICES, but={"kinesis", "lambda"})
    assert there(aws) == {"list_streams", "list_functions", "list_event_source_mappings", "list_layers"}


def test_a_stack_may_have_made_anything(aws: Aws) -> None:
    fill(aws)
    empty_publicly(aws.client, {"cloudformation"})
    assert there(aws) == set()


def test_an_edge_in_front_of_what_has_no_reset(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own half has a reset, the other is emptied by public APIs; it has a clock, no snapshots."""
    monkeypatch.setattr("harness.emulator.upstream.remote._RESETS", ())
    with (
        moto_server(tmp_path / "log") as behind,
        EmulatorThread(clock="manual", upstream=behind, native="kinesis,firehose,lambda") as edge,
    ):
        place = probe(edge.url)
        aws = Aws(edge.url, ParitySession(place))
        assert place.reset == "/_harness/reset?part=here"
        assert "clock" in place.capabilities and "snapshots" not in place.capabilities
        assert place.kept is not None and {"kinesis", "lambda"} <= place.kept and "s3" not in place.kept
        for _ in range(2):  # what one test leaves is not in the next one's way
            aws.reset()
            assert aws.client("kinesis").list_streams()["StreamNames"] == []
            assert aws.client("s3").list_buckets()["Buckets"] == []
            aws.client("kinesis").create_stream(StreamName="s", ShardCount=1)
            aws.client("s3").create_bucket(Bucket="left-over")
        before = aws.now()
        aws.advance(60)
        assert aws.now() == before + 60
