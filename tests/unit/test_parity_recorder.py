"""Which operations are seen at a test's clients."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.testing import EmulatorThread
from harness.parity.outcome import OK, UNANSWERED, Call
from harness.parity.recorder import Recorder
from harness.parity.request_operation import request_operation
from harness.parity.session import ParitySession
from tests.conftest import Aws

OPERATIONS = ("s3.PutObject", "sqs.SendMessage", "kinesis.PutRecord")


@pytest.fixture
def watched(emulator: EmulatorThread, aws: Aws) -> Aws:
    """The emulator, emptied, under a handle that is watched."""
    return Aws(emulator.url, ParitySession(None))


def recorded(aws: Aws) -> list[tuple[str, str]]:
    assert aws.parity is not None
    return [(call.operation, call.answer) for call in aws.parity.recorder.calls]


def test_calls_of_clients_are_noted_with_their_answers(watched: Aws) -> None:
    s3 = watched.client("s3")
    s3.create_bucket(Bucket="one")
    for _ in range(2):
        s3.put_object(Bucket="one", Key="k", Body=b"x")
    with pytest.raises(ClientError):
        s3.put_object(Bucket="none", Key="k", Body=b"x")
    watched.client("cloudwatch").list_metrics()
    assert recorded(watched) == [
        ("s3.CreateBucket", OK),
        ("s3.PutObject", OK),
        ("s3.PutObject", "NoSuchBucket"),
        ("cloudwatch.ListMetrics", OK),
    ]


def test_a_client_with_options_is_watched_too(watched: Aws) -> None:
    watched.client("sts", region_name="eu-west-1").get_caller_identity()
    assert recorded(watched) == [("sts.GetCallerIdentity", OK)]


def test_requests_without_a_client_are_noted_where_they_mean_an_operation(watched: Aws) -> None:
    headers = {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-json-1.1"}
    watched.http.post("/", headers=headers, content=b"{}")
    watched.http.post("/", headers=headers, content=b"{")
    watched.http.get("/_aws/execute-api/none/test/path")
    watched.admin("GET", "health")
    assert recorded(watched) == [
        ("kinesis.ListStreams", OK),
        ("kinesis.ListStreams", "HTTP 400"),
        ("execute-api.Invoke", "HTTP 403"),
    ]


def test_a_call_that_nobody_answers_stays_unanswered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    aws = Aws(f"http://127.0.0.1:{port}", ParitySession(None))
    with pytest.raises(EndpointConnectionError):
        aws.client("sqs").list_queues()
    with pytest.raises(httpx.ConnectError):
        aws.http.get("/bucket/key")
    assert recorded(aws) == [("sqs.ListQueues", UNANSWERED), ("s3.GetObject", UNANSWERED)]
    assert aws.parity is not None and aws.parity.recorder.last == "s3.GetObject"


@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from([OK, "Refused", None]))))
def test_calls_are_kept_once_in_the_order_of_their_answers(made: list[tuple[str, str | None]]) -> None:
    recorder = Recorder()
    for operation, answer in made:
        recorder.called(operation)
        if answer is not None:
            recorder.answered(operation, answer)
    expected = [Call(operation, answer) for operation, answer in made if answer is not None]
    # An answer ends the oldest call of its operation that is open: as many stay open as got none.
    still = [Call(operation, UNANSWERED) for operation, answer in made if answer is None]
    assert [call for call in recorder.calls if call.answer != UNANSWERED] == list(dict.fromkeys(expected))
    assert {call for call in recorder.calls if call.answer == UNANSWERED} == set(still)
    assert recorder.last == (made[-1][0] if made else "")


def test_an_answer_to_an_earlier_tests_call_is_not_noted() -> None:
    recorder = Recorder()
    recorder.called("s3.PutObject")
    recorder.begin()
    recorder.answered("s3.PutObject", OK)
    assert recorder.calls == ()


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "expected"),
    [
        ("GET", "/", {"authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request"}, b"",
         "s3.ListBuckets"),
        ("PUT", "/bucket/key?tagging", {}, b"", "s3.PutObjectTagging"),
        ("POST", "/2015-03-31/functions/f/invocations", {}, b"", "lambda.Invoke"),
        ("GET", "/restapis", {}, b"", "apigateway.GetRestApis"),
        ("GET", "/v2/apis", {}, b"", "apigatewayv2.GetApis"),
        ("POST", "/", {"content-type": "application/x-www-form-urlencoded"},
         b"Action=ListUsers&Version=2010-05-08", "iam.ListUsers"),
        ("GET", "/", {"host": "abc.execute-api.localhost:4566"}, b"", "execute-api.Invoke"),
        ("GET", "/restapis/abc/test/_user_request_/x", {}, b"", "execute-api.Invoke"),
        ("POST", "/_harness/reset", {}, b"", None),
        ("GET", "/_localstack/health", {}, b"", None),
        ("GET", "/2015-03-31/functions/f/no-such-thing", {}, b"", None),
    ],
)  # fmt: skip
def test_what_a_request_means(method: str, path: str, headers: Any, body: bytes, expected: str | None) -> None:
    given = list(({"host": "127.0.0.1:4566"} | headers).items())
    assert request_operation(method, f"http://127.0.0.1:4566{path}", given, body) == expected
