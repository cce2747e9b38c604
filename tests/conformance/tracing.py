"""Pipelines for the tests of the trace, and what they ask of an answer."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from harness.json_object import Json
from tests.conftest import Aws

ROLE = "arn:aws:iam::000000000000:role/test"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}

TRANSFORM = """
import base64

def handler(event, context):
    out = []
    for record in event["records"]:
        data = base64.b64decode(record["data"]).decode()
        if "raise" in data:
            raise ValueError("told to")
        result = next((word for word in ("Dropped", "ProcessingFailed") if word in data), "Ok")
        new = base64.b64encode(data.upper().encode()).decode()
        out.append({"recordId": record["recordId"], "result": result, "data": new})
    return {"records": out}
"""

CONSUMER = """
import base64

def handler(event, context):
    if any(b"fail" in base64.b64decode(record["kinesis"]["data"]) for record in event["Records"]):
        raise ValueError("told to")
"""


def function(aws: Aws, name: str, source: str, **settings: Any) -> str:
    """A Python function; returns its ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", source)
    given = {"FunctionName": name, "Runtime": "python3.11", "Handler": "app.handler", "Role": ROLE, "Timeout": 10}
    arn = aws.client("lambda").create_function(**given, Code={"ZipFile": archive.getvalue()}, **settings)["FunctionArn"]
    return str(arn)


def processing(arn: str) -> Json:
    values = {"LambdaArn": f"{arn}:$LATEST", "NumberOfRetries": "1"}
    parameters = [{"ParameterName": n, "ParameterValue": v} for n, v in values.items()]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}


def bucket(aws: Aws, name: str) -> str:
    aws.client("s3").create_bucket(Bucket=name)
    return f"arn:aws:s3:::{name}"


def keys(aws: Aws, name: str) -> list[str]:
    return [each["Key"] for each in aws.client("s3").list_objects_v2(Bucket=name).get("Contents", [])]


def to_s3(aws: Aws, name: str, transform: str = "", source: str = "", **settings: Any) -> str:
    """A delivery stream to the bucket `<name>-bucket`; returns its ARN."""
    s3 = {"RoleARN": ROLE, "BucketARN": bucket(aws, f"{name}-bucket"), "BufferingHints": HINTS, **settings}
    if transform:
        s3["ProcessingConfiguration"] = processing(transform)
    given: Json = {"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": s3}
    if source:
        given["DeliveryStreamType"] = "KinesisStreamAsSource"
        given["KinesisStreamSourceConfiguration"] = {"KinesisStreamARN": source, "RoleARN": ROLE}
    return str(aws.client("firehose").create_delivery_stream(**given)["DeliveryStreamARN"])


def to_sink(aws: Aws, name: str, transform: str = "", seconds: int = 0) -> str:
    """A delivery stream to the built-in sink `name`, with a backup of what fails; returns its ARN."""
    s3 = {"RoleARN": ROLE, "BucketARN": bucket(aws, f"{name}-bucket"), "BufferingHints": HINTS}
    destination: Json = {
        "EndpointConfiguration": {"Url": f"{aws.url}/_harness/sinks/{name}/deliver"},
        "BufferingHints": HINTS,
        "RetryOptions": {"DurationInSeconds": seconds},
        "S3BackupMode": "FailedDataOnly",
        "S3Configuration": s3,
        "RoleARN": ROLE,
    }
    if transform:
        destination["ProcessingConfiguration"] = processing(transform)
    client = aws.client("firehose")
    answer = client.create_delivery_stream(DeliveryStreamName=name, HttpEndpointDestinationConfiguration=destination)
    return str(answer["DeliveryStreamARN"])


def stream(aws: Aws, name: str, shards: int = 1) -> str:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    return str(arn)


def put(aws: Aws, name: str, *data: bytes) -> list[str]:
    """Direct PUT; returns the RecordIds."""
    answer = aws.client("firehose").put_record_batch(DeliveryStreamName=name, Records=[{"Data": each} for each in data])
    return [each["RecordId"] for each in answer["RequestResponses"]]


def put_stream(aws: Aws, name: str, *data: bytes) -> list[str]:
    """PutRecords; returns the sequence numbers."""
    records = [{"Data": each, "PartitionKey": str(index)} for index, each in enumerate(data)]
    answer = aws.client("kinesis").put_records(StreamName=name, Records=records)
    return [each["SequenceNumber"] for each in answer["Records"]]


def queue(aws: Aws, name: str) -> str:
    """A queue; returns its ARN."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def mapping(aws: Aws, source: str, arn: str, **settings: Any) -> str:
    given = {"EventSourceArn": source, "FunctionName": arn, "StartingPosition": "TRIM_HORIZON", "BatchSize": 10}
    return str(aws.client("lambda").create_event_source_mapping(**(given | settings))["UUID"])


def traced(aws: Aws, record: str) -> Json:
    """The trace's answer for an id."""
    answer = aws.http.get(f"/_harness/trace/{record}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    times = [hop["time"] for hop in found.get("hops", [])]
    assert times == sorted(times)
    return found


def fates(answer: Json) -> list[str]:
    return [fate["fate"] for fate in answer["fates"]]


def hops(answer: Json, service: str, event: str) -> list[Json]:
    return [hop for hop in answer["hops"] if (hop["service"], hop["event"]) == (service, event)]
