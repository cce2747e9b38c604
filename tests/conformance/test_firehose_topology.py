"""Firehose through boto3 with real S3, Lambda processes, Kinesis and HTTP sinks behind it."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from typing import Any

import pytest

ROLE = "arn:aws:iam::000000000000:role/firehose"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}

HANDLER = """
import base64, time

def handler(event, context):
    out = []
    for record in event["records"]:
        data = base64.b64decode(record["data"]).decode()
        if data == "raise":
            raise ValueError("told to")
        if data == "sleep":
            time.sleep(10)
        if data == "malformed":
            return "nonsense"
        result = data if data in ("Dropped", "ProcessingFailed") else "Ok"
        new = base64.b64encode((data.upper() + "\\n").encode()).decode()
        out.append({"recordId": record["recordId"], "result": result, "data": new})
    return {"records": out}
"""


def bucket(aws: Any, name: str) -> str:
    aws.client("s3").create_bucket(Bucket=name)
    return f"arn:aws:s3:::{name}"


def objects(aws: Any, name: str, prefix: str = "") -> dict[str, Any]:
    s3 = aws.client("s3")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=name, Prefix=prefix).get("Contents", [])]
    return {key: s3.get_object(Bucket=name, Key=key) for key in keys}


def bodies(aws: Any, name: str, prefix: str = "") -> bytes:
    return b"".join(o["Body"].read() for o in objects(aws, name, prefix).values())


def error_lines(aws: Any, name: str, prefix: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bodies(aws, name, prefix).splitlines()]


def function(aws: Any, name: str, timeout: int = 3) -> dict[str, Any]:
    """A real transform function, and the processing configuration that names it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", HANDLER)
    arn = aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Timeout=timeout,
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    values = {"LambdaArn": f"{arn}:$LATEST", "NumberOfRetries": "1"}
    parameters = [{"ParameterName": n, "ParameterValue": v} for n, v in values.items()]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}


def create(aws: Any, name: str, **s3: Any) -> None:
    settings = {"RoleARN": ROLE, "BucketARN": bucket(aws, f"{name}-bucket"), "BufferingHints": HINTS, **s3}
    aws.client("firehose").create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=settings)


def put(aws: Any, name: str, *data: bytes) -> dict[str, Any]:
    records = [{"Data": d} for d in data]
    answer = aws.client("firehose").put_record_batch(DeliveryStreamName=name, Records=records)
    assert answer["FailedPutCount"] == 0
    return dict(answer)


@pytest.mark.parametrize(
    ("data", "code", "attempts"),
    [
        (b"raise", "Lambda.FunctionError", 2),
        (b"sleep", "Lambda.FunctionError", 2),
        (b"malformed", "Lambda.JsonProcessingException", 1),
        (b"ProcessingFailed", "Lambda.ProcessingFailedStatus", 1),
    ],
)
def test_a_failing_transform_ends_in_error_objects(aws: Any, data: bytes, code: str, attempts: int) -> None:
    """A9, A10: raised, timed out, malformed, marked: the record as received under processing-failed.

    A function's timeout is recorded as Lambda.FunctionError (2026) or Lambda.FunctionTimedOut (2022).
    """
    create(aws, "fails", ProcessingConfiguration=function(aws, "fails", timeout=1))
    put(aws, "fails", data)
    aws.settle()
    (line,) = error_lines(aws, "fails-bucket", "processing-failed/")
    assert (line["errorCode"], line["attemptsMade"]) == (code, attempts)
    assert base64.b64decode(line["rawData"]) == data
    assert line["lambdaARN"].endswith(":function:fails:$LATEST")
    assert len(objects(aws, "fails-bucket")) == 1


def test_a_missing_function_is_seen_at_delivery_only(aws: Any) -> None:
    """A2, A9: create does not check the function; its records end as Lambda.ResourceNotFound."""
    processing = function(aws, "gone")
    aws.client("lambda").delete_function(FunctionName="gone")
    create(aws, "no-function", ProcessingConfiguration=processing)
    put(aws, "no-function", b"x")
    aws.settle()
    assert [e["errorCode"] for e in error_lines(aws, "no-function-bucket", "processing-failed/")] == [
        "Lambda.ResourceNotFound"
    ]


def test_a_bucket_that_comes_late_gets_everything(aws: Any) -> None:
    """A12, A18: a missing bucket is retried; the error log names it; creating it heals."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/aws/kinesisfirehose/late")
    logs.create_log_stream(logGroupName="/aws/kinesisfirehose/late", logStreamName="DestinationDelivery")
    options = {
        "Enabled": True,
        "LogGroupName": "/aws/kinesisfirehose/late",
        "LogStreamName": "DestinationDelivery",
    }
    create(aws, "late", CloudWatchLoggingOptions=options)
    aws.client("s3").delete_bucket(Bucket="late-bucket")
    put(aws, "late", b"one")
    aws.advance(600)
    bucket(aws, "late-bucket")
    aws.settle()
    assert bodies(aws, "late-bucket") == b"one"
    events = logs.filter_log_events(logGroupName="/aws/kinesisfirehose/late")["events"]
    assert json.loads(events[0]["message"])["errorCode"] == "S3.NoSuchBucket"


def test_transform_and_backup(aws: Any) -> None:
    """A7, A11, A12: Ok is delivered transformed and compressed, Dropped is not; the backup holds all sources."""
    backup = {"RoleARN": ROLE, "BucketARN": bucket(aws, "whole-backup"), "BufferingHints": HINTS, "Prefix": "raw/"}
    create(
        aws,
        "whole",
        ProcessingConfiguration=function(aws, "whole"),
        Prefix="out/!{timestamp:yyyy}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        CompressionFormat="GZIP",
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
    )
    put(aws, "whole", b"one", b"Dropped", b"ProcessingFailed", b"two")
    aws.settle()
    ((key, found),) = objects(aws, "whole-bucket", "out/").items()
    assert key.endswith(".gz")
    assert (found["ContentType"], found["ContentEncoding"]) == ("application/octet-stream", "gzip")
    assert gzip.decompress(found["Body"].read()) == b"ONE\nTWO\n"
    assert len(error_lines(aws, "whole-bucket", "errors/processing-failed/")) == 1
    assert bodies(aws, "whole-backup", "raw/2") == b"oneDroppedProcessingFailedtwo"


def test_kinesis_to_s3_through_a_transform(aws: Any) -> None:
    """A6, A8: from the create time on, through a real function, into S3."""
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="source", ShardCount=2)
    kinesis.put_record(StreamName="source", Data=b"before", PartitionKey="k")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="from-kinesis",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/source",
            "RoleARN": ROLE,
        },
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": bucket(aws, "from-kinesis-bucket"),
            "BufferingHints": HINTS,
            "ProcessingConfiguration": function(aws, "from-kinesis"),
        },
    )
    for start in range(0, 1000, 500):
        kinesis.put_records(
            StreamName="source",
            Records=[{"Data": b"r%d" % n, "PartitionKey": str(n)} for n in range(start, start + 500)],
        )
    aws.settle()
    lines = bodies(aws, "from-kinesis-bucket").split()
    assert sorted(lines) == sorted(b"R%d" % n for n in range(1000))


def endpoint(aws: Any, name: str, url: str, **more: Any) -> None:
    s3 = {"RoleARN": ROLE, "BucketARN": bucket(aws, f"{name}-bucket"), "BufferingHints": HINTS}
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": url, "AccessKey": "test"},
            "BufferingHints": HINTS,
            "RoleARN": ROLE,
            "S3Configuration": s3,
            **more,
        },
    )


def test_an_endpoint_that_never_acknowledges_leads_to_the_bucket(aws: Any) -> None:
    """A14: 500 until the retry budget ends, then error objects under http-endpoint-failed."""
    aws.admin("PUT", "sinks/never.example.com", {"answers": [{"status": 500, "times": 1000, "body": "oops"}]})
    endpoint(aws, "never", "https://never.example.com/in", RetryOptions={"DurationInSeconds": 30})
    put(aws, "never", b"one", b"two")
    aws.settle()
    requests = aws.admin("GET", "sinks/never.example.com")["requests"]
    lines = error_lines(aws, "never-bucket", "http-endpoint-failed/")
    assert [base64.b64decode(line["rawData"]) for line in lines] == [b"one", b"two"]
    assert {line["attemptsMade"] for line in lines} == {len(requests)}
    assert lines[0]["errorCode"] == "HttpEndpoint.DestinationException"
    assert len({r["headers"]["x-amz-firehose-request-id"] for r in requests}) == 1


def test_an_endpoint_that_recovers_gets_the_data(aws: Any) -> None:
    """A14: exact request on the wire, gzip, retried with the same request id; nothing in the bucket."""
    answers = [{"status": 503, "times": 2}, {"status": 200, "body": {"requestId": "wrong", "timestamp": 1}}]
    aws.admin("PUT", "sinks/log-api.example.com", {"answers": answers})
    attributes = [{"AttributeName": "team", "AttributeValue": "a"}]
    request = {"ContentEncoding": "GZIP", "CommonAttributes": attributes}
    endpoint(aws, "recovers", "https://log-api.example.com/x", RequestConfiguration=request)
    put(aws, "recovers", b"one")
    aws.settle()
    seen = aws.admin("GET", "sinks/log-api.example.com")["requests"]
    assert len(seen) == 4
    body = json.loads(seen[-1]["body"])
    assert body["records"] == [{"data": base64.b64encode(b"one").decode()}]
    headers = seen[-1]["headers"]
    assert headers["x-amz-firehose-request-id"] == body["requestId"]
    assert json.loads(headers["x-amz-firehose-common-attributes"]) == {"commonAttributes": {"team": "a"}}
    assert headers["x-amz-firehose-access-key"] == "test"
    assert headers["user-agent"] == "Amazon Kinesis Data Firehose Agent/1.0"
    assert (headers["content-encoding"], headers["content-type"]) == ("gzip", "application/json")
    assert set(headers) == {
        "host",
        "content-length",
        "content-type",
        "content-encoding",
        "user-agent",
        *(f"x-amz-firehose-{n}" for n in ("protocol-version", "request-id", "source-arn", "access-key")),
        "x-amz-firehose-common-attributes",
    }
    assert not objects(aws, "recovers-bucket")


def test_plain_http_to_this_machine(aws: Any) -> None:
    """Law 8, A14: loopback URLs are taken as they are, plain http too; a refused connection is retried."""
    endpoint(aws, "local", f"{aws.url}/_harness/sinks/local/deliver", RetryOptions={"DurationInSeconds": 0})
    put(aws, "local", b"one")
    aws.settle()
    assert len(aws.admin("GET", "sinks/local")["requests"]) == 1
    endpoint(aws, "refused", "http://127.0.0.1:9/", RetryOptions={"DurationInSeconds": 3})
    put(aws, "refused", b"one")
    aws.settle()
    (line,) = error_lines(aws, "refused-bucket", "http-endpoint-failed/")
    assert line["errorCode"] == "HttpEndpoint.ConnectionFailed"
    assert line["attemptsMade"] > 1
