"""Server-side encryption with keys of the real KMS (A16)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_firehose_metrics import statistics, total

ROLE = "arn:aws:iam::000000000000:role/firehose"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
UNKNOWN = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


def key(aws: Any, **more: Any) -> str:
    return str(aws.client("kms").create_key(**more)["KeyMetadata"]["Arn"])


def customer(arn: str) -> dict[str, str]:
    return {"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": arn}


def create(aws: Any, encryption: dict[str, str] | None = None) -> None:
    aws.client("s3").create_bucket(Bucket="encrypted-bucket")
    more = {"DeliveryStreamEncryptionConfigurationInput": encryption} if encryption else {}
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="encrypted",
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": "arn:aws:s3:::encrypted-bucket",
            "BufferingHints": HINTS,
        },
        **more,
    )


def start(aws: Any, encryption: dict[str, str]) -> dict[str, Any]:
    aws.client("firehose").start_delivery_stream_encryption(
        DeliveryStreamName="encrypted", DeliveryStreamEncryptionConfigurationInput=encryption
    )
    return dict(described(aws)["DeliveryStreamEncryptionConfiguration"])


def described(aws: Any) -> dict[str, Any]:
    return dict(
        aws.client("firehose").describe_delivery_stream(DeliveryStreamName="encrypted")["DeliveryStreamDescription"]
    )


def put(aws: Any) -> dict[str, Any]:
    return dict(aws.client("firehose").put_record(DeliveryStreamName="encrypted", Record={"Data": b"one"}))


def refused(aws: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        put(aws)
    return dict(caught.value.response)


def disabled(aws: Any) -> str:
    arn = key(aws)
    aws.client("kms").disable_key(KeyId=arn.rpartition("/")[2])
    return arn


def doomed(aws: Any) -> str:
    arn = key(aws)
    aws.client("kms").schedule_key_deletion(KeyId=arn.rpartition("/")[2])
    return arn


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda aws: UNKNOWN, "KMS_KEY_NOT_FOUND"),
        (disabled, "DISABLED_KMS_KEY"),
        (doomed, "INVALID_KMS_KEY"),
        (lambda aws: key(aws, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT"), "INVALID_KMS_KEY"),
    ],
)
def test_a_key_that_cannot_be_used_fails_the_start(aws: Any, make: Any, kind: str) -> None:
    """A16: ENABLING_FAILED with its FailureDescription; the stream goes on, unencrypted; a good key heals it."""
    create(aws)
    found = start(aws, customer(make(aws)))
    assert (found["Status"], found["FailureDescription"]["Type"]) == ("ENABLING_FAILED", kind)
    assert found["FailureDescription"]["Details"]
    assert put(aws)["Encrypted"] is False
    found = start(aws, customer(key(aws)))
    assert found["Status"] == "ENABLED"
    assert "FailureDescription" not in found
    assert put(aws)["Encrypted"] is True


def test_a_bad_key_fails_the_creation(aws: Any) -> None:
    """A4, A16: CREATING_FAILED with its FailureDescription; puts and updates are rejected, delete works."""
    create(aws, customer(UNKNOWN))
    found = described(aws)
    assert (found["DeliveryStreamStatus"], found["FailureDescription"]["Type"]) == (
        "CREATING_FAILED",
        "KMS_KEY_NOT_FOUND",
    )
    assert refused(aws)["Error"]["Code"] == "ResourceNotFoundException"
    firehose = aws.client("firehose")
    with pytest.raises(ClientError) as caught:
        firehose.update_destination(
            DeliveryStreamName="encrypted",
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate={"Prefix": "p/"},
        )
    assert caught.value.response["Error"]["Code"] == "ResourceInUseException"
    firehose.delete_delivery_stream(DeliveryStreamName="encrypted")
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


@pytest.mark.parametrize(
    ("spoil", "code", "metric"),
    [
        (lambda kms, arn: kms.disable_key(KeyId=arn.rpartition("/")[2]), "DisabledException", "KMSKeyDisabled"),
        (
            lambda kms, arn: kms.schedule_key_deletion(KeyId=arn.rpartition("/")[2]),
            "KMSInvalidStateException",
            "KMSKeyInvalidState",
        ),
    ],
)
def test_a_key_that_becomes_unusable_rejects_puts(aws: Any, spoil: Any, code: str, metric: str) -> None:
    """A16, A17: InvalidKMSResourceException with the KMS code, counted."""
    arn = key(aws)
    create(aws, customer(arn))
    assert described(aws)["DeliveryStreamEncryptionConfiguration"]["Status"] == "ENABLED"
    put(aws)
    spoil(aws.client("kms"), arn)
    response = refused(aws)
    assert (response["Error"]["Code"], response["code"]) == ("InvalidKMSResourceException", code)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert total(aws, metric, "encrypted") == (1, "Count")


def test_delivery_waits_for_the_key(aws: Any) -> None:
    """A16: records wait for their key; enabled again within a day, nothing is lost."""
    arn = key(aws)
    create(aws, customer(arn))
    put(aws)
    aws.client("kms").disable_key(KeyId=arn.rpartition("/")[2])
    aws.advance(12 * 3600)
    s3 = aws.client("s3")
    assert "Contents" not in s3.list_objects_v2(Bucket="encrypted-bucket")
    aws.client("kms").enable_key(KeyId=arn.rpartition("/")[2])
    aws.settle()
    assert len(s3.list_objects_v2(Bucket="encrypted-bucket")["Contents"]) == 1


def test_after_a_day_without_the_key_the_records_are_dropped(aws: Any) -> None:
    """A16: up to 24 hours, then dropped."""
    arn = key(aws)
    create(aws, customer(arn))
    put(aws)
    aws.client("kms").disable_key(KeyId=arn.rpartition("/")[2])
    assert 24 * 3600 <= aws.settle() <= 24 * 3600 + 400
    aws.client("kms").enable_key(KeyId=arn.rpartition("/")[2])
    aws.advance(600)
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket="encrypted-bucket")
    assert statistics(aws, "KMSKeyDisabled", "encrypted")["SampleCount"] > 10


def test_the_key_of_aws_always_works(aws: Any) -> None:
    """A16: AWS_OWNED_CMK, Encrypted in the answer while it is on."""
    create(aws)
    assert start(aws, {"KeyType": "AWS_OWNED_CMK"}) == {"KeyType": "AWS_OWNED_CMK", "Status": "ENABLED"}
    assert put(aws)["Encrypted"] is True
    aws.client("firehose").stop_delivery_stream_encryption(DeliveryStreamName="encrypted")
    assert described(aws)["DeliveryStreamEncryptionConfiguration"] == {"Status": "DISABLED"}
    assert put(aws)["Encrypted"] is False
