"""POST /events/<type> and /events/batch/<type> → Kinesis → Lambda processor, SQS on failure. Failures first."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from harness.json_object import Json
from tests.integration.full_stack import FullStack

EVENT_TYPES = ("orders", "payments", "user_activity")


def event(event_type: str, number: int) -> Json:
    """An event that the type's processor takes."""
    if event_type == "orders":
        return {"order_id": number, "type": "placed", "items": []}
    if event_type == "payments":
        return {"payment_id": number, "amount": number / 100}
    return {"user_id": number, "action": "login"}


def batch(*bodies: Any) -> Json:
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"records": [{"data": text, "partitionKey": f"key-{place}"} for place, text in enumerate(texts)]}


@pytest.mark.parametrize("path", ["/events/refunds", "/events/batch/refunds", "/events", "/events/batch"])
def test_unknown_event_type_is_403(stack: FullStack, path: str) -> None:
    """There is no resource for it, so the REST API answers as for any unknown path (D1)."""
    answer = stack.post(stack.events["api_gateway_url"] + path, event("orders", 1))
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


@pytest.mark.parametrize("body", [b"{not json", b'{"records": [', b"\xff"])
def test_a_batch_that_is_no_json_is_400(stack: FullStack, body: bytes) -> None:
    """The batch template reads the body: what cannot be read is refused before Kinesis is called."""
    answer = stack.post(stack.events["batch_urls"]["orders"], body)
    assert answer.status_code == 400
    stack.aws.settle()
    assert stack.log(stack.flows["orders"]["processor_log_group_name"]) == []


@pytest.mark.parametrize("body", [{}, {"records": []}, {"records": [{"partitionKey": "a"}]}])
def test_a_batch_without_records_or_data_is_the_400_of_kinesis(stack: FullStack, body: Json) -> None:
    """Kinesis refuses the request that the template makes; its message passes the integration response."""
    answer = stack.post(stack.events["batch_urls"]["orders"], body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_single_event_that_is_no_json_is_poison(stack: FullStack) -> None:
    """The single template hands any bytes on: Kinesis takes them, the processor can't, the queue gets the batch."""
    answer = stack.post(stack.events["event_urls"]["orders"], b"{not json")
    assert answer.status_code == 200
    stack.aws.settle()
    (letter,) = stack.dead_letters("orders")
    assert letter["KinesisBatchInfo"]["startSequenceNumber"] == answer.json()["SequenceNumber"]
    assert letter["KinesisBatchInfo"]["batchSize"] == 1


def test_a_poison_batch_ends_in_the_queue_and_later_records_go_on(stack: FullStack) -> None:
    """One attempt and three retries of the same batch, then its position goes to SQS, and the shard moves on (C9)."""
    flow = stack.flows["orders"]
    answer = stack.post(
        stack.events["batch_urls"]["orders"], batch(event("orders", 1), {"type": "no id"}, event("orders", 2))
    )
    poisoned = [record["SequenceNumber"] for record in answer.json()["Records"]]
    arrived = stack.aws.now()
    # The batch window closes on these three; what comes now waits behind them.
    stack.aws.advance(6.5)
    later = stack.post(stack.events["batch_urls"]["orders"], batch(event("orders", 3), event("orders", 4)))
    assert later.json()["FailedRecordCount"] == 0
    assert stack.dead_letters("orders") == []
    stack.aws.settle()

    (letter,) = stack.dead_letters("orders")
    context, info = letter["requestContext"], letter["KinesisBatchInfo"]
    assert context["condition"] == "RetryAttemptsExhausted"
    assert context["approximateInvokeCount"] == 4
    assert context["functionArn"].endswith(f":function:{flow['processor_function_name']}")
    assert letter["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert letter["version"] == "1.0"
    assert (info["startSequenceNumber"], info["endSequenceNumber"]) == (poisoned[0], poisoned[-1])
    assert (info["batchSize"], info["shardId"]) == (3, "shardId-000000000000")
    assert info["streamArn"] == flow["stream_arn"]
    first = datetime.fromisoformat(info["approximateArrivalOfFirstRecord"]).timestamp()
    assert first == pytest.approx(arrived, abs=0.002)

    processed = [each["order_id"] for each in stack.processed("orders")]
    assert processed == [1, 1, 1, 1, 3, 4]


def test_the_types_do_not_share_a_fate(stack: FullStack) -> None:
    """A poison order holds up no payment: each type has its own stream, processor and queue."""
    stack.post(stack.events["event_urls"]["orders"], {"poison": True})
    stack.post(stack.events["event_urls"]["payments"], event("payments", 7))
    stack.aws.settle()
    assert len(stack.dead_letters("orders")) == 1
    assert stack.dead_letters("payments") == []
    assert stack.processed("payments") == [event("payments", 7)]
    assert stack.processed("orders") == []


@pytest.mark.parametrize("urls", ["event_urls", "batch_urls"])
def test_cors_preflight(stack: FullStack, urls: str) -> None:
    """OPTIONS is answered by the MOCK integration, with the headers that a browser asks for (D3)."""
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    for event_type in EVENT_TYPES:
        answer = stack.aws.http.options(stack.events[urls][event_type], headers=headers)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-methods"] == "OPTIONS,POST"
        assert answer.headers["access-control-allow-headers"] == "Content-Type,X-Api-Key"


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_one_event_reaches_its_processor(stack: FullStack, event_type: str) -> None:
    """The answer is Kinesis' own, the record is encrypted, and the processor logs the event once."""
    answer = stack.post(stack.events["event_urls"][event_type], event(event_type, 1))
    assert answer.status_code == 200
    assert answer.json()["ShardId"] == "shardId-000000000000"
    assert answer.json()["EncryptionType"] == "KMS"
    assert answer.headers["access-control-allow-origin"] == "*"
    stack.aws.settle()
    assert stack.processed(event_type) == [event(event_type, 1)]
    assert stack.dead_letters(event_type) == []


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_batch_reaches_its_processor(stack: FullStack, event_type: str) -> None:
    """Each record of a batch is a record of its own; quotes in keys and text survive the template (D4)."""
    events = [{**event(event_type, number), "note": 'it\'s "quoted" \\ and ünïcode'} for number in range(3)]
    records = [{"data": json.dumps(each), "partitionKey": 'it\'s a "key"'} for each in events]
    answer = stack.post(
        stack.events["batch_urls"][event_type], {"records": [*records[:2], {"data": records[2]["data"]}]}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["FailedRecordCount"] == 0
    assert len(answer.json()["Records"]) == 3
    stack.aws.settle()
    assert stack.processed(event_type) == events


def test_a_thousand_single_events_exactly_once(stack: FullStack) -> None:
    """A thousand posts become batches of at most 100, and each event is processed exactly once."""
    answers = stack.post_all(stack.events["event_urls"]["orders"], [event("orders", number) for number in range(1000)])
    assert {answer.status for answer in answers} == {200}
    stack.aws.settle()
    assert sorted(each["order_id"] for each in stack.processed("orders")) == list(range(1000))
    starts = [line for line in stack.log(stack.flows["orders"]["processor_log_group_name"]) if line.startswith("START")]
    assert len(starts) == 10


def test_a_thousand_events_in_batches_keep_their_order(stack: FullStack) -> None:
    """Two batches of 500 on one shard are processed exactly once and in order."""
    for start in (0, 500):
        answer = stack.post(
            stack.events["batch_urls"]["payments"],
            batch(*(event("payments", number) for number in range(start, start + 500))),
        )
        assert answer.json()["FailedRecordCount"] == 0
    stack.aws.settle()
    assert [each["payment_id"] for each in stack.processed("payments")] == list(range(1000))


def test_every_request_is_one_line_of_the_access_log(stack: FullStack) -> None:
    """The stage's access log names status and resource of good and of refused requests (D8)."""
    stack.post(stack.events["event_urls"]["orders"], event("orders", 1))
    stack.post(stack.events["batch_urls"]["orders"], b"{bad")
    stack.aws.settle()
    lines = [json.loads(line) for line in stack.log(stack.events["access_log_group_name"])]
    assert [(line["resourcePath"], line["httpMethod"], line["status"]) for line in lines] == [
        ("/events/orders", "POST", "200"),
        ("/events/batch/orders", "POST", "400"),
    ]
