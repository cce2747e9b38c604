"""Tumbling windows of Kinesis event source mappings (C8, C9)."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

_names = itertools.count()

# Adds up the records' numbers per window, and tells a queue about each call. What a record says may be done besides.
HANDLER = """
import base64, json, os
import boto3
sqs = boto3.client("sqs")
def handler(event, context):
    data = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    event["state"].pop("ballast", None)
    sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps({"event": event, "data": data}))
    if "fail" in data:
        raise ValueError("poison")
    if "forget" in data:
        return {}
    if "large" in data:
        return {"state": {"total": 0, "ballast": "x" * 1_100_000}}
    state = event["state"]
    return {"state": {"total": state.get("total", 0) + sum(int(d) for d in data)}}
"""


class Pipe:
    """A stream, a function that adds up, and a mapping with windows of a minute. Time begins at a full minute."""

    def __init__(self, aws: Any, functions: Any) -> None:
        self.aws = aws
        self.kinesis = aws.client("kinesis")
        self.client = aws.client("lambda")
        self.stream = f"windows-{next(_names)}"
        self.kinesis.create_stream(StreamName=self.stream, ShardCount=1)
        self.arn = f"arn:aws:kinesis:us-east-1:000000000000:stream/{self.stream}"
        self.queue = aws.client("sqs").create_queue(QueueName=self.stream)["QueueUrl"]
        self.function = functions.make(HANDLER, Environment={"Variables": {"QUEUE": self.queue}}, Timeout=30)
        aws.advance(60 - aws.now() % 60)

    def map(self, **settings: Any) -> str:
        given = {
            "EventSourceArn": self.arn,
            "FunctionName": self.function,
            "StartingPosition": "TRIM_HORIZON",
            "TumblingWindowInSeconds": 60,
        }
        return str(self.client.create_event_source_mapping(**(given | settings))["UUID"])

    def put(self, *data: str) -> None:
        records = [{"Data": text.encode(), "PartitionKey": "k"} for text in data]
        self.kinesis.put_records(StreamName=self.stream, Records=records)
        self.aws.advance(1)

    def events(self) -> list[dict[str, Any]]:
        sqs = self.aws.client("sqs")
        found = []
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def calls(self) -> list[tuple[list[str], Any, str]]:
        """(data, total in the state, `` or `final` or `early`) of each call."""
        return [
            (
                each["data"],
                each["event"]["state"].get("total"),
                "early"
                if each["event"]["isWindowTerminatedEarly"]
                else "final"
                if each["event"]["isFinalInvokeForWindow"]
                else "",
            )
            for each in self.events()
        ]


@pytest.fixture
def pipe(aws: Any, functions: Any) -> Pipe:
    return Pipe(aws, functions)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"TumblingWindowInSeconds": 901}, "ValidationException"),
        ({"TumblingWindowInSeconds": -1}, "ValidationException"),
        ({"ParallelizationFactor": 2}, "NotEmulated"),
    ],
)
def test_windows_that_can_not_be(pipe: Pipe, settings: dict[str, Any], code: str) -> None:
    """C8: 0 to 900 seconds."""
    with pytest.raises(ClientError) as failed:
        pipe.map(**settings)
    assert failed.value.response["Error"]["Code"] == code


def test_an_answer_without_state_is_a_failure(pipe: Pipe, aws: Any) -> None:
    """C9: the response must hold `state`; the same batch comes again with the same state."""
    pipe.map(MaximumRetryAttempts=1)
    pipe.put("1")
    pipe.put("forget")
    aws.settle()
    assert pipe.calls() == [(["1"], None, ""), (["forget"], 1, ""), (["forget"], 1, ""), ([], 1, "final")]


def test_a_failure_keeps_the_state(pipe: Pipe, aws: Any) -> None:
    """C9: a retry has the state from before; a discarded batch leaves it as it was."""
    pipe.map(MaximumRetryAttempts=1)
    pipe.put("2")
    pipe.put("fail")
    aws.advance(5)
    pipe.put("3")
    aws.settle()
    expected = [(["2"], None, ""), (["fail"], 2, ""), (["fail"], 2, ""), (["3"], 2, ""), ([], 5, "final")]
    assert pipe.calls() == expected


def test_a_large_state_ends_the_window_early(pipe: Pipe, aws: Any) -> None:
    """C9: more than 1 MB; what still comes in this window begins with an empty state."""
    pipe.map()
    pipe.put("large")
    pipe.put("7")
    aws.settle()
    assert pipe.calls() == [(["large"], None, ""), ([], 0, "early"), (["7"], None, ""), ([], 7, "final")]


def test_the_event(pipe: Pipe, aws: Any) -> None:
    """C9: the members beside the records, and the last call without records."""
    pipe.map()
    begin = int(aws.now())
    pipe.put("4")
    aws.settle()
    first, last = [each["event"] for each in pipe.events()]
    members = ["Records", "window", "state", "shardId", "eventSourceARN", "isFinalInvokeForWindow"]
    assert list(first) == [*members, "isWindowTerminatedEarly"]
    assert (first["state"], first["isFinalInvokeForWindow"]) == ({}, False)
    assert (first["shardId"], first["eventSourceARN"]) == ("shardId-000000000000", pipe.arn)
    assert first["window"] == last["window"]
    assert first["window"]["start"].endswith(":00Z")
    assert len(first["window"]["end"]) == 20
    assert (last["Records"], last["state"], last["isFinalInvokeForWindow"]) == ([], {"total": 4}, True)
    assert last["isWindowTerminatedEarly"] is False
    assert 60 <= aws.now() - begin < 62


def test_each_window_has_its_own_state(pipe: Pipe, aws: Any) -> None:
    """C9: the state goes from batch to batch, and ends with its window, also where one read finds two windows."""
    mapping = pipe.map(Enabled=False)
    pipe.put("1", "2")
    pipe.put("3")
    aws.advance(60)
    pipe.put("10")
    pipe.client.update_event_source_mapping(UUID=mapping, Enabled=True, BatchSize=2)
    aws.settle()
    assert pipe.calls() == [
        (["1", "2"], None, ""),
        (["3"], 3, ""),
        ([], 6, "final"),
        (["10"], None, ""),
        ([], 10, "final"),
    ]
    assert pipe.client.get_event_source_mapping(UUID=mapping)["TumblingWindowInSeconds"] == 60


def test_the_end_of_a_shard_ends_its_window(pipe: Pipe, aws: Any) -> None:
    """C9: resharding closes windows; children begin with a fresh state."""
    pipe.map()
    pipe.put("5")
    half = str(2**127)
    pipe.kinesis.split_shard(StreamName=pipe.stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=half)
    aws.advance(1)
    pipe.put("6")
    assert pipe.calls() == [(["5"], None, ""), ([], 5, "final"), (["6"], None, "")]
    aws.settle()
    assert pipe.calls() == [([], 6, "final")]


def test_a_snapshot_keeps_the_open_window(pipe: Pipe, aws: Any) -> None:
    """The state is in the checkpoint."""
    pipe.map()
    pipe.put("8")
    aws.admin("PUT", "snapshots/open-window")
    aws.admin("POST", "snapshots/open-window")
    pipe.put("9")
    aws.settle()
    assert pipe.calls() == [(["8"], None, ""), (["9"], 8, ""), ([], 17, "final")]
    aws.admin("DELETE", "snapshots/open-window")


def test_the_last_call_is_tried_again(aws: Any, functions: Any) -> None:
    """C9: retry settings hold for it as well."""
    source = """
def handler(event, context):
    print("CALL " + str(event["isFinalInvokeForWindow"]))
    if event["isFinalInvokeForWindow"]:
        raise ValueError
    return {"state": {}}
"""
    pipe = Pipe(aws, functions)
    pipe.function = functions.make(source)
    pipe.map(MaximumRetryAttempts=2)
    pipe.put("1")
    lines = [line.strip() for line in functions.log(pipe.function) if line.startswith("CALL ")]
    assert lines == ["CALL False", *["CALL True"] * 3]
