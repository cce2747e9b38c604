"""The log-relay document's failure scenarios and its transform contract, on the applied topology (A9, A10, A12, A14).

Where AWS differs from what the document says, AWS's behaviour is what is tested; docs/systems.md tells each place.
"""

from __future__ import annotations

import base64
import json

import pytest

from harness.json_object import Json
from tests.integration.full_stack import FullStack
from tests.integration.test_log_relay import MARKED, post, relayed

LOGS = [{"id": number} for number in range(3)]
# `good` are the answers as they should be; STEP spoils them.
TRANSFORM = """
def lambda_handler(event, context):
    good = [{"recordId": r["recordId"], "result": "Ok", "data": r["data"]} for r in event["records"]]
    answer = {"records": good}
    STEP
    return answer
"""
S3_FAILS = {
    "id": "backup-fails",
    "fault": "error",
    "match": {"service": "s3", "operation": "PutObject"},
    "with": {"code": "InternalError", "status": 500},
}
DAY = 24 * 3600


def send(stack: FullStack, step: str = "pass") -> None:
    """Three logs through a transform function that spoils its answer."""
    stack.replace_code(stack.log_relay["function_name"], TRANSFORM.replace("STEP", step))
    for log in LOGS:
        post(stack, log)


def failures(stack: FullStack, folder: str = "processing-failed/") -> list[Json]:
    """The error lines in the backup bucket; all of them lie in that folder."""
    bucket = stack.log_relay["firehose_bucket_name"]
    assert all(key.startswith(folder) for key in stack.objects(bucket))
    return stack.lines(bucket)


def originals(lines: list[Json]) -> list[Json]:
    return [json.loads(base64.b64decode(line["rawData"])) for line in lines]


def ids(stack: FullStack) -> list[int]:
    return [record["id"] for record in relayed(stack)]


@pytest.mark.parametrize(
    ("step", "code", "attempts"),
    [
        ("good[1] = {**good[1], 'result': 'Success'}", "Lambda.FunctionError", 1),
        ("good[1]['status'] = good[1].pop('result')", "Lambda.FunctionError", 1),
        ("good[1]['data'] = 'no base64'", "Lambda.FunctionError", 1),
        ("answer = {'results': good}", "Lambda.MissingRecordId", 1),
        ("answer = 'done'", "Lambda.JsonProcessingException", 1),
        ("raise ValueError('injected')", "Lambda.FunctionError", 4),
    ],
    ids=["invalid result", "status for result", "data no base64", "no records", "no object", "raises"],
)
def test_a_broken_contract_fails_the_batch(stack: FullStack, step: str, code: str, attempts: int) -> None:
    """The entire batch is in the bucket, none of it at the endpoint; an error is tried three times more (A9)."""
    send(stack, step)
    stack.aws.settle()
    lines = failures(stack)
    assert originals(lines) == LOGS
    assert {(line["errorCode"], line["attemptsMade"]) for line in lines} == {(code, attempts)}
    assert stack.deliveries() == []


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("del good[1]", "Lambda.MissingRecordId"),
        ("good[1]['recordId'] = 'mine'", "Lambda.MissingRecordId"),
        ("del good[1]['data']", "Lambda.InvalidReturnFormat"),
        ("good[1]['result'] = 'ProcessingFailed'", "Lambda.ProcessingFailedStatus"),
    ],
    ids=["record skipped", "recordId does not match", "data missing", "ProcessingFailed"],
)
def test_one_bad_record_fails_alone(stack: FullStack, step: str, code: str) -> None:
    """Only that record is in the bucket, after one attempt; the others are delivered (A9)."""
    send(stack, step)
    stack.aws.settle()
    (line,) = failures(stack)
    assert (line["errorCode"], line["attemptsMade"]) == (code, 1)
    assert originals([line]) == [LOGS[1]]
    assert ids(stack) == [0, 2]


def test_dropped_is_delivered_nowhere(stack: FullStack) -> None:
    """`Dropped`: neither at the endpoint nor in the bucket (A9)."""
    send(stack, "good[1]['result'] = 'Dropped'")
    stack.aws.settle()
    assert failures(stack) == []
    assert ids(stack) == [0, 2]


def test_a_function_that_recovers_loses_nothing(stack: FullStack) -> None:
    """Two errors, then an answer: three attempts, all delivered, nothing in the bucket (A9)."""
    fault: Json = {
        "fault": "lambda-raise",
        "match": {"resource": stack.log_relay["function_name"]},
        "when": {"count": 2},
    }
    stack.aws.admin("POST", "faults", fault)
    for log in LOGS:
        post(stack, log)
    stack.aws.settle()
    assert failures(stack) == []
    assert ids(stack) == [0, 1, 2]
    lines = stack.log(stack.log_relay["function_log_group_name"])
    assert len([line for line in lines if line.startswith("START")]) == 3


def test_the_failed_record_does_not_wait_for_the_others(stack: FullStack) -> None:
    """Processing failure: X is in the bucket while the endpoint is still being retried with the rest (A10, A14)."""
    stack.answer_with({"status": 500, "times": 1000})
    post(stack, MARKED)
    post(stack, LOGS[0])
    for _ in range(20):
        stack.aws.advance(10)
        if stack.objects(stack.log_relay["firehose_bucket_name"]):
            break
    assert originals(failures(stack)) == [MARKED]
    attempts = len(stack.deliveries())
    stack.aws.advance(20)
    assert len(stack.deliveries()) > attempts > 0


def test_when_the_bucket_fails_too_records_wait_for_it(stack: FullStack) -> None:
    """Both failures: the records are held while S3 is retried, and written when it is back within the day (A12)."""
    stack.answer_with({"status": 500, "times": 1000})
    stack.aws.admin("POST", "faults", S3_FAILS)
    record_id = post(stack, LOGS[0])
    stack.aws.advance(23 * 3600)
    assert stack.aws.admin("GET", f"trace/{record_id}")["fate"] == "buffered"
    stack.aws.admin("DELETE", "faults/backup-fails")
    stack.aws.settle()
    assert originals(failures(stack, "http-endpoint-failed/")) == [LOGS[0]]


def test_after_a_day_of_both_failures_the_records_are_lost(stack: FullStack) -> None:
    """Permanent loss after 24 hours, and it is told: by the fate and by the log of the backup (A12, A18)."""
    stack.answer_with({"status": 500, "times": 1000})
    stack.aws.admin("POST", "faults", S3_FAILS)
    record_id = post(stack, LOGS[0])
    stack.aws.advance(DAY + 600)
    assert stack.aws.admin("GET", f"trace/{record_id}")["fate"] == "expired"
    stack.aws.admin("DELETE", "faults/backup-fails")
    stack.aws.settle()
    assert stack.objects(stack.log_relay["firehose_bucket_name"]) == {}
    log = [json.loads(line) for line in stack.log(stack.log_relay["delivery_log_group_name"])]
    assert {entry["errorCode"] for entry in log} >= {"HttpEndpoint.DestinationException", "InternalError"}


def test_sixty_seconds_close_a_buffer(stack: FullStack) -> None:
    """1 MB or 60 seconds: the function's buffer first, then the endpoint's (A3, A7)."""
    post(stack, LOGS[0])
    stack.aws.advance(59)
    assert stack.log(stack.log_relay["function_log_group_name"]) == []
    stack.aws.advance(2)
    assert any(line.startswith("START") for line in stack.log(stack.log_relay["function_log_group_name"]))
    stack.aws.advance(60)
    assert ids(stack) == [0]


def test_a_megabyte_closes_a_buffer_before_that(stack: FullStack) -> None:
    """1.2 MB are at the endpoint without any time (A3)."""
    big = [{"id": number, "text": "x" * 200_000} for number in range(6)]
    for answer in stack.post_all(stack.log_relay["api_invoke_url"], big):
        assert answer.status == 200, answer.body
    stack.aws.advance(1)
    assert len(ids(stack)) in (5, 6)
