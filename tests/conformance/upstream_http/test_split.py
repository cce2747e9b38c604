"""Services split between this emulator and an endpoint behind it: whichever serves, the pipeline is the same."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/firehose"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
FIREHOSE_ONLY = "firehose"
ALL_BUT_S3 = "all,-s3"
PIPELINE = "firehose,kinesis,lambda,apigateway,apigatewayv2"

HANDLER = """
import base64, json

def handler(event, context):
    answers = []
    for record in event["records"]:
        reading = json.loads(base64.b64decode(record["data"]))
        result = "Ok" if reading["value"] < 2 else "ProcessingFailed"
        answers.append({"recordId": record["recordId"], "result": result, "data": record["data"]})
    return {"records": answers}
"""

Front = Callable[[str], Any]


def behind(url: str, service: str) -> Any:
    """A client of the endpoint behind the emulator."""
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def objects(s3: Any, bucket: str, prefix: str = "") -> list[bytes]:
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return [s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in found]


def destination(bucket: str, **more: Any) -> dict[str, Any]:
    return {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "BufferingHints": HINTS, **more}


@pytest.mark.parametrize("native", [FIREHOSE_ONLY, ALL_BUT_S3, PIPELINE])
def test_firehose_writes_where_s3_lives(front: Front, moto_url: str, native: str) -> None:
    """A5, A11: Direct PUT through our Firehose ends in the bucket behind it."""
    aws = front(native)
    aws.client("s3").create_bucket(Bucket="split")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="split", ExtendedS3DestinationConfiguration=destination("split", CompressionFormat="GZIP")
    )
    aws.client("firehose").put_record_batch(DeliveryStreamName="split", Records=[{"Data": b"one"}, {"Data": b"two"}])
    assert objects(behind(moto_url, "s3"), "split") == []
    aws.settle()
    assert [gzip.decompress(body) for body in objects(behind(moto_url, "s3"), "split")] == [b"onetwo"]


def test_firehose_reads_the_stream_behind(front: Front, moto_url: str) -> None:
    """A6: the source is the upstream's Kinesis; records put there, without passing us, are seen with the next poll."""
    # An emulator of its own: time that a test moved on would be ahead of the stream's.
    aws = front("firehose,sns")
    kinesis = behind(moto_url, "kinesis")
    aws.client("s3").create_bucket(Bucket="split-source")
    kinesis.create_stream(StreamName="split-source", ShardCount=2)
    arn = kinesis.describe_stream(StreamName="split-source")["StreamDescription"]["StreamARN"]
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="split-source",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": ROLE},
        ExtendedS3DestinationConfiguration=destination("split-source"),
    )
    kinesis.put_records(
        StreamName="split-source", Records=[{"Data": f"[{i}]".encode(), "PartitionKey": str(i)} for i in range(20)]
    )
    aws.client("kinesis").put_record(StreamName="split-source", Data=b"[20]", PartitionKey="20")
    aws.advance(1)
    aws.settle()
    delivered = b"".join(objects(behind(moto_url, "s3"), "split-source"))
    assert sorted(json.loads(b"[" + delivered.replace(b"][", b"],[") + b"]")) == [[i] for i in range(21)]


def test_a_transform_here_and_its_failures_in_the_bucket_behind(front: Front, moto_url: str) -> None:
    """A9, A10: Lambda runs here; ProcessingFailed ends under the error prefix of the upstream's bucket."""
    import io
    import zipfile

    aws = front(PIPELINE)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("f.py", HANDLER)
    aws.client("s3").create_bucket(Bucket="split-lambda")
    function = aws.client("lambda").create_function(
        FunctionName="split-lambda",
        Runtime="python3.11",
        Role=ROLE,
        Handler="f.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": function["FunctionArn"]}]
    processing = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="split-lambda",
        ExtendedS3DestinationConfiguration=destination(
            "split-lambda", Prefix="ok/", ErrorOutputPrefix="bad/", ProcessingConfiguration=processing
        ),
    )
    records = [{"Data": json.dumps({"value": value}).encode()} for value in range(3)]
    aws.client("firehose").put_record_batch(DeliveryStreamName="split-lambda", Records=records)
    aws.settle()
    s3 = behind(moto_url, "s3")
    assert objects(s3, "split-lambda", "ok/") == [b'{"value": 0}{"value": 1}']
    (failed,) = objects(s3, "split-lambda", "bad/")
    line = json.loads(failed)
    assert line["errorCode"] == "Lambda.ProcessingFailedStatus"
    assert json.loads(base64.b64decode(line["rawData"])) == {"value": 2}


def test_what_is_not_here_is_forwarded_as_it_came(front: Front, moto_url: str) -> None:
    """HEAD, errors and unusual content of the endpoint behind reach the client unchanged."""
    aws = front(FIREHOSE_ONLY)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="as-it-came")
    s3.put_object(Bucket="as-it-came", Key="a/ü b.bin", Body=bytes(range(256)), Metadata={"k": "v"})
    assert behind(moto_url, "s3").get_object(Bucket="as-it-came", Key="a/ü b.bin")["Body"].read() == bytes(range(256))
    head = s3.head_object(Bucket="as-it-came", Key="a/ü b.bin")
    assert (head["ContentLength"], head["Metadata"]) == (256, {"k": "v"})
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="as-it-came", Key="none")
    kinesis = aws.client("kinesis")
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.describe_stream(StreamName="none")
    assert aws.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_apis_of_the_endpoint_behind(front: Front) -> None:
    """A request to an API that is not ours goes on to where API Gateway is served."""
    aws = front(FIREHOSE_ONLY)
    answer = aws.http.get("/restapis/unknown/prod/_user_request_/x")
    assert answer.headers.get("x-amzn-errortype") != "ForbiddenException"
    assert front(ALL_BUT_S3).http.get("/restapis/unknown/prod/_user_request_/x").status_code == 403


def test_deliveries_from_here_to_behind_are_refused(front: Front) -> None:
    """Law 1: moto would look for the queue in this process, find none, and say nothing."""
    aws = front("firehose,sns")
    topic = aws.client("sns").create_topic(Name="split")["TopicArn"]
    with pytest.raises(ClientError, match="Subscribe with a target in sqs, which is at the upstream") as caught:
        aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:q")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="someone@example.com")
