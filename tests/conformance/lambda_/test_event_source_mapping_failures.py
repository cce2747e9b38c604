"""Kinesis event source mappings when the function fails (C9, F2 24-27)."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

_names = itertools.count()

# Remembers what it was called with in its log; what it does with a batch is up to the data.
HANDLER = """
import base64, json
def handler(event, context):
    records = event["Records"]
    data = [base64.b64decode(r["kinesis"]["data"]).decode() for r in records]
    print("CALL " + json.dumps(data))
    if any(d == "fail" for d in data):
        raise ValueError("poison")
    for d in data:
        if d.startswith("answer:"):
            return json.loads(d[7:])
    failed = [r["kinesis"]["sequenceNumber"] for r, d in zip(records, data) if d.startswith("item")]
    return {"batchItemFailures": [{"itemIdentifier": n} for n in failed]}
"""


class Pipe:
    """Stream → mapping → failing function → queue."""

    def __init__(self, aws: Any, functions: Any) -> None:
        self.aws = aws
        self.functions = functions
        self.kinesis = aws.client("kinesis")
        self.client = aws.client("lambda")
        self.stream = f"failing-{next(_names)}"
        self.kinesis.create_stream(StreamName=self.stream, ShardCount=1)
        self.arn = self.kinesis.describe_stream_summary(StreamName=self.stream)["StreamDescriptionSummary"]["StreamARN"]
        sqs = aws.client("sqs")
        self.queue = sqs.create_queue(QueueName=f"{self.stream}-dlq")["QueueUrl"]
        self.queue_arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self.function = functions.make(HANDLER)

    def map(self, **settings: Any) -> str:
        given = {
            "EventSourceArn": self.arn,
            "FunctionName": self.function,
            "StartingPosition": "TRIM_HORIZON",
            "DestinationConfig": {"OnFailure": {"Destination": self.queue_arn}},
        }
        return str(self.client.create_event_source_mapping(**(given | settings))["UUID"])

    def put(self, *data: str) -> list[str]:
        records = [{"Data": text.encode(), "PartitionKey": "k"} for text in data]
        answer = self.kinesis.put_records(StreamName=self.stream, Records=records)
        return [record["SequenceNumber"] for record in answer["Records"]]

    def calls(self) -> list[list[str]]:
        lines = self.functions.log(self.function)
        return [json.loads(line[5:]) for line in lines if line.startswith("CALL ")]

    def calls_so_far(self) -> list[list[str]]:
        """`calls` without letting time pass."""
        events = self.aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{self.function}")["events"]
        return [json.loads(e["message"][5:]) for e in events if e["message"].startswith("CALL ")]

    def dead(self) -> list[dict[str, Any]]:
        """The messages in the dead-letter queue."""
        found = []
        while (
            messages := self.aws.client("sqs")
            .receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            .get("Messages")
        ):
            found += [json.loads(message["Body"]) for message in messages]
        return found


@pytest.fixture
def pipe(aws: Any, functions: Any) -> Pipe:
    return Pipe(aws, functions)


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_retries_then_the_destination(pipe: Pipe, aws: Any, retries: int) -> None:
    """C9: MaximumRetryAttempts + 1 calls with the same records, then the message; the shard goes on."""
    mapping = pipe.map(MaximumRetryAttempts=retries)
    first, last = pipe.put("fail", "ok")
    aws.settle()
    pipe.put("next")
    aws.settle()
    assert pipe.calls() == [["fail", "ok"]] * (retries + 1) + [["next"]]
    (message,) = pipe.dead()
    info = message["KinesisBatchInfo"]
    request_id = message["requestContext"].pop("requestId")
    assert len(request_id) == 36
    assert list(message) == ["requestContext", "responseContext", "version", "timestamp", "KinesisBatchInfo"]
    assert message["requestContext"] == {
        "functionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{pipe.function}",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": retries + 1,
    }
    assert message["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert message["version"] == "1.0"
    arrival = info.pop("approximateArrivalOfFirstRecord")
    assert arrival == info.pop("approximateArrivalOfLastRecord") and arrival.endswith("Z")
    assert info == {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": first,
        "endSequenceNumber": last,
        "batchSize": 2,
        "streamArn": pipe.arn,
    }
    assert pipe.client.get_event_source_mapping(UUID=mapping)["LastProcessingResult"] == "OK"


def test_by_default_a_poison_batch_blocks_the_shard(pipe: Pipe, aws: Any) -> None:
    """C9 (F2 27): endless retries until the records expire; settle names the mapping as what is stuck."""
    mapping = pipe.map()
    pipe.put("fail")
    answer = aws.admin("POST", "clock/settle", {"max_seconds": 600})
    assert answer["settled"] is False
    assert any(mapping in name for name in answer["stuck"])
    found = pipe.client.get_event_source_mapping(UUID=mapping)
    assert found["LastProcessingResult"] == "PROBLEM: Function call failed"
    pipe.put("next")
    calls = len(answer["stuck"])
    assert calls == 1
    # After the stream's retention of 24 hours the shard goes on.
    aws.settle()
    assert pipe.calls()[-1] == ["next"]
    assert pipe.dead() == []


def test_record_age(pipe: Pipe, aws: Any) -> None:
    """C9 (F2 26): too old before the first call: RecordAgeExceeded, one call counted, no responseContext."""
    pipe.put("old")
    aws.advance(120)
    pipe.put("young")
    pipe.map(MaximumRecordAgeInSeconds=60)
    aws.settle()
    assert pipe.calls() == [["young"]]
    (message,) = pipe.dead()
    assert message["requestContext"]["condition"] == "RecordAgeExceeded"
    assert message["requestContext"]["approximateInvokeCount"] == 1
    assert "responseContext" not in message
    assert message["KinesisBatchInfo"]["batchSize"] == 1


def test_record_age_ends_retries(pipe: Pipe, aws: Any) -> None:
    """C9: a failing batch is given up when its records are too old."""
    pipe.map(MaximumRecordAgeInSeconds=60)
    pipe.put("fail")
    aws.settle()
    (message,) = pipe.dead()
    assert message["requestContext"]["condition"] == "RecordAgeExceeded"
    assert message["requestContext"]["approximateInvokeCount"] == len(pipe.calls()) > 1


def test_bisect(pipe: Pipe, aws: Any) -> None:
    """C9: halves until the bad record is alone; splitting does not use up retries."""
    pipe.map(MaximumRetryAttempts=1, BisectBatchOnFunctionError=True)
    numbers = pipe.put("a", "b", "fail", "d")
    aws.settle()
    assert pipe.calls() == [["a", "b", "fail", "d"], ["a", "b"], ["fail", "d"], ["fail"], ["fail"], ["d"]]
    (message,) = pipe.dead()
    info = message["KinesisBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"]) == (numbers[2], numbers[2], 1)
    assert message["requestContext"]["approximateInvokeCount"] == 2


def test_batch_item_failures(pipe: Pipe, aws: Any) -> None:
    """C9 (F2 25): the lowest failed number is the new checkpoint; functionError is null in the message."""
    pipe.map(MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"])
    numbers = pipe.put("a", "item-1", "b", "item-2")
    aws.settle()
    assert pipe.calls() == [["a", "item-1", "b", "item-2"], ["item-1", "b", "item-2"]]
    (message,) = pipe.dead()
    assert message["responseContext"]["functionError"] is None
    assert message["KinesisBatchInfo"]["startSequenceNumber"] == numbers[1]
    assert message["KinesisBatchInfo"]["batchSize"] == 3


@pytest.mark.parametrize("answer", ["null", '""', "{}", '{"batchItemFailures": []}', '{"batchItemFailures": null}'])
def test_answers_that_mean_success(pipe: Pipe, aws: Any, answer: str) -> None:
    """C9: complete success."""
    pipe.map(MaximumRetryAttempts=0, FunctionResponseTypes=["ReportBatchItemFailures"])
    pipe.put(f"answer:{answer}")
    aws.settle()
    assert len(pipe.calls()) == 1 and pipe.dead() == []


@pytest.mark.parametrize(
    "failures",
    ['[{"itemIdentifier": ""}]', '[{"itemIdentifier": null}]', '[{"wrong": "1"}]', '[{"itemIdentifier": "1"}]'],
)
def test_answers_that_mean_failure(pipe: Pipe, aws: Any, failures: str) -> None:
    """C9: complete failure."""
    pipe.map(MaximumRetryAttempts=0, FunctionResponseTypes=["ReportBatchItemFailures"])
    pipe.put(f'answer:{{"batchItemFailures": {failures}}}')
    aws.settle()
    assert len(pipe.calls()) == 1
    assert pipe.dead()[0]["responseContext"]["functionError"] is None


def test_without_the_response_type_failures_are_not_read(pipe: Pipe, aws: Any) -> None:
    """C8: FunctionResponseTypes is empty by default."""
    pipe.map(MaximumRetryAttempts=0)
    pipe.put("item")
    aws.settle()
    assert len(pipe.calls()) == 1 and pipe.dead() == []


def test_a_throttle_is_no_attempt(pipe: Pipe, aws: Any) -> None:
    """C9: the function was not reached: tried again without end, not counted."""
    pipe.client.put_function_concurrency(FunctionName=pipe.function, ReservedConcurrentExecutions=0)
    pipe.map(MaximumRetryAttempts=0)
    pipe.put("one")
    assert aws.admin("POST", "clock/settle", {"max_seconds": 300})["settled"] is False
    pipe.client.delete_function_concurrency(FunctionName=pipe.function)
    aws.settle()
    assert pipe.calls() == [["one"]] and pipe.dead() == []


def test_disabling_ends_the_retries(pipe: Pipe, aws: Any) -> None:
    """C8: a blocked mapping can be disabled; what is left is delivered when it is enabled again."""
    mapping = pipe.map()
    pipe.put("fail")
    assert aws.admin("POST", "clock/settle", {"max_seconds": 10})["settled"] is False
    pipe.client.update_event_source_mapping(UUID=mapping, Enabled=False)
    aws.settle()
    pipe.client.update_event_source_mapping(UUID=mapping, Enabled=True, MaximumRetryAttempts=0)
    aws.settle()
    assert len(pipe.dead()) == 1


def test_s3_destination_has_the_payload(pipe: Pipe, aws: Any) -> None:
    """C9: only the S3 object carries the records."""
    s3 = aws.client("s3")
    bucket = f"{pipe.stream}-failures"
    s3.create_bucket(Bucket=bucket)
    mapping = pipe.map(
        MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
    )
    pipe.put("fail")
    aws.settle()
    (item,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert item["Key"].startswith(f"aws/lambda/{mapping}/shardId-000000000000/20")
    body = json.loads(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
    assert body["payload"]["Records"][0]["kinesis"]["data"] == "ZmFpbA=="


def test_sns_destination(pipe: Pipe, aws: Any) -> None:
    """C9: the same message to a topic."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name=f"{pipe.stream}-topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=pipe.queue_arn, Attributes={"RawMessageDelivery": "true"})
    pipe.map(MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": topic}})
    pipe.put("fail")
    aws.settle()
    (message,) = sqs.receive_message(QueueUrl=pipe.queue)["Messages"]
    assert json.loads(message["Body"])["requestContext"]["condition"] == "RetryAttemptsExhausted"


def test_children_wait_for_a_blocked_parent(pipe: Pipe, aws: Any) -> None:
    """C9, B7: a child shard is not read before its parent is finished."""
    mapping = pipe.map()
    pipe.put("fail")
    pipe.kinesis.update_shard_count(StreamName=pipe.stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    pipe.put("child")
    # A new reader sees all shards at once.
    pipe.client.update_event_source_mapping(UUID=mapping, BatchSize=50)
    assert aws.admin("POST", "clock/settle", {"max_seconds": 300})["settled"] is False
    assert all(call == ["fail"] for call in pipe.calls_so_far())
    pipe.client.update_event_source_mapping(UUID=mapping, MaximumRetryAttempts=0)
    aws.settle()
    assert pipe.calls()[-1] == ["child"]


def test_bisect_with_batch_item_failures(pipe: Pipe, aws: Any) -> None:
    """C9: split at the reported checkpoint on response failures, in halves on exceptions."""
    pipe.map(BisectBatchOnFunctionError=True, MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"])
    pipe.put("a", "b", "item", "c")
    aws.settle()
    assert pipe.calls() == [["a", "b", "item", "c"], ["item", "c"]]
    (message,) = pipe.dead()
    assert message["KinesisBatchInfo"]["batchSize"] == 2
    pipe.put("d", "fail")
    aws.settle()
    assert pipe.calls()[2:] == [["d", "fail"], ["d"], ["fail"], ["fail"]]


def test_a_parent_that_is_past_its_retention_counts_as_read(pipe: Pipe, aws: Any) -> None:
    """B6, B7, C9: the closed shard vanishes while its poison batch is tried; the children are read all the same."""
    pipe.map()
    pipe.put("fail")
    half = str(2**127)
    pipe.kinesis.split_shard(StreamName=pipe.stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=half)
    aws.advance(23 * 3600)
    pipe.put("later")
    assert ["later"] not in pipe.calls_so_far()
    aws.advance(2 * 3600)
    assert pipe.calls()[-1] == ["later"]
