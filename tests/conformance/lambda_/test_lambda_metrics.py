"""Lambda's CloudWatch metrics (C10), and alarms on them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.faults import declare
from tests.conformance.metrics import metric, metric_names

LAMBDA = "AWS/Lambda"
SOURCE = """
def handler(event, context):
    if event.get("fail") or "Records" in event:
        raise Exception("no luck")
"""


def make(functions: Any) -> str:
    return str(functions.make(SOURCE, Timeout=30))


def test_a_function_without_events_has_no_metrics(functions: Any, aws: Any) -> None:
    name = make(functions)
    aws.advance(600)
    assert metric_names(aws, LAMBDA, FunctionName=name) == set()


def test_throttles_are_neither_invocations_nor_errors(functions: Any, aws: Any) -> None:
    """C10, for the reserved concurrency and for a fault."""
    name = make(functions)
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError):
        functions.invoke(name, {})
    assert metric(aws, LAMBDA, "Throttles", FunctionName=name) == (1, 1, 1, "Count")
    functions.client.delete_function_concurrency(FunctionName=name)
    declare(aws, "error", {"service": "lambda", "operation": "Invoke"}, code="TooManyRequestsException", status=429)
    with pytest.raises(ClientError):
        functions.invoke(name, {})
    assert metric(aws, LAMBDA, "Throttles", FunctionName=name)[0] == 2
    assert metric_names(aws, LAMBDA, FunctionName=name) == {"Throttles"}


def test_failures_of_the_asynchronous_way(functions: Any, aws: Any) -> None:
    """C10: events that were dropped, dead-letter queues and destinations that did not take them."""
    name = make(functions)
    gone = "arn:aws:sqs:us-east-1:000000000000:gone"
    aws.client("sqs").create_queue(QueueName="gone")
    functions.client.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": gone})
    functions.client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": gone}}
    )
    aws.client("sqs").delete_queue(QueueUrl=aws.client("sqs").get_queue_url(QueueName="gone")["QueueUrl"])
    functions.invoke(name, {"fail": 1}, InvocationType="Event")
    aws.settle()
    expected = {
        "Invocations": (2, 2, 1, "Count"),
        "Errors": (2, 2, 1, "Count"),
        "AsyncEventsReceived": (1, 1, 1, "Count"),
        "AsyncEventAge": (60_000, 2, 60_000, "Milliseconds"),
        "AsyncEventsDropped": (1, 1, 1, "Count"),
        "DeadLetterErrors": (1, 1, 1, "Count"),
        "DestinationDeliveryFailures": (1, 1, 1, "Count"),
    }
    assert {each: metric(aws, LAMBDA, each, FunctionName=name) for each in expected} == expected


def test_invocations(functions: Any, aws: Any) -> None:
    """C10: names, units and dimensions; errors are zero where nothing failed, so that alarms recover."""
    name = make(functions)
    functions.invoke(name, {})
    functions.invoke(name, {"fail": 1})
    for dimensions in ({}, {"FunctionName": name}, {"FunctionName": name, "Resource": name}):
        assert metric(aws, LAMBDA, "Invocations", **dimensions) == (2, 2, 1, "Count")
        assert metric(aws, LAMBDA, "Errors", **dimensions) == (1, 2, 1, "Count")
        assert metric(aws, LAMBDA, "Throttles", **dimensions) == (0, 2, 0, "Count")
        assert metric(aws, LAMBDA, "ConcurrentExecutions", **dimensions) == (2, 2, 1, "Count")
        total, count, most, unit = metric(aws, LAMBDA, "Duration", **dimensions)
        assert 0 < most < total < 30_000
        assert (count, unit) == (2, "Milliseconds")
    assert metric(aws, LAMBDA, "UnreservedConcurrentExecutions") == (2, 2, 1, "Count")


def test_an_alias_tells_the_version_that_ran(functions: Any, aws: Any) -> None:
    """C10: Resource is `name:alias`, ExecutedVersion what it meant."""
    name = make(functions)
    version = functions.client.publish_version(FunctionName=name)["Version"]
    functions.client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    functions.invoke(name, {}, Qualifier="live")
    functions.invoke(name, {}, Qualifier=version)
    alias = {"FunctionName": name, "Resource": f"{name}:live"}
    assert metric(aws, LAMBDA, "Invocations", **alias, ExecutedVersion=version)[0] == 1
    assert metric(aws, LAMBDA, "Invocations", **alias)[0] == 1
    assert metric(aws, LAMBDA, "Invocations", FunctionName=name)[0] == 2
    published = {"FunctionName": name, "Resource": f"{name}:{version}"}
    assert metric_names(aws, LAMBDA, **published, ExecutedVersion=version) == set()


def test_the_iterator_age_of_a_mapping_fires_an_alarm(functions: Any, aws: Any) -> None:
    """C10, E2: the age of a batch's last record, per batch; a poison batch makes it grow until the alarm fires, and it
    recovers when the batch is gone."""
    name = make(functions)
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="aging", ShardCount=1)
    mapping = functions.client.create_event_source_mapping(
        EventSourceArn="arn:aws:kinesis:us-east-1:000000000000:stream/aging",
        FunctionName=name,
        StartingPosition="TRIM_HORIZON",
        MaximumRecordAgeInSeconds=600,
    )
    assert mapping["State"] == "Creating"
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="old",
        Namespace=LAMBDA,
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=3,
        Threshold=120_000,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )

    def state() -> str:
        return str(cloudwatch.describe_alarms(AlarmNames=["old"])["MetricAlarms"][0]["StateValue"])

    kinesis.put_record(StreamName="aging", Data=b"poison", PartitionKey="k")
    aws.advance(120)
    assert state() == "OK"
    aws.advance(300)
    assert state() == "ALARM"
    _, count, most, unit = metric(aws, LAMBDA, "IteratorAge", FunctionName=name)
    assert (count > 5, most > 300_000, unit) == (True, True, "Milliseconds")
    aws.advance(600)
    assert state() == "OK"
