"""Firehose's control plane and put limits as boto3 sees them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/firehose"
S3: dict[str, Any] = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::firehose-control"}


def error(aws: Any, operation: str, **params: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        getattr(aws.client("firehose"), operation)(**params)
    return {**caught.value.response["Error"], "Status": caught.value.response["ResponseMetadata"]["HTTPStatusCode"]}


def create(aws: Any, name: str = "control", **s3: Any) -> None:
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration={**S3, **s3}
    )


def refused(aws: Any, **s3: Any) -> dict[str, Any]:
    return error(aws, "create_delivery_stream", DeliveryStreamName="x", ExtendedS3DestinationConfiguration={**S3, **s3})


def test_shape_violations_have_the_standard_text(aws: Any) -> None:
    """A2: ValidationException with path and constraint."""
    found = refused(aws, CompressionFormat="SNAPPY")
    assert found["Code"] == "ValidationException"
    assert found["Message"] == (
        "1 validation error detected: Value at 'extendedS3DestinationConfiguration.compressionFormat' failed to "
        "satisfy constraint: Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]"
    )
    found = refused(aws, FileExtension="txt")
    assert "'extendedS3DestinationConfiguration.fileExtension'" in found["Message"]
    assert found["Message"].endswith(r"Member must satisfy regular expression pattern: ^(|\.[0-9a-z!\-_.*'()]+)$")
    found = refused(aws, RoleARN=None)
    assert found["Message"].endswith("failed to satisfy constraint: Member must not be null")


def test_put_limits(aws: Any) -> None:
    """A5: 1,024,000 bytes per record, 1..500 entries, 4 MiB per batch, to the byte; nothing is written on refusal."""
    create(aws)
    name = {"DeliveryStreamName": "control"}
    found = error(aws, "put_record", **name, Record={"Data": b"x" * 1_024_001})
    assert found["Code"] == "ValidationException"
    assert "'record.data'" in found["Message"]
    for count in (0, 501):
        found = error(aws, "put_record_batch", **name, Records=[{"Data": b"x"}] * count)
        assert found["Code"] == "ValidationException"
        assert "'records'" in found["Message"]
    records = [{"Data": b"x" * 1_024_000}] * 4
    found = error(aws, "put_record_batch", **name, Records=[*records, {"Data": b"x" * (4_194_305 - 4_096_000)}])
    assert (found["Code"], found["Message"], found["Status"]) == (
        "InvalidArgumentException",
        "Records size exceeds 4 MB limit",
        400,
    )
    aws.client("firehose").put_record_batch(**name, Records=[*records, {"Data": b"x" * (4_194_304 - 4_096_000)}])
    answer = aws.client("firehose").put_record(**name, Record={"Data": b""})
    assert len(answer["RecordId"]) > 200
    assert answer["Encrypted"] is False


def test_not_found_and_refused_by_name(aws: Any) -> None:
    """A4: texts for unknown streams; law 1: what is not emulated has its name in a 501."""
    assert error(aws, "put_record", DeliveryStreamName="no", Record={"Data": b""})["Message"] == (
        "Firehose no not found under account 000000000000."
    )
    found = error(aws, "describe_delivery_stream", DeliveryStreamName="no")
    assert (found["Code"], found["Status"]) == ("ResourceNotFoundException", 400)
    found = error(
        aws,
        "create_delivery_stream",
        DeliveryStreamName="x",
        SplunkDestinationConfiguration={
            "HECEndpoint": "https://h",
            "HECEndpointType": "Raw",
            "HECToken": "t",
            "S3Configuration": S3,
        },
    )
    assert (found["Code"], found["Status"]) == ("NotEmulated", 501)
    assert "SplunkDestinationConfiguration" in found["Message"]


def test_endpoint_urls(aws: Any) -> None:
    """A14, law 8: https, or plain http to this machine; nothing else."""

    def config(url: str) -> dict[str, Any]:
        return {"EndpointConfiguration": {"Url": url}, "S3Configuration": S3}

    for url in ("http://h.example.com/", "ftp://127.0.0.1/"):
        found = error(
            aws, "create_delivery_stream", DeliveryStreamName="x", HttpEndpointDestinationConfiguration=config(url)
        )
        assert found["Code"] in ("ValidationException", "InvalidArgumentException")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="plain", HttpEndpointDestinationConfiguration=config("http://127.0.0.1:8080/")
    )


def test_describe_update_and_delete(aws: Any) -> None:
    """A2, A4, A15: both descriptions, versions, timestamps as boto3 parses them, delete."""
    create(aws, "whole", Prefix="p/")
    firehose = aws.client("firehose")
    described = firehose.describe_delivery_stream(DeliveryStreamName="whole")["DeliveryStreamDescription"]
    assert described["DeliveryStreamStatus"] == "ACTIVE"
    assert described["CreateTimestamp"].timestamp() == pytest.approx(aws.now(), abs=0.01)
    assert "LastUpdateTimestamp" not in described
    aws.advance(5)
    for version in ("1", "2"):
        firehose.update_destination(
            DeliveryStreamName="whole",
            CurrentDeliveryStreamVersionId=version,
            DestinationId=described["Destinations"][0]["DestinationId"],
            ExtendedS3DestinationUpdate={"Prefix": "q/"},
        )
    described = firehose.describe_delivery_stream(DeliveryStreamName="whole")["DeliveryStreamDescription"]
    assert described["VersionId"] == "2"
    assert described["LastUpdateTimestamp"].timestamp() == pytest.approx(aws.now(), abs=0.01)
    (destination,) = described["Destinations"]
    for shape in ("S3DestinationDescription", "ExtendedS3DestinationDescription"):
        assert destination[shape]["Prefix"] == "q/"
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == ["whole"]
    firehose.delete_delivery_stream(DeliveryStreamName="whole")
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


def test_regions_and_accounts_are_apart(aws: Any) -> None:
    """A1: names are unique per account and region."""
    create(aws, "mine")
    import boto3

    other = boto3.client(
        "firehose",
        endpoint_url=aws.url,
        region_name="eu-west-1",
        aws_access_key_id="111122223333",
        aws_secret_access_key="test",
    )
    assert other.list_delivery_streams()["DeliveryStreamNames"] == []
    arn = other.create_delivery_stream(DeliveryStreamName="mine", S3DestinationConfiguration=S3)["DeliveryStreamARN"]
    assert arn == "arn:aws:firehose:eu-west-1:111122223333:deliverystream/mine"
