"""Firehose's CloudWatch metrics through boto3."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/firehose"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}

HANDLER = """
import base64

def handler(event, context):
    out = []
    for record in event["records"]:
        data = base64.b64decode(record["data"]).decode()
        result = data.strip("x")
        if result == "Raise":
            raise ValueError
        out.append({"recordId": record["recordId"], "result": result, "data": base64.b64encode(b"new").decode()})
    return {"records": out}
"""


def statistics(aws: Any, metric: str, stream: str | None) -> dict[str, Any]:
    """Sum, SampleCount, Minimum, Maximum and Unit of a metric over the last twelve hours; empty when it is absent."""
    now = aws.now()
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Firehose",
        MetricName=metric,
        Dimensions=[{"Name": "DeliveryStreamName", "Value": stream}] if stream else [],
        StartTime=datetime.fromtimestamp(now - 43200, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
        Period=60,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
    )["Datapoints"]
    if not points:
        return {}
    return {
        "Sum": sum(p["Sum"] for p in points),
        "SampleCount": sum(p["SampleCount"] for p in points),
        "Minimum": min(p["Minimum"] for p in points),
        "Maximum": max(p["Maximum"] for p in points),
        "Unit": points[0]["Unit"],
    }


def total(aws: Any, metric: str, stream: str) -> tuple[float, str]:
    found = statistics(aws, metric, stream)
    return found["Sum"], found["Unit"]


def settings(aws: Any, name: str, **more: Any) -> dict[str, Any]:
    aws.client("s3").create_bucket(Bucket=name)
    return {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{name}", "BufferingHints": HINTS, **more}


def create(aws: Any, name: str, **s3: Any) -> None:
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=settings(aws, f"{name}-bucket", **s3)
    )


def function(aws: Any, name: str) -> dict[str, Any]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", HANDLER)
    arn = aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    values = {"LambdaArn": arn, "NumberOfRetries": "1"}
    parameters = [{"ParameterName": n, "ParameterValue": v} for n, v in values.items()]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}


def put(aws: Any, name: str, *data: bytes) -> None:
    aws.client("firehose").put_record_batch(DeliveryStreamName=name, Records=[{"Data": d} for d in data])


def names(aws: Any, stream: str) -> set[str]:
    found = aws.client("cloudwatch").list_metrics(
        Namespace="AWS/Firehose", Dimensions=[{"Name": "DeliveryStreamName", "Value": stream}]
    )
    return {metric["MetricName"] for metric in found["Metrics"]}


def test_an_idle_stream_has_no_metrics(aws: Any) -> None:
    """A17: activity metrics are published only when there is something; DataFreshness is absent without traffic."""
    create(aws, "idle")
    aws.advance(600)
    assert names(aws, "idle") == set()


def test_a_blocked_delivery_has_no_freshness(aws: Any) -> None:
    """A17: DataFreshness is absent when delivery is fully blocked; Success says so."""
    create(aws, "blocked")
    aws.client("s3").delete_bucket(Bucket="blocked-bucket")
    put(aws, "blocked", b"one")
    aws.advance(300)
    found = statistics(aws, "DeliveryToS3.Success", "blocked")
    assert found["SampleCount"] > 1
    assert (found["Maximum"], found["Unit"]) == (0, "None")
    assert not names(aws, "blocked") & {"DeliveryToS3.DataFreshness", "DeliveryToS3.Records", "DeliveryToS3.Bytes"}
    aws.client("s3").create_bucket(Bucket="blocked-bucket")
    aws.settle()
    freshness = statistics(aws, "DeliveryToS3.DataFreshness", "blocked")
    assert freshness["Unit"] == "Seconds"
    assert freshness["Maximum"] >= 300


def test_a_failing_function_counts_each_invocation(aws: Any) -> None:
    """A17: ExecuteProcessing.Success is a ratio over invocations; what failed is no SucceedProcessing."""
    create(aws, "raising", ProcessingConfiguration=function(aws, "raising"))
    put(aws, "raising", b"Raise")
    aws.settle()
    found = statistics(aws, "ExecuteProcessing.Success", "raising")
    assert (found["Sum"], found["SampleCount"], found["Unit"]) == (0, 2, "None")
    assert statistics(aws, "ExecuteProcessing.Duration", "raising")["Unit"] == "Milliseconds"
    assert "SucceedProcessing.Records" not in names(aws, "raising")
    assert total(aws, "DeliveryToS3.Records", "raising") == (1, "Count")


def test_the_worked_capture(aws: Any) -> None:
    """A17: 51 B Ok, 53 B Dropped, 53 B failed: original sizes, error objects are deliveries, the backup has all."""
    backup = settings(aws, "capture-backup")
    create(
        aws,
        "capture",
        ProcessingConfiguration=function(aws, "capture"),
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
    )
    put(aws, "capture", b"Ok".ljust(51, b"x"), b"Dropped".ljust(53, b"x"), b"ProcessingFailed".ljust(53, b"x"))
    aws.settle()
    assert {
        name: total(aws, name, "capture")
        for name in (
            "DeliveryToS3.Records",
            "DeliveryToS3.Bytes",
            "BackupToS3.Records",
            "BackupToS3.Bytes",
            "SucceedProcessing.Records",
            "SucceedProcessing.Bytes",
        )
    } == {
        "DeliveryToS3.Records": (2, "Count"),
        "DeliveryToS3.Bytes": (104, "Bytes"),
        "BackupToS3.Records": (3, "Count"),
        "BackupToS3.Bytes": (157, "Bytes"),
        "SucceedProcessing.Records": (1, "Count"),
        "SucceedProcessing.Bytes": (51, "Bytes"),
    }
    assert total(aws, "DeliveryToS3.ObjectCount", "capture") == (2, "Count")
    assert total(aws, "DeliveryToS3.Success", "capture") == (2, "None")
    assert total(aws, "BackupToS3.Success", "capture") == (1, "None")
    assert statistics(aws, "BackupToS3.DataFreshness", "capture")["Unit"] == "Seconds"
    assert total(aws, "ExecuteProcessing.Success", "capture") == (1, "None")


def test_puts(aws: Any) -> None:
    """A17: one sample per call with the call's total; empty records count; what is refused does not."""
    create(aws, "puts")
    put(aws, "puts", b"four", b"")
    put(aws, "puts", b"five!")
    aws.client("firehose").put_record(DeliveryStreamName="puts", Record={"Data": b"six"})
    with pytest.raises(ClientError):
        put(aws, "puts", *[b"x" * 1_000_000] * 5)
    incoming = statistics(aws, "IncomingBytes", "puts")
    assert incoming == {"Sum": 12, "SampleCount": 3, "Minimum": 3, "Maximum": 5, "Unit": "Bytes"}
    assert total(aws, "IncomingRecords", "puts") == (4, "Count")
    assert total(aws, "IncomingPutRequests", "puts") == (3, "Count")
    assert total(aws, "PutRecord.Bytes", "puts") == (3, "Bytes")
    assert total(aws, "PutRecord.Requests", "puts") == (1, "Count")
    assert total(aws, "PutRecordBatch.Bytes", "puts") == (9, "Bytes")
    assert total(aws, "PutRecordBatch.Records", "puts") == (3, "Count")
    assert total(aws, "PutRecordBatch.Requests", "puts") == (2, "Count")
    assert statistics(aws, "PutRecordBatch.Latency", "puts")["Unit"] == "Milliseconds"
    assert total(aws, "BytesPerSecondLimit", "puts")[1] == "Bytes/Second"
    limit = statistics(aws, "RecordsPerSecondLimit", "puts")
    assert (limit["Maximum"], limit["SampleCount"], limit["Unit"]) == (500_000, 1, "Count")
    assert statistics(aws, "PutRequestsPerSecondLimit", "puts")["Maximum"] == 2_000
    assert "ThrottledRecords" not in names(aws, "puts")


def test_control_calls(aws: Any) -> None:
    """A17: Describe and UpdateDestination per stream, List for the account."""
    create(aws, "calls")
    firehose = aws.client("firehose")
    firehose.describe_delivery_stream(DeliveryStreamName="calls")
    firehose.list_delivery_streams()
    firehose.update_destination(
        DeliveryStreamName="calls",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "p/"},
    )
    assert total(aws, "DescribeDeliveryStream.Requests", "calls") == (1, "Count")
    assert total(aws, "UpdateDeliveryStream.Requests", "calls") == (1, "Count")
    assert total(aws, "UpdateDeliveryStream.Latency", "calls")[1] == "Milliseconds"
    assert statistics(aws, "ListDeliveryStreams.Requests", None)["Sum"] == 1


def test_a_kinesis_source(aws: Any) -> None:
    """A17: what was read, how far behind; the Direct PUT metrics are absent."""
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="measured", ShardCount=1)
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="from-measured",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/measured",
            "RoleARN": ROLE,
        },
        ExtendedS3DestinationConfiguration=settings(aws, "measured-bucket"),
    )
    kinesis.put_record(StreamName="measured", Data=b"seven..", PartitionKey="k")
    aws.settle()
    assert total(aws, "DataReadFromKinesisStream.Bytes", "from-measured") == (7, "Bytes")
    assert total(aws, "DataReadFromKinesisStream.Records", "from-measured") == (1, "Count")
    assert statistics(aws, "KinesisMillisBehindLatest", "from-measured")["Unit"] == "Milliseconds"
    assert not {name for name in names(aws, "from-measured") if name.startswith(("Incoming", "Put"))}


def test_what_an_endpoint_refuses_counts_as_delivered_to_s3(aws: Any) -> None:
    """A17: error objects count as DeliveryToS3, also where S3 is not the destination, with the records' own sizes."""
    aws.admin("PUT", "sinks/refusing.example.com", {"answers": [{"status": 500, "times": 100}]})
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="refused",
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": "https://refusing.example.com/in"},
            "RoleARN": ROLE,
            "BufferingHints": HINTS,
            "RetryOptions": {"DurationInSeconds": 0},
            "ProcessingConfiguration": function(aws, "refused"),
            "S3Configuration": settings(aws, "refused-bucket"),
        },
    )
    put(aws, "refused", b"Ok".ljust(51, b"x"), b"ProcessingFailed".ljust(53, b"x"))
    aws.settle()
    assert total(aws, "DeliveryToS3.Records", "refused") == (2, "Count")
    assert total(aws, "DeliveryToS3.Bytes", "refused") == (104, "Bytes")
    assert total(aws, "DeliveryToS3.ObjectCount", "refused") == (2, "Count")
    assert total(aws, "DeliveryToS3.Success", "refused") == (2, "None")
    assert total(aws, "DeliveryToHttpEndpoint.Success", "refused") == (0, "Count")
    assert not {name for name in names(aws, "refused") if name.startswith("BackupToS3")}


def test_an_endpoint(aws: Any) -> None:
    """A17: Processed* include retries; Bytes and Records count what was acknowledged; AllData is a backup."""
    aws.admin("PUT", "sinks/measured.example.com", {"answers": [{"status": 500, "times": 2}]})
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="to-endpoint",
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": "https://measured.example.com/in"},
            "BufferingHints": HINTS,
            "S3BackupMode": "AllData",
            "S3Configuration": settings(aws, "to-endpoint-bucket"),
        },
    )
    put(aws, "to-endpoint", b"four")
    aws.settle()
    assert total(aws, "DeliveryToHttpEndpoint.ProcessedBytes", "to-endpoint") == (12, "Bytes")
    assert total(aws, "DeliveryToHttpEndpoint.ProcessedRecords", "to-endpoint") == (3, "Count")
    assert total(aws, "DeliveryToHttpEndpoint.Bytes", "to-endpoint") == (4, "Bytes")
    assert total(aws, "DeliveryToHttpEndpoint.Records", "to-endpoint") == (1, "Count")
    assert total(aws, "DeliveryToHttpEndpoint.Success", "to-endpoint") == (1, "Count")
    assert total(aws, "DeliveryToHttpEndpoint.DataFreshness", "to-endpoint")[1] == "Seconds"
    assert total(aws, "BackupToS3.Bytes", "to-endpoint") == (4, "Bytes")
    assert "DeliveryToS3.Records" not in names(aws, "to-endpoint")


def test_get_metric_data_sees_them(aws: Any) -> None:
    """A17: the other way to read, and the way of dashboards."""
    create(aws, "data")
    put(aws, "data", b"four")
    now = aws.now()
    dimensions = [{"Name": "DeliveryStreamName", "Value": "data"}]
    metric = {"Namespace": "AWS/Firehose", "MetricName": "IncomingBytes", "Dimensions": dimensions}
    (found,) = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=datetime.fromtimestamp(now // 60 * 60, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
    )["MetricDataResults"]
    assert found["Values"] == [4]
