"""The trace knows each fate (law 5), and says so when it knows nothing."""

from __future__ import annotations

import pytest

from tests.conformance.tracing import (
    CONSUMER,
    TRANSFORM,
    fates,
    function,
    hops,
    keys,
    mapping,
    put,
    put_stream,
    queue,
    stream,
    to_s3,
    to_sink,
    traced,
)
from tests.conftest import Aws

DAY = 86_400.0


# -- failures ----------------------------------------------------------------------------------------------------


def test_an_unknown_id_is_404_with_a_sentence(aws: Aws) -> None:
    answer = aws.http.get("/_harness/trace/nothing-like-this")
    assert answer.status_code == 404
    assert "nothing is known of 'nothing-like-this'" in answer.json()["message"]


def test_a_question_without_an_id_is_400(aws: Aws) -> None:
    assert aws.http.get("/_harness/trace").status_code == 400
    assert aws.http.post("/_harness/trace/x").status_code == 405


def test_a_sequence_number_that_was_not_given_yet_is_unknown(aws: Aws) -> None:
    stream(aws, "early")
    (number,) = put_stream(aws, "early", b"one")
    following = str(int(number) + 10**22)
    assert aws.http.get(f"/_harness/trace/{following}").status_code == 404


def test_a_reset_forgets(aws: Aws) -> None:
    to_s3(aws, "forgotten")
    (record,) = put(aws, "forgotten", b"one")
    assert traced(aws, record)["fate"] == "buffered"
    aws.admin("POST", "reset")
    assert aws.http.get(f"/_harness/trace/{record}").status_code == 404


@pytest.mark.parametrize(
    ("data", "code", "attempts"),
    [(b"raise", "Lambda.FunctionError", 2), (b"ProcessingFailed", "Lambda.ProcessingFailedStatus", 1)],
)
def test_processing_failed_names_code_attempts_and_object(aws: Aws, data: bytes, code: str, attempts: int) -> None:
    """A9, A10: the record is in the error object that is named."""
    to_s3(aws, "failing", transform=function(aws, "failing", TRANSFORM))
    (record,) = put(aws, "failing", data)
    aws.settle()
    answer = traced(aws, record)
    (key,) = keys(aws, "failing-bucket")
    (fate,) = answer["fates"]
    assert (fate["fate"], fate["code"]) == ("processing-failed", code)
    assert fate["where"] == f"s3://failing-bucket/{key}"
    assert [hop["attempt"] for hop in hops(answer, "firehose", "invoke")] == list(range(1, attempts + 1))


def test_while_the_error_line_waits_the_record_is_buffered(aws: Aws) -> None:
    """A10: error lines have a buffer of their own."""
    to_s3(aws, "waiting", transform=function(aws, "waiting", TRANSFORM))
    (record,) = put(aws, "waiting", b"ProcessingFailed")
    aws.advance(60)
    (fate,) = traced(aws, record)["fates"]
    assert (fate["fate"], fate["why"]) == ("buffered", "in the buffer errors/processing-failed")
    assert fate["code"] == "Lambda.ProcessingFailedStatus"


def test_delivery_failed_names_the_requests_and_the_backup(aws: Aws) -> None:
    """A14: an endpoint that never takes it; the record goes to the backup."""
    to_sink(aws, "refusing", seconds=10)
    aws.admin("PUT", "sinks/refusing", {"answers": [{"status": 500, "times": 99}]})
    (record,) = put(aws, "refusing", b"one")
    aws.settle()
    answer = traced(aws, record)
    (key,) = keys(aws, "refusing-bucket")
    (fate,) = answer["fates"]
    assert (fate["fate"], fate["where"]) == ("delivery-failed", f"s3://refusing-bucket/{key}")
    assert fate["code"] == "HttpEndpoint.DestinationException"
    requests = hops(answer, "firehose", "request")
    sent = aws.admin("GET", "sinks/refusing")["requests"]
    assert len(requests) == len(sent) > 1
    assert {hop["request_id"] for hop in requests} == {sent[0]["headers"]["x-amz-firehose-request-id"]}
    assert requests[0]["result"] == "HttpEndpoint.DestinationException 500"


def test_a_request_that_is_too_large_for_the_endpoint_is_dropped(aws: Aws) -> None:
    """A14: 413 is permanent, and not written to the bucket."""
    to_sink(aws, "small")
    aws.admin("PUT", "sinks/small", {"answers": [{"status": 413}]})
    (record,) = put(aws, "small", b"one")
    aws.settle()
    (fate,) = traced(aws, record)["fates"]
    assert fate["fate"] == "dropped"
    assert "413" in fate["why"]


def test_what_the_transform_drops_is_dropped(aws: Aws) -> None:
    """A9: Dropped. Its neighbours in the same batch are delivered."""
    to_s3(aws, "dropping", transform=function(aws, "dropping", TRANSFORM))
    records = put(aws, "dropping", b"a", b"Dropped", b"b")
    aws.settle()
    assert [traced(aws, record)["fate"] for record in records] == ["delivered", "dropped", "delivered"]


def test_what_a_deleted_delivery_stream_held_is_dropped(aws: Aws) -> None:
    """A4: deletion discards what was not delivered."""
    to_s3(aws, "deleted")
    (record,) = put(aws, "deleted", b"one")
    aws.client("firehose").delete_delivery_stream(DeliveryStreamName="deleted")
    (fate,) = traced(aws, record)["fates"]
    assert (fate["fate"], fate["why"]) == ("dropped", "the delivery stream was deleted with the record in it")


def test_what_s3_refuses_for_a_day_is_expired(aws: Aws) -> None:
    """A12: 24 hours of retries, each with the rule that hit it; then the records are lost."""
    to_s3(aws, "refused")
    rule = {"fault": "error", "match": {"service": "s3", "operation": "PutObject"}, "with": {"code": "SlowDown"}}
    (added,) = aws.admin("POST", "faults", rule)["faults"]
    (record,) = put(aws, "refused", b"one")
    aws.advance(90)
    assert traced(aws, record)["fate"] == "buffered"
    aws.settle()
    answer = traced(aws, record)
    assert fates(answer) == ["expired"]
    attempts = hops(answer, "firehose", "put-object")
    assert len(attempts) > 100
    assert all(hop["faults"] == [added["id"]] and hop["result"] == "SlowDown" for hop in attempts)
    assert hops(answer, "firehose", "lost")[0]["time"] - attempts[0]["time"] >= DAY


def test_a_batch_that_keeps_failing_is_dead_lettered(aws: Aws) -> None:
    """C9: attempts, and the message in the dead-letter queue."""
    source = stream(aws, "poisoned")
    arn, letters = function(aws, "poisoned", CONSUMER), queue(aws, "poisoned-dlq")
    mapping(aws, source, arn, MaximumRetryAttempts=2, DestinationConfig={"OnFailure": {"Destination": letters}})
    (number,) = put_stream(aws, "poisoned", b"fail")
    aws.settle()
    answer = traced(aws, number)
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="poisoned-dlq")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    (fate,) = answer["fates"]
    assert (fate["fate"], fate["why"]) == ("dead-lettered", "RetryAttemptsExhausted")
    assert fate["where"] == f"{letters} message {message['MessageId']}"
    assert [hop["attempt"] for hop in hops(answer, "lambda", "batch")] == [1, 2, 3]


def test_without_a_destination_exhausted_records_are_dropped(aws: Aws) -> None:
    """C9: they are discarded."""
    source = stream(aws, "unheard")
    mapping(aws, source, function(aws, "unheard", CONSUMER), MaximumRetryAttempts=0)
    (number,) = put_stream(aws, "unheard", b"fail")
    aws.settle()
    assert fates(traced(aws, number)) == ["dropped"]


def test_what_a_filter_holds_back_is_dropped_there(aws: Aws) -> None:
    """C9: filtered records do not reach the function."""
    source = stream(aws, "filtered")
    filters = {"Filters": [{"Pattern": '{"data": {"kind": ["wanted"]}}'}]}
    mapping(aws, source, function(aws, "filtered", CONSUMER), FilterCriteria=filters)
    numbers = put_stream(aws, "filtered", b'{"kind": "other"}', b'{"kind": "wanted"}')
    aws.settle()
    assert [traced(aws, number)["fate"] for number in numbers] == ["dropped", "delivered"]


def test_what_nobody_read_in_time_is_expired(aws: Aws) -> None:
    """B6: after the retention period the record is gone."""
    stream(aws, "unread")
    (number,) = put_stream(aws, "unread", b"one")
    answer = traced(aws, number)
    assert fates(answer) == ["read-by-nobody"]
    assert answer["fates"][0]["expires"] == pytest.approx(answer["hops"][0]["time"] + DAY, abs=0.01)
    aws.advance(DAY + 1)
    assert fates(traced(aws, number)) == ["expired"]


# -- what goes well ----------------------------------------------------------------------------------------------


def test_a_record_is_buffered_until_its_batch_is_written(aws: Aws) -> None:
    """A3, A11."""
    arn = to_s3(aws, "plain")
    records = put(aws, "plain", b"one", b"two")
    (fate,) = traced(aws, records[1])["fates"]
    assert (fate["fate"], fate["by"], fate["why"]) == ("buffered", arn, "in the buffer destination")
    aws.settle()
    answer = traced(aws, records[1])
    (key,) = keys(aws, "plain-bucket")
    assert answer["fates"] == [{"fate": "delivered", "by": arn, "where": f"s3://plain-bucket/{key}"}]
    assert [hop["event"] for hop in answer["hops"]] == ["put", "batch", "put-object"]
    assert answer["hops"][1]["time"] - answer["hops"][0]["time"] == pytest.approx(60, abs=0.01)


def test_a_client_that_reads_the_stream_is_a_reader(aws: Aws) -> None:
    """B5."""
    stream(aws, "watched")
    (number,) = put_stream(aws, "watched", b"one")
    kinesis = aws.client("kinesis")
    shard = {"StreamName": "watched", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**shard)["ShardIterator"])
    assert fates(traced(aws, number)) == ["delivered"]


def test_a_lost_acknowledgement_shows_both_deliveries(aws: Aws) -> None:
    """Faults: the object was written, the answer never came, the retry wrote it again."""
    to_s3(aws, "twice")
    match = {"service": "s3", "operation": "PutObject"}
    (rule,) = aws.admin("POST", "faults", {"fault": "lost-acknowledgement", "match": match, "when": {"nth": [1]}})[
        "faults"
    ]
    (record,) = put(aws, "twice", b"one")
    aws.settle()
    first, second = hops(traced(aws, record), "firehose", "put-object")
    assert (first["faults"], first["attempt"], second["attempt"]) == ([rule["id"]], 1, 2)
    assert first["result"] != "ok"
    assert ("faults" in second, second["result"]) == (False, "ok")
