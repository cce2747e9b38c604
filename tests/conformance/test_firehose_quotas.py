"""Direct PUT quotas (A5): off by default, on by switch."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

MIB = 1024 * 1024
S3 = {
    "RoleARN": "arn:aws:iam::000000000000:role/firehose",
    "BucketARN": "arn:aws:s3:::quota-bucket",
    "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 60},
}
SLOW_DOWN = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}


@pytest.fixture
def stream(aws: Any) -> str:
    aws.client("s3").create_bucket(Bucket="quota-bucket")
    aws.client("firehose").create_delivery_stream(DeliveryStreamName="quota", ExtendedS3DestinationConfiguration=S3)
    aws.admin("POST", "quotas", {"enabled": True})
    return "quota"


def put(aws: Any, count: int, size: int) -> dict[str, Any]:
    records = [{"Data": b"x" * size}] * count
    return dict(aws.client("firehose").put_record_batch(DeliveryStreamName="quota", Records=records))


def delivered(aws: Any) -> int:
    aws.settle()
    return sum(o["Size"] for o in aws.client("s3").list_objects_v2(Bucket="quota-bucket").get("Contents", []))


def test_bytes_over_quota_fail_entry_by_entry(aws: Any, stream: str) -> None:
    """A5: 5 MiB/s in us-east-1: HTTP 200, the entries over quota say Slow down., the others are delivered."""
    assert put(aws, 4, MIB - 100_000)["FailedPutCount"] == 0
    answer = put(aws, 4, MIB - 100_000)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["FailedPutCount"] == 3
    assert "RecordId" in answer["RequestResponses"][0]
    assert answer["RequestResponses"][1:] == [SLOW_DOWN] * 3
    answer = put(aws, 1, MIB - 100_000)
    assert (answer["FailedPutCount"], answer["RequestResponses"]) == (1, [SLOW_DOWN])
    assert delivered(aws) == 5 * (MIB - 100_000)


def test_a_single_record_over_quota_is_a_503(aws: Any, stream: str) -> None:
    """A5: PutRecord over quota: 503 ServiceUnavailableException, Slow down."""
    put(aws, 5, 4 * MIB // 5)
    put(aws, 5, MIB // 5 - 1)
    with pytest.raises(ClientError) as caught:
        aws.client("firehose").put_record(DeliveryStreamName="quota", Record={"Data": b"x" * 100})
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert (response["Error"]["Code"], response["Error"]["Message"]) == ("ServiceUnavailableException", "Slow down.")


def test_the_quota_comes_back_with_time(aws: Any, stream: str) -> None:
    """A5: limits are per second."""
    for _ in range(5):
        put(aws, 2, MIB // 2)
    assert put(aws, 2, MIB // 2)["FailedPutCount"] == 2
    aws.advance(0.2)
    assert put(aws, 2, MIB // 2)["FailedPutCount"] == 0
    assert put(aws, 1, MIB // 2)["FailedPutCount"] == 1
    aws.advance(60)
    assert put(aws, 8, MIB // 2)["FailedPutCount"] == 0


def test_throttled_records_are_measured(aws: Any, stream: str) -> None:
    """A17: ThrottledRecords counts what was refused; Incoming* come after throttling."""
    put(aws, 4, MIB - 100_000)
    put(aws, 4, MIB - 100_000)
    cloudwatch = aws.client("cloudwatch")
    sums = {}
    for name in ("ThrottledRecords", "IncomingRecords"):
        (point,) = cloudwatch.get_metric_statistics(
            Namespace="AWS/Firehose",
            MetricName=name,
            Dimensions=[{"Name": "DeliveryStreamName", "Value": "quota"}],
            StartTime=aws.now() - 120,
            EndTime=aws.now() + 60,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        sums[name] = (point["Sum"], point["Unit"])
    assert sums == {"ThrottledRecords": (3, "Count"), "IncomingRecords": (5, "Count")}


def test_off_by_default_and_after_a_reset(aws: Any) -> None:
    """Quotas are a switch: nobody's test is throttled by accident."""
    assert aws.admin("GET", "quotas") == {"enabled": False}
    assert aws.admin("POST", "quotas", {"enabled": True}) == {"enabled": True}
    aws.admin("POST", "reset")
    assert aws.admin("GET", "quotas") == {"enabled": False}
    for body in ({}, {"enabled": "yes"}, {"on": True}):
        with pytest.raises(httpx.HTTPStatusError) as caught:
            aws.admin("POST", "quotas", body)
        assert caught.value.response.status_code == 400
