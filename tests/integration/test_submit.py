"""POST /submit → Lambda → Kinesis → Firehose → S3. Failures first."""

from __future__ import annotations

import json
import re

import pytest

from tests.integration.full_stack import FullStack


@pytest.mark.parametrize("body", [b"", b"{", b'{"id": 1', b"hello", b"\xff\xfe"])
def test_bad_json_is_refused_by_the_handler_and_goes_nowhere(stack: FullStack, body: bytes) -> None:
    """What is no JSON document is answered with the handler's own 400, and nothing reaches the bucket."""
    answer = stack.post(stack.submit["submit_url"], body)
    assert (answer.status_code, answer.json()) == (400, {"message": "The body must be a JSON document"})
    stack.aws.settle()
    assert stack.objects(stack.submit["bucket_name"]) == {}


def test_unknown_route_is_404(stack: FullStack) -> None:
    """An HTTP API answers a path or method without a route with 404 (D9), and no function is called."""
    url = stack.submit["submit_url"]
    for answer in (stack.post(f"{url}/more", {"id": 1}), stack.aws.http.get(url)):
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
    stack.aws.settle()
    assert stack.log(stack.submit["function_log_group_name"]) == []


def test_without_permission_the_api_cannot_call_the_function(stack: FullStack) -> None:
    """The route works because of aws_lambda_permission alone: without it the API answers 500 (D9)."""
    stack.aws.client("lambda").remove_permission(
        FunctionName=stack.submit["function_name"], StatementId="AllowSubmitRoute"
    )
    answer = stack.post(stack.submit["submit_url"], {"id": 1})
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_missing_stream_is_the_handlers_503(stack: FullStack) -> None:
    """boto3 inside the function meets the emulator's own error when its stream is gone."""
    stack.aws.client("kinesis").delete_stream(StreamName=stack.submit["stream_name"])
    answer = stack.post(stack.submit["submit_url"], {"id": 1})
    assert (answer.status_code, answer.json()) == (503, {"message": "The stream is not available"})
    assert any("ResourceNotFoundException" in line for line in stack.log(stack.submit["function_log_group_name"]))


def test_one_document_ends_in_s3_when_the_buffer_is_due(stack: FullStack) -> None:
    """A document is answered at once, is in no object before 60 s, and is one line of one object after (A3, A11)."""
    answer = stack.post(stack.submit["submit_url"], {"id": "one", "text": "Grüße"})
    assert answer.status_code == 200
    assert answer.json()["shardId"] == "shardId-000000000000"

    bucket = stack.submit["bucket_name"]
    stack.aws.advance(59)
    assert stack.objects(bucket) == {}
    stack.aws.advance(3)
    objects = stack.objects(bucket)
    assert [json.loads(line) for content in objects.values() for line in content.splitlines()] == [
        {"id": "one", "text": "Grüße"}
    ]
    name = stack.submit["delivery_stream_name"]
    (key,) = objects
    assert re.fullmatch(rf"\d{{4}}(/\d\d){{3}}/{name}-1-\d{{4}}(-\d\d){{5}}-[0-9a-f-]{{36}}", key)


def test_a_thousand_documents_exactly_once(stack: FullStack) -> None:
    """A thousand concurrent posts are all accepted, and each id is in S3 exactly once."""
    documents = [{"id": number} for number in range(1000)]
    answers = stack.post_all(stack.submit["submit_url"], documents)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["sequenceNumber"] for answer in answers}) == 1000
    stack.aws.settle()
    found = [line["id"] for line in stack.lines(stack.submit["bucket_name"])]
    assert sorted(found) == list(range(1000))
