"""The Lambda processor: failures first (A8, A9, A10)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from harness.emulator.errors import AwsError

HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
FOLDER = "processing-failed/2023/11/14/22/"
CHECK = "Check your function and make sure the output is in required format."


def started(rig: Any, retries: int | None = None, **more: Any) -> Any:
    rig.create(BufferingHints=HINTS, ProcessingConfiguration=rig.processing(retries), **more)
    return rig


@pytest.mark.parametrize(
    ("failure", "code", "message"),
    [
        ("FunctionError", "Lambda.FunctionError", "The Lambda function was successfully invoked but it returned an"),
        (AwsError("TooManyRequestsException", "Rate Exceeded.", 429), "Lambda.InvokeLimitExceeded", "The Lambda conc"),
        (AwsError("AccessDeniedException", "no", 403), "Lambda.InvokeAccessDenied", "Access was denied. Ensure that"),
        (AwsError("ResourceNotFoundException", "no", 404), "Lambda.ResourceNotFound", "The specified Lambda function"),
        (AwsError("ServiceException", "no", 500), "Lambda.ServiceUnavailable", "The Lambda function could not"),
        (AwsError("ENILimitReachedException", "too many", 502), "Lambda.ENILimitReachedException", "too many"),
        (RuntimeError("bang"), "Lambda.InternalServerError", "The invocation failed"),
    ],
)
def test_a_failing_invocation_is_retried_three_times_then_the_batch_fails(
    rig: Any, failure: Any, code: str, message: str
) -> None:
    """A9: invoke failures are retried NumberOfRetries (3) times: attemptsMade 4, rawData as received."""
    started(rig)
    rig.lambda_.answer = lambda event: failure
    rig.put(b"one", b"two")
    rig.settle()
    lines = rig.lines(FOLDER)
    assert [line["raw"] for line in lines] == [b"one", b"two"]
    assert {(line["errorCode"], line["attemptsMade"]) for line in lines} == {(code, 4)}
    assert lines[0]["errorMessage"].startswith(message)
    assert len(rig.lambda_.events) == 4
    assert len(rig.keys()) == 1


def test_each_attempt_has_its_own_invocation_id_and_the_same_records(rig: Any) -> None:
    """A8: invocationId is fresh on every attempt, recordIds and data are identical."""
    started(rig, retries=2)
    rig.lambda_.answer = lambda event: "FunctionError"
    rig.put(b"one")
    rig.settle()
    assert len({event["invocationId"] for event in rig.lambda_.events}) == 3
    assert len({json.dumps(event["records"]) for event in rig.lambda_.events}) == 1
    assert rig.lines(FOLDER)[0]["attemptsMade"] == 3


def test_a_retry_that_succeeds_delivers(rig: Any) -> None:
    """A9: a throttled invocation is tried again after a pause on the clock."""
    started(rig)
    answers = iter([AwsError("TooManyRequestsException", "x", 429), "FunctionError"])
    rig.lambda_.answer = lambda event: next(answers, None) or rig.transform(lambda d: ("Ok", d))(event)
    rig.put(b"one")
    rig.settle()
    assert rig.objects() == [b"one"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "Lambda.MissingRecordId"),
        (b"null", "Lambda.MissingRecordId"),
        ({}, "Lambda.MissingRecordId"),
        ({"records": []}, "Lambda.MissingRecordId"),
        (b"{not json", "Lambda.JsonProcessingException"),
        ("done", "Lambda.JsonProcessingException"),
        ([1], "Lambda.JsonProcessingException"),
        ({"records": "x"}, "Lambda.JsonProcessingException"),
        ({"records": [5]}, "Lambda.JsonProcessingException"),
    ],
)
def test_an_answer_without_usable_records_fails_all_at_once(rig: Any, answer: Any, code: str) -> None:
    """A9: what the function returned successfully is final, however malformed: attemptsMade 1."""
    started(rig)
    rig.lambda_.answer = lambda event: answer
    rig.put(b"one", b"two")
    rig.settle()
    lines = rig.lines(FOLDER)
    assert [(line["raw"], line["errorCode"], line["attemptsMade"]) for line in lines] == [
        (b"one", code, 1),
        (b"two", code, 1),
    ]
    assert len(rig.lambda_.events) == 1


@pytest.mark.parametrize("change", [{"result": "Fine"}, {"result": None}, {"data": "%%%"}, {"data": "YQ"}])
def test_an_invalid_result_or_base64_fails_the_batch(rig: Any, change: dict[str, Any]) -> None:
    """A9: invalid result value or bad base64: Lambda.FunctionError for the batch, with AWS's advice."""
    started(rig)

    def answer(event: Any) -> Any:
        good = rig.transform(lambda d: ("Ok", d))(event)
        good["records"][1].update(change)
        return good

    rig.lambda_.answer = answer
    rig.put(b"one", b"two", b"three")
    rig.settle()
    lines = rig.lines(FOLDER)
    assert len(lines) == 3
    assert {line["errorCode"] for line in lines} == {"Lambda.FunctionError"}
    assert lines[0]["errorMessage"].startswith(CHECK)


def test_record_failures_leave_the_others_alone(rig: Any) -> None:
    """A9: ProcessingFailed, a missing id, a duplicated id and Ok without data each fail that record alone.

    Sources conflict on the duplicated id (record or batch): the record alone is taken.
    """
    started(rig)

    def answer(event: Any) -> Any:
        good = rig.transform(lambda d: (d.decode().split("-")[0], d))(event)["records"]
        by_name = dict(zip(["ok", "fail", "drop", "missing", "twice", "empty"], good, strict=True))
        by_name["empty"]["data"] = None
        del good[3]
        return {"records": [*good, by_name["twice"], {"recordId": "stranger", "result": "Ok", "data": ""}]}

    rig.lambda_.answer = answer
    rig.put(b"Ok-1", b"ProcessingFailed-2", b"Dropped-3", b"Ok-4", b"Ok-5", b"Ok-6")
    rig.settle()
    assert rig.objects("2023/") == [b"Ok-1"]
    codes = {line["raw"]: line["errorCode"] for line in rig.lines(FOLDER)}
    assert codes == {
        b"ProcessingFailed-2": "Lambda.ProcessingFailedStatus",
        b"Ok-4": "Lambda.MissingRecordId",
        b"Ok-5": "Lambda.DuplicatedRecordId",
        b"Ok-6": "Lambda.InvalidReturnFormat",
    }


def test_the_error_line_has_the_newer_form(rig: Any) -> None:
    """A10: member order and names of the 2025/2026 captures; numbers are JSON numbers in milliseconds."""
    started(rig)
    rig.lambda_.answer = rig.transform(lambda d: ("ProcessingFailed", d))
    rig.put(b"one")
    rig.settle()
    text = rig.objects(FOLDER)[0].decode()
    line = json.loads(text)
    assert list(line) == [
        "rawData",
        "errorCode",
        "errorMessage",
        "attemptsMade",
        "arrivalTimestamp",
        "attemptEndingTimestamp",
        "lambdaARN",
    ]
    assert line["rawData"] == base64.b64encode(b"one").decode()
    assert (line["arrivalTimestamp"], line["attemptEndingTimestamp"]) == (1_700_000_000_000, 1_700_000_060_000)
    assert line["errorMessage"] == "ProcessingFailed status set for record"
    assert line["lambdaARN"] == rig.LAMBDA


def test_the_event_of_direct_put(rig: Any) -> None:
    """A8: key order, recordId of 62 digits, arrival in integer milliseconds, no Kinesis members."""
    started(rig)
    rig.put(b"one", b"")
    rig.advance(60)
    event = rig.lambda_.events[0]
    assert list(event) == ["invocationId", "deliveryStreamArn", "region", "records"]
    assert event["deliveryStreamArn"] == "arn:aws:firehose:us-east-1:000000000000:deliverystream/d"
    assert list(event["records"][0]) == ["recordId", "approximateArrivalTimestamp", "data"]
    assert event["records"][0]["approximateArrivalTimestamp"] == 1_700_000_000_000
    assert event["records"][1]["data"] == ""
    for record in event["records"]:
        assert len(record["recordId"]) == 62
        assert record["recordId"].endswith("000000")
    caller = rig.lambda_.calls[0].caller
    assert (caller.service, caller.role) == ("firehose.amazonaws.com", rig.ROLE)
    assert caller.source_arn == event["deliveryStreamArn"]


def test_the_lambda_buffer_stands_before_the_destination_buffer(rig: Any) -> None:
    """A8: latency is the sum of the two intervals."""
    started(rig)
    rig.put(b"one")
    rig.advance(59.9)
    assert not rig.lambda_.events
    rig.advance(0.1)
    assert len(rig.lambda_.events) == 1
    rig.advance(59.9)
    assert not rig.objects()
    rig.advance(0.1)
    assert rig.objects() == [b"ONE"]


def test_events_fit_a_lambda_payload_and_five_run_side_by_side(rig: Any) -> None:
    """A8: at most 6 MB per request, 5 outstanding invocations; order is kept when nothing fails."""
    hints = {"SizeInMBs": 128, "IntervalInSeconds": 60}
    rig.create(BufferingHints=hints, ProcessingConfiguration=rig.processing(size="3"))
    rig.lambda_.answer = rig.transform(lambda d: ("Ok", d))
    batches = [[f"{n:03d}-{i:03d};".encode() * (1 if n % 2 else 900) for i in range(500)] for n in range(40)]
    rig.put_all(batches)
    rig.settle()
    assert max(len(raw) for raw in rig.lambda_.raw) <= 6 * 1024 * 1024
    assert rig.lambda_.most_busy == 5
    assert b"".join(rig.objects()) == b"".join(data for batch in batches for data in batch)


def test_a_slow_batch_is_overtaken_while_it_waits_for_a_retry(rig: Any) -> None:
    """A9: other batches continue while one is retried."""
    started(rig)
    rig.lambda_.answer = lambda event: "FunctionError"
    rig.put(b"bad")
    rig.advance(60)
    rig.lambda_.answer = lambda event: (
        "FunctionError" if event["records"][0]["data"] == "YmFk" else rig.transform(lambda d: ("Ok", d))(event)
    )
    rig.put(b"good")
    rig.settle()
    assert rig.objects("2023") == [b"good"]
    assert [line["raw"] for line in rig.lines(FOLDER)] == [b"bad"]


def test_a_restart_in_the_middle_of_retries_loses_nothing(rig: Any) -> None:
    """Law 4: batches that wait for a retry survive, with their attempts."""
    started(rig)
    rig.lambda_.answer = lambda event: "FunctionError"
    rig.put(b"one")
    rig.advance(61.5)
    assert len(rig.lambda_.events) == 2
    rig.restart()
    rig.settle()
    assert len(rig.lambda_.events) == 4
    assert [line["attemptsMade"] for line in rig.lines(FOLDER)] == [4]


def test_processing_switched_off_lets_buffered_records_go_on(rig: Any) -> None:
    """A15: an update applies to what is still buffered."""
    started(rig)
    rig.put(b"one")
    rig.update(ExtendedS3DestinationUpdate={"ProcessingConfiguration": {"Enabled": False}})
    rig.settle()
    assert not rig.lambda_.events
    assert rig.objects() == [b"one"]


def test_a_function_that_runs_longer_than_five_minutes_counts_as_timed_out(rig: Any) -> None:
    """A9: the maximum function timeout that Firehose supports is 5 minutes."""
    started(rig, retries=0)

    def slow(event: Any) -> Any:
        rig.world.clock.set_now(rig.world.clock.now() + 301)
        return rig.transform(lambda d: ("Ok", d))(event)

    rig.lambda_.answer = slow
    rig.put(b"one")
    rig.settle()
    assert rig.lines(FOLDER)[0]["errorCode"] == "Lambda.FunctionTimedOut"


def test_failures_are_logged_with_the_processor(rig: Any) -> None:
    """A18: Lambda errors go to the destination's log stream and name the processor; a failing log hurts nothing."""
    logging = {"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"}
    started(rig, retries=1, CloudWatchLoggingOptions=logging)
    rig.lambda_.answer = lambda event: "FunctionError"
    rig.put(b"one")
    rig.settle()
    assert [list(entry) for entry in rig.logs.entries] == [
        ["deliveryStreamARN", "destination", "deliveryStreamVersionId", "message", "errorCode", "processor"]
    ] * 2
    assert rig.logs.entries[0]["processor"] == rig.LAMBDA
    rig.logs.error = AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    rig.put(b"two")
    rig.settle()
    assert [line["raw"] for line in rig.lines("processing-failed/")] == [b"one", b"two"]
