"""The contract between Firehose and a transform function, row by row, with real functions (A8, A9)."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import pytest

from tests.conformance.faults import declare

ROLE = "arn:aws:iam::000000000000:role/firehose"
BUCKET = "lambda-contract"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
ALL = [b"one", b"two", b"three"]

# STEP is what the function does with its answer; `good` are the records as they should be.
HANDLER = """
import base64, json

def handler(event, context):
    print("invocation", event["invocationId"])
    records = event["records"]
    good = [
        {"recordId": r["recordId"], "result": "Ok", "data": upper(r["data"])}
        for r in records
    ]
    answer = {"records": good}
    STEP
    return answer

def upper(data):
    return base64.b64encode(base64.b64decode(data).upper()).decode()
"""


def start(aws: Any, step: str = "pass", retries: str = "1", source: str | None = None, **more: Any) -> str:
    """A delivery stream whose function runs `step` on its answer; returns the function's ARN."""
    aws.client("s3").create_bucket(Bucket=BUCKET)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", HANDLER.replace("STEP", step))
    arn = aws.client("lambda").create_function(
        FunctionName="contract", Runtime="python3.11", Handler="app.handler", Role=ROLE, Timeout=30,
        MemorySize=512, Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]  # fmt: skip
    values = {"LambdaArn": arn, "NumberOfRetries": retries}
    parameters = [{"ParameterName": n, "ParameterValue": v} for n, v in values.items()]
    kind: dict[str, Any] = {}
    if source is not None:
        kind = {
            "DeliveryStreamType": "KinesisStreamAsSource",
            "KinesisStreamSourceConfiguration": {"KinesisStreamARN": source, "RoleARN": ROLE},
        }
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="contract",
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{BUCKET}",
            "BufferingHints": HINTS,
            "ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]},
            **more,
        },
        **kind,
    )
    return str(arn)


def put(aws: Any, *data: bytes) -> None:
    aws.client("firehose").put_record_batch(DeliveryStreamName="contract", Records=[{"Data": d} for d in data])


def read(aws: Any, prefix: str) -> bytes:
    s3 = aws.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]
    return b"".join(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys)


def failures(aws: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(aws, "processing-failed/").splitlines()]


def invocations(aws: Any) -> list[str]:
    events = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/contract")["events"]
    return [event["message"].split()[1] for event in events if event["message"].startswith("invocation")]


@pytest.mark.parametrize(
    ("step", "code", "attempts"),
    [
        ("answer = None", "Lambda.MissingRecordId", 1),
        ("answer = {}", "Lambda.MissingRecordId", 1),
        ("answer['records'] = []", "Lambda.MissingRecordId", 1),
        ("answer = 'text'", "Lambda.JsonProcessingException", 1),
        ("answer['records'] = 'text'", "Lambda.JsonProcessingException", 1),
        ("good[1] = 5", "Lambda.JsonProcessingException", 1),
        ("good[1]['result'] = 'ok'", "Lambda.FunctionError", 1),
        ("del good[1]['result']", "Lambda.FunctionError", 1),
        ("good[1]['data'] = '***'", "Lambda.FunctionError", 1),
        ("raise ValueError", "Lambda.FunctionError", 2),
        ("good[1]['data'] = 'A' * 6300000", "Lambda.FunctionError", 2),
    ],
)
def test_what_fails_the_whole_batch(aws: Any, step: str, code: str, attempts: int) -> None:
    """A9: a successful answer is final however malformed; an error, also 6 MB exceeded, is tried again."""
    start(aws, step)
    put(aws, *ALL)
    aws.settle()
    lines = failures(aws)
    assert [base64.b64decode(line["rawData"]) for line in lines] == ALL
    assert {(line["errorCode"], line["attemptsMade"]) for line in lines} == {(code, attempts)}
    assert read(aws, "20") == b""


@pytest.mark.parametrize(
    ("step", "code", "message"),
    [
        (
            "good[1]['result'] = 'ProcessingFailed'",
            "Lambda.ProcessingFailedStatus",
            "ProcessingFailed status set for record",
        ),
        (
            "del good[1]",
            "Lambda.MissingRecordId",
            "One or more record Ids were not returned. Ensure that the Lambda function returns all received record "
            "Ids.",
        ),
        (
            "good[1]['recordId'] = 'stranger'",
            "Lambda.MissingRecordId",
            "One or more record Ids were not returned. Ensure that the Lambda function returns all received record "
            "Ids.",
        ),
        (
            "good.append(good[1])",
            "Lambda.DuplicatedRecordId",
            "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique "
            "record Id for each record.",
        ),
        (
            "del good[1]['data']",
            "Lambda.InvalidReturnFormat",
            "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and processing "
            "result is Ok. The value field cannot be null when the SourceType is MSKAsSource and processing result is "
            "Ok.",
        ),
    ],
)
def test_what_fails_one_record(aws: Any, step: str, code: str, message: str) -> None:
    """A9: the others are delivered, attemptsMade is 1. For a duplicated id, one of two known forms."""
    start(aws, step)
    put(aws, *ALL)
    aws.settle()
    (line,) = failures(aws)
    assert (line["errorCode"], line["errorMessage"], line["attemptsMade"]) == (code, message, 1)
    assert base64.b64decode(line["rawData"]) == b"two"
    assert read(aws, "20") == b"ONETHREE"


def test_ok_dropped_and_empty(aws: Any) -> None:
    """A9: a dropped record leaves no trace in the bucket; empty data is data; further members are ignored."""
    start(aws, "good[0]['result'] = 'Dropped'; good[1]['data'] = ''; good[2]['more'] = 1; answer['x'] = 1")
    put(aws, *ALL)
    aws.settle()
    assert (read(aws, "20"), failures(aws)) == (b"THREE", [])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("TooManyRequestsException", "Lambda.InvokeLimitExceeded"),
        ("AccessDeniedException", "Lambda.InvokeAccessDenied"),
        ("ResourceNotFoundException", "Lambda.ResourceNotFound"),
        ("InvalidSubnetIDException", "Lambda.InvalidSubnetIDException"),
        ("InvalidSecurityGroupIDException", "Lambda.InvalidSecurityGroupIDException"),
        ("SubnetIPAddressLimitReachedException", "Lambda.SubnetIPAddressLimitReachedException"),
        ("ENILimitReachedException", "Lambda.ENILimitReachedException"),
    ],
)
def test_invoke_failures(aws: Any, error: str, code: str) -> None:
    """A9: tried again NumberOfRetries times, then the batch fails; other batches go on."""
    start(aws, retries="2")
    declare(aws, "error", {"service": "lambda", "operation": "Invoke"}, {"count": 3}, code=error)
    put(aws, *ALL)
    aws.settle()
    assert {(line["errorCode"], line["attemptsMade"]) for line in failures(aws)} == {(code, 3)}
    put(aws, b"later")
    aws.settle()
    assert (len(failures(aws)), read(aws, "20")) == (3, b"LATER")


def test_throttling_that_ends_in_time(aws: Any) -> None:
    """A9: no concurrency left is an invoke failure; when there is some again, the records are delivered."""
    start(aws, retries="3")
    concurrency = {"FunctionName": "contract", "ReservedConcurrentExecutions": 0}
    aws.client("lambda").put_function_concurrency(**concurrency)
    put(aws, b"one")
    aws.advance(61)
    aws.client("lambda").delete_function_concurrency(FunctionName="contract")
    aws.settle()
    assert (read(aws, "20"), failures(aws)) == (b"ONE", [])


def test_a_success_is_not_run_again(aws: Any) -> None:
    """A9: a later retry of the S3 delivery does not invoke the function again."""
    start(aws)
    aws.client("s3").delete_bucket(Bucket=BUCKET)
    put(aws, b"one")
    aws.advance(600)
    aws.client("s3").create_bucket(Bucket=BUCKET)
    aws.settle()
    assert read(aws, "20") == b"ONE"
    assert len(invocations(aws)) == 1


def test_invocation_ids_are_fresh(aws: Any) -> None:
    """A8: one invocationId per attempt."""
    start(aws, "raise ValueError", retries="2")
    put(aws, b"one")
    aws.settle()
    assert len(invocations(aws)) == len(set(invocations(aws))) == 3


ECHO = "good[0]['data'] = base64.b64encode((json.dumps(event) + chr(10)).encode()).decode(); del good[1:]"


def test_the_event_of_direct_put(aws: Any) -> None:
    """A8: order and types of members, as the function sees them."""
    start(aws, ECHO)
    put(aws, b"one", b"")
    arrival = round(aws.now() * 1000)
    aws.settle()
    event = json.loads(read(aws, "20"))
    assert list(event) == ["invocationId", "deliveryStreamArn", "region", "records"]
    assert event["deliveryStreamArn"] == "arn:aws:firehose:us-east-1:000000000000:deliverystream/contract"
    assert event["region"] == "us-east-1"
    first, second = event["records"]
    assert list(first) == ["recordId", "approximateArrivalTimestamp", "data"]
    assert (first["data"], second["data"]) == ("b25l", "")
    assert isinstance(first["approximateArrivalTimestamp"], int)
    assert abs(first["approximateArrivalTimestamp"] - arrival) <= 1
    for record in (first, second):
        assert len(record["recordId"]) == 62
        assert record["recordId"].endswith("000000")


def test_the_event_of_a_kinesis_source(aws: Any) -> None:
    """A8: the source's ARN and, for each record, kinesisRecordMetadata."""
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="contract", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="contract")["StreamDescriptionSummary"]["StreamARN"]
    start(aws, ECHO, source=arn)
    sent = kinesis.put_record(StreamName="contract", PartitionKey="a key", Data=b"one")
    aws.settle()
    event = json.loads(read(aws, "20"))
    assert list(event) == ["invocationId", "sourceKinesisStreamArn", "deliveryStreamArn", "region", "records"]
    assert event["sourceKinesisStreamArn"] == arn
    (record,) = event["records"]
    assert list(record) == ["recordId", "approximateArrivalTimestamp", "data", "kinesisRecordMetadata"]
    assert record["recordId"] == sent["SequenceNumber"] + "000000"
    assert record["kinesisRecordMetadata"] == {
        "sequenceNumber": sent["SequenceNumber"],
        "subsequenceNumber": 0,
        "partitionKey": "a key",
        "shardId": sent["ShardId"],
        "approximateArrivalTimestamp": record["approximateArrivalTimestamp"],
    }


def test_a_request_fits_6_mb(aws: Any) -> None:
    """A8: the buffer counts raw bytes; base64 and JSON around 3 MB and one record more still fit one request."""
    start(aws, "pass")
    parameters = {
        "LambdaArn": aws.client("lambda").get_function(FunctionName="contract")["Configuration"]["FunctionArn"],
        "BufferSizeInMBs": "3",
        "BufferIntervalInSeconds": "900",
    }
    listed = [{"ParameterName": n, "ParameterValue": v} for n, v in parameters.items()]
    aws.client("firehose").update_destination(
        DeliveryStreamName="contract",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={
            "ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": listed}]}
        },
    )
    put(aws, b"a" * 1_000_000, b"b" * 1_000_000, b"c" * 1_000_000)
    put(aws, b"d" * 1_024_000)
    aws.settle()
    assert len(invocations(aws)) == 1
    assert failures(aws) == []
    assert len(read(aws, "20")) == 4_024_000
