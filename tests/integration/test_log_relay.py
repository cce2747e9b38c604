"""POST / → Firehose with a transform → HTTP endpoint, failures to S3. Failures first (A10, A14)."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from harness.json_object import Json
from tests.integration.full_stack import FullStack, data_of

MARKED = {"message": "please fail", "_force_failure": True}


def relayed(stack: FullStack) -> list[Json]:
    """Every record of the requests that the endpoint acknowledged or refused."""
    return [json.loads(base64.b64decode(data)) for data in data_of(stack.deliveries())]


def post(stack: FullStack, body: Any, content_type: str = "application/json") -> str:
    answer = stack.post(stack.log_relay["api_invoke_url"], body, content_type)
    assert answer.status_code == 200, answer.text
    record_id: str = answer.json()["RecordId"]
    return record_id


@pytest.mark.parametrize(("method", "path"), [("POST", "nothing/here"), ("GET", ""), ("POST", "../prodd/")])
def test_unknown_path_or_method_is_403(stack: FullStack, method: str, path: str) -> None:
    """A REST API has one answer for a path, method or stage that it doesn't have (D1)."""
    answer = stack.aws.http.request(method, stack.log_relay["api_invoke_url"] + path)
    assert answer.status_code == 403
    if not path.startswith(".."):
        assert answer.json() == {"message": "Missing Authentication Token"}
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def test_other_content_types_are_415(stack: FullStack) -> None:
    """passthrough_behavior NEVER: a type without a template never reaches Firehose (D3)."""
    answer = stack.post(stack.log_relay["api_invoke_url"], b"<log/>", "application/xml")
    assert (answer.status_code, answer.json()) == (415, {"message": "Unsupported Media Type"})


def test_a_marked_record_goes_to_the_backup_and_not_to_the_endpoint(stack: FullStack) -> None:
    """ProcessingFailed doesn't wait for the endpoint: it is in the bucket when the backup's buffer is due (A9, A10)."""
    stack.answer_with({"status": 500, "times": 1000})
    post(stack, MARKED)
    post(stack, {"message": "fine"})
    stack.aws.advance(60)
    stack.aws.advance(60)
    (error,) = stack.lines(stack.log_relay["firehose_bucket_name"])
    assert json.loads(base64.b64decode(error["rawData"])) == MARKED
    assert (error["errorCode"], error["attemptsMade"]) == ("Lambda.ProcessingFailedStatus", 1)
    (key,) = stack.objects(stack.log_relay["firehose_bucket_name"])
    assert re.match(r"processing-failed/\d{4}/\d\d/\d\d/\d\d/log-relay-firehose-1-", key)
    assert [record["message"] for record in relayed(stack)[:1]] == ["fine"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"status": 500}, "HttpEndpoint.DestinationException"),
        ({"status": 202}, "HttpEndpoint.DestinationException"),
        ({"status": 301, "headers": {"Location": "/"}}, "HttpEndpoint.DestinationException"),
        ({"status": 200, "body": "OK"}, "HttpEndpoint.InvalidResponseFromDestination"),
    ],
    ids=["500", "202", "301", "not an acknowledgement"],
)
def test_an_endpoint_that_never_accepts_loses_nothing(stack: FullStack, answer: Json, code: str) -> None:
    """When the retry time (60 s) is used up, every record is one error line in the bucket, as it was received."""
    bodies = [{"id": number} for number in range(20)]
    stack.answer_with({**answer, "times": 1000})
    for body in bodies:
        post(stack, body)
    stack.aws.settle()

    bucket = stack.log_relay["firehose_bucket_name"]
    errors = stack.lines(bucket)
    assert [json.loads(base64.b64decode(error["rawData"])) for error in errors] == bodies
    assert {error["errorCode"] for error in errors} == {code}
    assert all(key.startswith("http-endpoint-failed/") for key in stack.objects(bucket))
    attempts = stack.deliveries()
    assert {error["attemptsMade"] for error in errors} == {len(attempts)}
    # 1, 2, 4 … seconds, each ± 15 %, until 60 s are used up: six pauses, seven attempts, give or take one.
    assert 6 <= len(attempts) <= 8
    assert 59 <= attempts[-1]["time"] - attempts[0]["time"] <= 61
    assert len({attempt["headers"]["x-amz-firehose-request-id"] for attempt in attempts}) == 1


@pytest.mark.parametrize("times", [1, 3])
def test_an_endpoint_that_recovers_gets_everything(stack: FullStack, times: int) -> None:
    """Some 500s cost attempts and time, and nothing else: no object in the bucket, one acknowledged delivery."""
    stack.answer_with({"status": 500, "times": times})
    post(stack, {"id": 1})
    stack.aws.settle()
    assert len(stack.deliveries()) == times + 1
    assert [record["id"] for record in relayed(stack)] == [1] * (times + 1)
    assert stack.objects(stack.log_relay["firehose_bucket_name"]) == {}


def test_one_record_reaches_the_endpoint(stack: FullStack) -> None:
    """The endpoint sees Firehose's own request (A14) with the transformed record."""
    assert len(post(stack, {"message": "hello", "level": 3})) > 20
    stack.aws.settle()
    (delivery,) = stack.deliveries()
    headers, body = delivery["headers"], json.loads(delivery["body"])
    assert headers["x-amz-firehose-protocol-version"] == "1.0"
    assert headers["x-amz-firehose-access-key"] == "test"
    assert headers["x-amz-firehose-source-arn"].endswith(f":deliverystream/{stack.log_relay['delivery_stream_name']}")
    assert headers["content-type"] == "application/json"
    assert body["requestId"] == headers["x-amz-firehose-request-id"]
    assert body["timestamp"] == int(delivery["time"] * 1000)
    (record,) = relayed(stack)
    assert record.pop("_transformed_ts")
    assert record == {"message": "hello", "level": 3, "transformed": True}


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_plain_text_is_wrapped(stack: FullStack, content_type: str) -> None:
    """Text that is no JSON passes the API's template untouched and becomes the message."""
    post(stack, 'ERROR "quoted" \\ und Grüße\n'.encode(), content_type)
    stack.aws.settle()
    (record,) = relayed(stack)
    assert record["message"] == 'ERROR "quoted" \\ und Grüße\n'


def test_a_thousand_records_exactly_once(stack: FullStack) -> None:
    """A thousand posts get a thousand record ids and reach the endpoint once each; the bucket stays empty."""
    answers = stack.post_all(stack.log_relay["api_invoke_url"], [{"id": number} for number in range(1000)])
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["RecordId"] for answer in answers}) == 1000
    stack.aws.settle()
    assert sorted(record["id"] for record in relayed(stack)) == list(range(1000))
    assert stack.objects(stack.log_relay["firehose_bucket_name"]) == {}
