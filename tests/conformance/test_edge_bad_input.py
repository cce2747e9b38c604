"""Bad input gets an AWS-shaped error; the connection and the process live on; nothing is half-written."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.conftest import Aws

JSON = "application/x-amz-json-1.1"
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def post(aws: Aws, target: str, body: bytes, content_type: str = JSON, service: str = "kinesis") -> Any:
    headers = {"X-Amz-Target": target, "Content-Type": content_type, "Authorization": SIGNED.format(service)}
    return aws.http.post("/", content=body, headers={name: value for name, value in headers.items() if value})


@pytest.mark.parametrize(
    "body",
    [
        b'{"StreamName": "half"',
        b'{"StreamName": "half", "ShardCount": ',
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe\x00",
        b'{"StreamName": "\xff"}',
        b"{" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_truncated_or_wrong_json(aws: Aws, body: bytes) -> None:
    refused = post(aws, "Kinesis_20131202.CreateStream", body)
    assert refused.status_code == 400
    assert refused.json()["__type"] in ("SerializationException", "ValidationException", "MissingParameter")
    assert aws.client("kinesis").list_streams()["StreamNames"] == []


def test_bad_base64_writes_nothing(aws: Aws) -> None:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="strict", ShardCount=1)
    body = (
        b'{"StreamName":"strict","Records":[{"Data":"Z29vZA==","PartitionKey":"a"},{"Data":"***","PartitionKey":"b"}]}'
    )
    refused = post(aws, "Kinesis_20131202.PutRecords", body)
    assert (refused.status_code, refused.json()["__type"]) == (400, "SerializationException")
    shard = kinesis.list_shards(StreamName="strict")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName="strict", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    assert kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"] == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", ""])
def test_wrong_content_type(aws: Aws, content_type: str) -> None:
    refused = post(aws, "Kinesis_20131202.ListStreams", b"{}", content_type)
    assert 400 <= refused.status_code < 500
    assert refused.json()["__type"] == "UnknownOperationException"


@pytest.mark.parametrize(
    "target", ["Kinesis_20131202.Nope", "Kinesis_20131202.", "Kinesis_20131202", "Firehose_20150804.X"]
)
def test_unknown_operation(aws: Aws, target: str) -> None:
    refused = post(aws, target, b"{}")
    assert refused.status_code in (400, 404)
    assert refused.json()["__type"] == "UnknownOperationException"


@pytest.mark.parametrize("target", ["Nope_20200101.Op", "Nope.", "."])
def test_unknown_service(aws: Aws, target: str) -> None:
    refused = post(aws, target, b"{}", service="nope")
    assert 400 <= refused.status_code <= 501
    assert refused.json()["__type"]


def test_an_operation_that_is_not_emulated_is_refused_by_name(aws: Aws) -> None:
    refused = post(aws, "Kinesis_20131202.UpdateStreamWarmThroughput", b'{"WarmThroughputMiBps":1}')
    assert (refused.status_code, refused.json()["__type"]) == (501, "NotEmulated")
    assert "UpdateStreamWarmThroughput" in refused.json()["message"]


def test_unknown_stream(aws: Aws) -> None:
    refused = post(aws, "Kinesis_20131202.DescribeStream", b'{"StreamName":"nowhere"}')
    assert (refused.status_code, refused.json()["__type"]) == (400, "ResourceNotFoundException")


def test_errors_carry_a_request_id_and_the_connection_lives(aws: Aws) -> None:
    """One raw connection through a row of failures."""
    port = int(aws.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for body, status in [(b"{", b"400"), (b"[]", b"400"), (b"{}", b"200"), (b"\x00", b"400"), (b"{}", b"200")]:
            connection.sendall(
                b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\n"
                b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(65536)
            head, _, rest = answer.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            while len(rest) < length:
                rest += connection.recv(65536)
            assert head.split()[1] == status
            assert b"x-amzn-requestid: " in head.lower()
            assert b"Traceback" not in rest


@pytest.mark.parametrize("service", ["lambda", "apigateway", "apigatewayv2"])
def test_an_unknown_rest_path(aws: Aws, service: str) -> None:
    scope = "apigateway" if service == "apigatewayv2" else service
    path = "/v2/nope" if service == "apigatewayv2" else "/2015-03-31/nope"
    refused = aws.http.get(path, headers={"Authorization": SIGNED.format(scope)})
    assert refused.status_code in (403, 404, 501)
    assert refused.headers["content-type"].startswith("application/json")


def test_oversize_bodies_are_refused_without_reading_them(aws: Aws) -> None:
    port = int(aws.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
        assert connection.recv(65536).split()[1] == b"413"
    assert aws.client("kinesis").list_streams()["StreamNames"] == []


def test_an_oversize_record_is_refused(aws: Aws) -> None:
    """B2: a record's blob is 10 MiB at most."""
    aws.client("kinesis").create_stream(StreamName="big", ShardCount=1)
    refused = post(
        aws,
        "Kinesis_20131202.PutRecord",
        b'{"StreamName":"big","PartitionKey":"p","Data":"' + b"AAAA" * (11 * 1024 * 1024 // 3) + b'"}',
    )
    assert refused.status_code == 400
    assert refused.json()["__type"] in ("ValidationException", "InvalidArgumentException")
