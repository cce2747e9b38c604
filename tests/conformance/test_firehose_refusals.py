"""What Firehose has and this emulator has not: refused by name (law 1), and ranges of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/firehose"
S3: dict[str, Any] = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::refusals"}
HTTP: dict[str, Any] = {"EndpointConfiguration": {"Url": "https://h.example.com/"}, "S3Configuration": S3}


def refused(aws: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        aws.client("firehose").create_delivery_stream(DeliveryStreamName="refused", **params)
    error = caught.value.response["Error"]
    assert aws.client("firehose").list_delivery_streams()["DeliveryStreamNames"] == []
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    "params",
    [
        {"DeliveryStreamType": "DatabaseAsSource"},
        {"DeliveryStreamType": "MSKAsSource"},
        {
            "MSKSourceConfiguration": {
                "MSKClusterARN": "arn:aws:kafka:us-east-1:000000000000:cluster/c",
                "TopicName": "t",
                "AuthenticationConfiguration": {"RoleARN": ROLE, "Connectivity": "PUBLIC"},
            }
        },
    ],
)
def test_other_sources(aws: Any, params: dict[str, Any]) -> None:
    """A1: MSK and databases as sources."""
    code, text = refused(aws, ExtendedS3DestinationConfiguration=S3, **params)
    assert code == "NotEmulated"
    assert any(str(word) in text for word in (*params, *params.values()))


@pytest.mark.parametrize(
    ("block", "config"),
    [
        (
            "AmazonOpenSearchServerlessDestinationConfiguration",
            {"RoleARN": ROLE, "IndexName": "i", "S3Configuration": S3},
        ),
        (
            "AmazonopensearchserviceDestinationConfiguration",
            {"RoleARN": ROLE, "IndexName": "i", "S3Configuration": S3},
        ),
        (
            "SplunkDestinationConfiguration",
            {"HECEndpoint": "https://h", "HECEndpointType": "Raw", "HECToken": "t", "S3Configuration": S3},
        ),
        (
            "IcebergDestinationConfiguration",
            {
                "RoleARN": ROLE,
                "CatalogConfiguration": {"CatalogARN": "arn:aws:glue:us-east-1:000000000000:catalog"},
                "S3Configuration": S3,
            },
        ),
    ],
)
def test_other_destinations(aws: Any, block: str, config: dict[str, Any]) -> None:
    """A2: the destination's block is named."""
    code, text = refused(aws, **{block: config})
    assert code == "NotEmulated"
    assert block in text


def test_secrets_manager(aws: Any) -> None:
    """A2: an access key from Secrets Manager; switched off it is stored."""
    on = {"Enabled": True, "SecretARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s"}
    code, text = refused(aws, HttpEndpointDestinationConfiguration={**HTTP, "SecretsManagerConfiguration": on})
    assert code == "NotEmulated"
    assert "SecretsManagerConfiguration" in text


def test_ranges(aws: Any) -> None:
    """A3: HTTP endpoints up to 64 MB, Lambda buffers from 0.2 to 3 MB and 0 to 900 seconds."""
    hints = {"SizeInMBs": 65, "IntervalInSeconds": 60}
    code, _ = refused(aws, HttpEndpointDestinationConfiguration={**HTTP, "BufferingHints": hints})
    assert code in ("InvalidArgumentException", "ValidationException")
    for size, interval in (("0.1", "60"), ("3.1", "60"), ("1", "901"), ("x", "60")):
        values = {"LambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}
        values |= {"BufferSizeInMBs": size, "BufferIntervalInSeconds": interval}
        parameters = [{"ParameterName": n, "ParameterValue": v} for n, v in values.items()]
        processing = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
        code, _ = refused(aws, ExtendedS3DestinationConfiguration={**S3, "ProcessingConfiguration": processing})
        assert code == "InvalidArgumentException"


def test_the_throughput_hint_is_echoed(aws: Any) -> None:
    """A2: DirectPutSourceConfiguration is information only."""
    firehose = aws.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="hinted",
        DirectPutSourceConfiguration={"ThroughputHintInMBs": 7},
        ExtendedS3DestinationConfiguration=S3,
    )
    described = firehose.describe_delivery_stream(DeliveryStreamName="hinted")["DeliveryStreamDescription"]
    assert described["Source"]["DirectPutSourceDescription"] == {"ThroughputHintInMBs": 7}
