"""The pair of containers as users have it: an endpoint for boto3, localstack-client and awslocal; nothing stays."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import docker
import pytest

from harness.containers import LocalStackWithEdge
from harness.containers.abandoned import owner_label
from harness.problem import Problem
from tests.conformance.upstream_http.test_split import destination, objects


def ours() -> list[Any]:
    """Containers of this process, running or not."""
    (label,) = owner_label().items()
    client = docker.from_env()
    try:
        found: list[Any] = client.containers.list(all=True, filters={"label": "=".join(label)})
        return found
    finally:
        client.close()


def test_records_go_through_both(pair: LocalStackWithEdge, aws: Any) -> None:
    """Put to the edge's Firehose, compressed there, found in LocalStack's S3 by its own port."""
    aws.client("s3").create_bucket(Bucket="pair")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="pair", ExtendedS3DestinationConfiguration=destination("pair", CompressionFormat="GZIP")
    )
    aws.client("firehose").put_record(DeliveryStreamName="pair", Record={"Data": b"one"})
    aws.settle()
    upstream = boto3.client(
        "s3",
        endpoint_url=pair.upstream_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="x",
    )
    assert [gzip.decompress(body) for body in objects(upstream, "pair")] == [b"one"]


def test_published_on_loopback_only(pair: LocalStackWithEdge) -> None:
    for name in pair.names:
        pair.container(name).reload()
        bindings = pair.container(name).attrs["NetworkSettings"]["Ports"] or {}
        published = [each["HostIp"] for ports in bindings.values() for each in ports or []]
        assert set(published) == {"127.0.0.1"}


def test_both_are_on_a_network_of_their_own(pair: LocalStackWithEdge) -> None:
    networks = {name: list(pair.container(name).attrs["NetworkSettings"]["Networks"]) for name in pair.names}
    assert networks == {"edge": [pair.network.name], "localstack": [pair.network.name]}


def test_localstack_client(pair: LocalStackWithEdge, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import localstack_client.session

    monkeypatch.setenv("AWS_ENDPOINT_URL", pair.url)
    session = localstack_client.session.Session()
    session.client("s3").create_bucket(Bucket="by-localstack-client")
    session.client("kinesis").create_stream(StreamName="by-localstack-client", ShardCount=1)
    assert [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]] == ["by-localstack-client"]
    assert aws.client("kinesis").list_streams()["StreamNames"] == ["by-localstack-client"]


def test_awslocal(pair: LocalStackWithEdge, aws: Any) -> None:
    place = urlsplit(pair.url)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ |= {"AWS_ENDPOINT_URL": pair.url, "LOCALSTACK_HOST": place.netloc, "AWS_DEFAULT_REGION": "us-east-1"}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"

    def awslocal(*arguments: str) -> str:
        command = [sys.executable, str(Path(sys.executable).parent / "awslocal"), *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    awslocal("s3", "mb", "s3://by-awslocal")
    awslocal("kinesis", "create-stream", "--stream-name", "by-awslocal", "--shard-count", "1")
    assert "by-awslocal" in awslocal("s3", "ls")
    assert "by-awslocal" in awslocal("kinesis", "list-streams")


def test_nothing_stays_after_an_error_at_the_start() -> None:
    """An edge that cannot start: one sentence with its exit code, what it said, and no third or fourth container."""
    before = {container.id for container in ours()}
    with pytest.raises(Problem, match="The container edge ended at once") as caught, LocalStackWithEdge(clock="wrong"):
        raise AssertionError("it must not start")
    assert "wrong" in caught.value.detail
    assert {container.id for container in ours()} == before


def test_our_own_image_is_missing() -> None:
    with (
        pytest.raises(
            Problem, match="There is no image pipeline-harness/none:1 on this machine; build it with make image"
        ),
        LocalStackWithEdge(edge_image="pipeline-harness/none:1"),
    ):
        pass
