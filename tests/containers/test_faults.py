"""Faults on real containers: what clients see, and that all is well afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.containers import ContainerFaults
from tests.conformance.upstream_http.test_split import destination, objects


def test_localstack_is_killed(aws: Any, faults: ContainerFaults) -> None:
    """503 in AWS's shape for what is upstream, at once; what is here goes on; what it had is gone with it."""
    aws.client("s3").create_bucket(Bucket="upstream")
    with faults.killed("localstack"):
        with pytest.raises(ClientError) as caught:
            aws.client("s3").list_buckets()
        assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert aws.client("kinesis").list_streams()["StreamNames"] == []
    assert aws.client("s3").list_buckets()["Buckets"] == []


def test_localstack_is_off_the_network(aws: Any, faults: ContainerFaults) -> None:
    """It keeps what it has."""
    aws.client("s3").create_bucket(Bucket="upstream")
    with faults.disconnected("localstack"), pytest.raises(ClientError) as caught:
        aws.client("s3").list_buckets()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (502, 503, 504)
    assert [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]] == ["upstream"]


def test_localstack_is_paused(aws: Any, faults: ContainerFaults) -> None:
    """504 after a minute: what it did is not known. Firehose tries again."""
    aws.client("s3").create_bucket(Bucket="upstream")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="d", ExtendedS3DestinationConfiguration=destination("upstream")
    )
    aws.client("firehose").put_record(DeliveryStreamName="d", Record={"Data": b"one"})
    with faults.paused("localstack"), pytest.raises(ClientError) as caught:
        aws.client("s3").list_buckets()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 504
    aws.settle()
    assert objects(aws.client("s3"), "upstream") == [b"one"]


def test_the_edge_is_killed(aws: Any, faults: ContainerFaults) -> None:
    """What it acknowledged is there again, on the same port: the stream, and the record that was in a buffer."""
    aws.client("s3").create_bucket(Bucket="upstream")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="d", ExtendedS3DestinationConfiguration=destination("upstream")
    )
    aws.client("firehose").put_record(DeliveryStreamName="d", Record={"Data": b"one"})
    with faults.killed("edge"):
        pass
    assert aws.client("firehose").list_delivery_streams()["DeliveryStreamNames"] == ["d"]
    aws.settle()
    assert objects(aws.client("s3"), "upstream") == [b"one"]


def test_the_edge_is_restarted(aws: Any, faults: ContainerFaults) -> None:
    aws.client("kinesis").create_stream(StreamName="kept", ShardCount=1)
    faults.restart("edge")
    assert aws.client("kinesis").list_streams()["StreamNames"] == ["kept"]
