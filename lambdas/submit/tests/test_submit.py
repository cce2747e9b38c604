import base64
import json
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

CONTEXT = SimpleNamespace(aws_request_id="8476a536-e9f4-11e8-9739-2dfe598c3fcd")


class FakeKinesis:
    """Keeps what was put, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.calls: list[dict[str, Any]] = []

    def put_record(self, **arguments: Any) -> dict[str, str]:
        if self.error:
            raise self.error
        self.calls.append(arguments)
        return {"ShardId": "shardId-000000000000", "SequenceNumber": "49"}


@pytest.fixture
def kinesis(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakeKinesis:
    fake = FakeKinesis()
    monkeypatch.setattr(handler, "kinesis", fake)
    monkeypatch.setenv("KINESIS_STREAM", "api-kinesis-stream")
    return fake


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"body": None},
        {"body": ""},
        {"body": "{"},
        {"body": "plain text"},
        {"body": "e30", "isBase64Encoded": True},
        {"body": base64.b64encode(b"\xff\xfe\x00").decode(), "isBase64Encoded": True},
    ],
)
def test_a_body_that_is_not_json_is_400_and_nothing_is_put(
    handler: ModuleType, kinesis: FakeKinesis, event: dict[str, Any]
) -> None:
    answer = handler.lambda_handler(event, CONTEXT)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"]) == {"message": "The body must be a JSON document"}
    assert kinesis.calls == []


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow"}}, "PutRecord"),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    ],
)
def test_a_failing_stream_is_503(handler: ModuleType, kinesis: FakeKinesis, error: Exception) -> None:
    kinesis.error = error
    assert handler.lambda_handler({"body": "{}"}, CONTEXT)["statusCode"] == 503


@pytest.mark.parametrize("encoded", [False, True])
def test_a_document_becomes_one_line_in_the_stream(handler: ModuleType, kinesis: FakeKinesis, encoded: bool) -> None:
    text = '{"name": "Zoë",\n "n": 1}'
    body = base64.b64encode(text.encode()).decode() if encoded else text
    answer = handler.lambda_handler({"body": body, "isBase64Encoded": encoded}, CONTEXT)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["sequenceNumber"] == "49"
    [call] = kinesis.calls
    assert call["StreamName"] == "api-kinesis-stream"
    assert call["PartitionKey"] == CONTEXT.aws_request_id
    assert call["Data"].count(b"\n") == 1
    assert call["Data"].endswith(b"\n")
    assert json.loads(call["Data"]) == {"name": "Zoë", "n": 1}
