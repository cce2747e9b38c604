"""Kinesis event source mappings: events, batches, windows, positions, shards (C8, C9)."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

_streams = itertools.count()

# Appends every event to a queue; `fail` in a record's data makes the call fail.
RECORDER = """
import base64, json, os
import boto3
sqs = boto3.client("sqs")
def handler(event, context):
    data = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps({"event": event, "data": data}))
    if any("fail" in d for d in data):
        raise ValueError("poison")
"""


class Pipe:
    """A stream, a function that records its events, and a mapping between them."""

    def __init__(self, aws: Any, functions: Any, shards: int = 1) -> None:
        self.aws = aws
        self.kinesis = aws.client("kinesis")
        self.client = aws.client("lambda")
        self.stream = f"stream-{next(_streams)}"
        self.kinesis.create_stream(StreamName=self.stream, ShardCount=shards)
        self.arn = self.kinesis.describe_stream_summary(StreamName=self.stream)["StreamDescriptionSummary"]["StreamARN"]
        self.queue = aws.client("sqs").create_queue(QueueName=f"{self.stream}-calls")["QueueUrl"]
        self.function = functions.make(RECORDER, Environment={"Variables": {"QUEUE": self.queue}}, Timeout=30)

    def map(self, **settings: Any) -> str:
        given = {"EventSourceArn": self.arn, "FunctionName": self.function, "StartingPosition": "TRIM_HORIZON"}
        return str(self.client.create_event_source_mapping(**(given | settings))["UUID"])

    def put(self, *data: str, key: str = "k") -> list[str]:
        records = [{"Data": text.encode(), "PartitionKey": key} for text in data]
        answer = self.kinesis.put_records(StreamName=self.stream, Records=records)
        return [record["SequenceNumber"] for record in answer["Records"]]

    def calls(self) -> list[dict[str, Any]]:
        """What the function got since the last look, in order."""
        sqs = self.aws.client("sqs")
        found: list[tuple[int, int, dict[str, Any]]] = []
        while True:
            messages = sqs.receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=10, AttributeNames=["SentTimestamp"]
            ).get("Messages", [])
            if not messages:
                break
            for message in messages:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found.append((0, len(found), json.loads(message["Body"])))
        return [call for _, _, call in found]

    def data(self) -> list[list[str]]:
        return [call["data"] for call in self.calls()]


@pytest.fixture
def pipe(aws: Any, functions: Any) -> Pipe:
    return Pipe(aws, functions)


def test_the_event(pipe: Pipe, aws: Any) -> None:
    """C9: every member, in AWS's order; the arrival in seconds with a fraction (F2 23)."""
    pipe.map()
    (number,) = pipe.put("Hello", key="1")
    aws.settle()
    ((event),) = [call["event"] for call in pipe.calls()]
    (record,) = event["Records"]
    arrival = record["kinesis"].pop("approximateArrivalTimestamp")
    assert isinstance(arrival, float) and abs(arrival - aws.now()) < 5
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": number,
            "data": base64.b64encode(b"Hello").decode(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/lambda-role",
        "awsRegion": "us-east-1",
        "eventSourceARN": pipe.arn,
    }
    assert list(record) == [
        "kinesis", "eventSource", "eventVersion", "eventID", "eventName", "invokeIdentityArn", "awsRegion",
        "eventSourceARN",
    ]  # fmt: skip


def test_batch_size(pipe: Pipe, aws: Any) -> None:
    """C9: a batch has at most BatchSize records, in order."""
    pipe.put(*[f"r{i}" for i in range(25)])
    pipe.map(BatchSize=10)
    aws.settle()
    assert pipe.data() == [
        [f"r{i}" for i in range(10)],
        [f"r{i}" for i in range(10, 20)],
        [f"r{i}" for i in range(20, 25)],
    ]


def test_a_batch_stays_under_six_megabytes(pipe: Pipe, aws: Any, functions: Any) -> None:
    """C9: the payload limit flushes a batch."""
    counter = """
import os, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody='{"data": %d}' % len(event["Records"]))
"""
    pipe.function = functions.make(
        counter, Environment={"Variables": {"QUEUE": pipe.queue}}, Timeout=30, MemorySize=1024
    )
    for _ in range(8):
        pipe.put("x" * 1_000_000)
    pipe.map(BatchSize=100)
    aws.settle()
    counts = [call["data"] for call in pipe.calls()]
    assert sum(counts) == 8 and max(counts) == 4


def test_batching_window(pipe: Pipe, aws: Any) -> None:
    """C8, C9 (F2 28): records wait for the window, or for a full batch."""
    pipe.map(BatchSize=3, MaximumBatchingWindowInSeconds=60)
    pipe.put("a")
    aws.advance(59)
    assert pipe.data() == []
    pipe.put("b")
    aws.advance(1)
    assert pipe.data() == [["a", "b"]]
    pipe.put("c", "d", "e", "f")
    aws.advance(0)
    assert pipe.data() == [["c", "d", "e"]]
    assert aws.settle() == pytest.approx(60, abs=1)
    assert pipe.data() == [["f"]]


def test_latest_begins_with_the_mapping(pipe: Pipe, aws: Any) -> None:
    """C8: LATEST skips what was there, even at the same instant, and misses nothing after, however late it comes."""
    pipe.put("before")
    pipe.map(StartingPosition="LATEST")
    pipe.put("after")
    aws.settle()
    assert pipe.data() == [["after"]]


def test_latest_waits_longer_than_an_iterator_lives(pipe: Pipe, aws: Any) -> None:
    """B4, C8: the first record may come after the 5 minutes of an iterator."""
    pipe.put("before")
    pipe.map(StartingPosition="LATEST")
    aws.advance(3600)
    pipe.put("after")
    aws.advance(3600)
    pipe.put("later")
    aws.settle()
    assert pipe.data() == [["after"], ["later"]]


def test_at_timestamp(pipe: Pipe, aws: Any) -> None:
    """C8: AT_TIMESTAMP takes records from then on; a moment to come is refused."""
    pipe.put("old")
    aws.advance(100)
    moment = aws.now()
    pipe.put("new")
    pipe.map(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment - 1)
    aws.settle()
    assert pipe.data() == [["new"]]
    with pytest.raises(pipe.client.exceptions.InvalidParameterValueException):
        pipe.map(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment + 1000)


def test_shards_do_not_mix_and_children_follow_parents(aws: Any, functions: Any) -> None:
    """C9, B7: a batch is of one shard; children are read when their parents are finished."""
    pipe = Pipe(aws, functions, shards=2)
    for i in range(6):
        pipe.put(f"before-{i}", key=str(i % 3))
    pipe.kinesis.update_shard_count(StreamName=pipe.stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    for i in range(6):
        pipe.put(f"after-{i}", key=str(i % 3))
    pipe.map()
    aws.settle()
    calls = pipe.calls()
    assert all(len({r["eventID"].split(":")[0] for r in call["event"]["Records"]}) == 1 for call in calls)
    order = [
        (r["kinesis"]["partitionKey"], d) for c in calls for r, d in zip(c["event"]["Records"], c["data"], strict=True)
    ]
    for key in "012":
        seen = [data for k, data in order if k == key]
        assert seen == [f"{when}-{i}" for when in ("before", "after") for i in range(6) if str(i % 3) == key]


def test_resharding_while_the_mapping_runs(aws: Any, functions: Any) -> None:
    """C9, B7: shards made later are read from their beginning, with LATEST too."""
    pipe = Pipe(aws, functions)
    pipe.map(StartingPosition="LATEST")
    pipe.put("one")
    pipe.kinesis.update_shard_count(StreamName=pipe.stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    pipe.put("two")
    aws.settle()
    assert pipe.data() == [["one"], ["two"]]


def test_filter_criteria(pipe: Pipe, aws: Any) -> None:
    """C9: JSON patterns on the data and on metadata; what does not pass counts as processed."""
    pattern = {"data": {"temperature": [{"numeric": [">", 30]}]}, "partitionKey": ["hot"]}
    mapping = pipe.map(FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    pipe.put('{"temperature": 31}', '{"temperature": 30}', "not json", '{"other": 1}', key="hot")
    pipe.put('{"temperature": 99}', key="cold")
    aws.settle()
    assert pipe.data() == [['{"temperature": 31}']]
    found = pipe.client.get_event_source_mapping(UUID=mapping)
    assert found["FilterCriteria"] == {"Filters": [{"Pattern": json.dumps(pattern)}]}
    with pytest.raises(pipe.client.exceptions.InvalidParameterValueException):
        pipe.client.update_event_source_mapping(UUID=mapping, FilterCriteria={"Filters": [{"Pattern": "{"}]})


def test_parallelization_factor_keeps_the_order_of_a_key(pipe: Pipe, aws: Any) -> None:
    """C9: batches of one shard run side by side, split by partition key."""
    for i in range(20):
        pipe.put(f"{i}", key=f"k{i % 5}")
    pipe.map(ParallelizationFactor=4, BatchSize=3)
    aws.settle()
    calls = pipe.calls()
    records = [
        (r["kinesis"]["partitionKey"], int(d))
        for c in calls
        for r, d in zip(c["event"]["Records"], c["data"], strict=True)
    ]
    assert sorted(n for _, n in records) == list(range(20))
    for key in range(5):
        mine = [n for k, n in records if k == f"k{key}"]
        assert mine == sorted(mine)


def test_disable_and_enable(pipe: Pipe, aws: Any) -> None:
    """C8: a disabled mapping reads nothing; enabled again it goes on at its checkpoint."""
    mapping = pipe.map()
    pipe.put("one")
    aws.settle()
    pipe.client.update_event_source_mapping(UUID=mapping, Enabled=False)
    assert pipe.client.get_event_source_mapping(UUID=mapping)["State"] == "Disabled"
    pipe.put("two")
    aws.settle()
    assert pipe.data() == [["one"]]
    pipe.client.update_event_source_mapping(UUID=mapping, Enabled=True)
    aws.settle()
    assert pipe.data() == [["two"]]


def test_a_snapshot_keeps_the_checkpoint(pipe: Pipe, aws: Any) -> None:
    """C9: after a restore nothing is delivered twice and nothing is missed."""
    pipe.map(StartingPosition="LATEST")
    pipe.put("one")
    aws.settle()
    assert pipe.data() == [["one"]]
    aws.admin("PUT", "snapshots/mapping")
    try:
        aws.admin("POST", "reset")
        aws.admin("POST", "snapshots/mapping")
        pipe.put("two")
        aws.settle()
        assert pipe.data() == [["two"]]
    finally:
        aws.admin("DELETE", "snapshots/mapping")


def test_deleted_mapping_and_deleted_stream(pipe: Pipe, aws: Any) -> None:
    """C8: a deleted mapping is gone; a mapping without its stream reports a problem and does not spin."""
    mapping = pipe.map()
    assert pipe.client.delete_event_source_mapping(UUID=mapping)["State"] == "Deleting"
    with pytest.raises(pipe.client.exceptions.ResourceNotFoundException):
        pipe.client.get_event_source_mapping(UUID=mapping)
    pipe.put("one")
    aws.settle()
    assert pipe.data() == []
    mapping = pipe.map(StartingPosition="LATEST")
    pipe.kinesis.delete_stream(StreamName=pipe.stream)
    aws.settle()
    assert pipe.client.get_event_source_mapping(UUID=mapping)["LastProcessingResult"].startswith("PROBLEM: ")


def test_a_fan_out_consumer_is_an_event_source(pipe: Pipe, aws: Any) -> None:
    """C9: the event's eventSourceARN is the consumer's; a consumer that is gone is a problem, and is no source."""
    arn = pipe.arn
    consumer = pipe.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    uuid = pipe.map(EventSourceArn=consumer)
    (shown,) = aws.client("lambda").list_event_source_mappings(EventSourceArn=consumer)["EventSourceMappings"]
    assert (shown["UUID"], shown["EventSourceArn"]) == (uuid, consumer)
    pipe.put("1")
    aws.settle()
    (call,) = pipe.calls()
    assert [record["eventSourceARN"] for record in call["event"]["Records"]] == [consumer]
    pipe.kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    pipe.put("2")
    aws.advance(1)
    assert pipe.calls() == []
    found = aws.client("lambda").get_event_source_mapping(UUID=uuid)
    assert found["LastProcessingResult"].startswith("PROBLEM: Consumer c with creation timestamp")
    pipe.client.delete_event_source_mapping(UUID=uuid)
    with pytest.raises(ClientError, match=f"Stream not found: {consumer}"):
        pipe.map(EventSourceArn=consumer)
