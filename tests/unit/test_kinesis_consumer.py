"""The consumer of Kinesis streams that Firehose and Lambda share (B4, B5, B7)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError
from harness.emulator.kinesis_consumer.checkpoint import Checkpoint, ready_shards
from harness.emulator.kinesis_consumer.client import Shard, StreamClient
from harness.emulator.kinesis_consumer.cursor import Backoff, Batch, ShardCursor

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
EXPIRED, MISSING = "ExpiredIteratorException", "ResourceNotFoundException"


class Stream:
    """Answers calls from a script: members of the answer, or an error code."""

    def __init__(self, *answers: dict[str, Any] | str) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def __call__(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, params))
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise AwsError(answer, "no")
        return answer


def cursor_on(stream: Stream, checkpoint: Checkpoint, now: float = 1000.0) -> ShardCursor:
    return ShardCursor(StreamClient(stream, ARN), "shardId-1", checkpoint, Clock("manual", start=now))


def read(cursor: ShardCursor) -> Batch:
    return asyncio.run(cursor.read())


def records(*numbers: str, following: str | None = "next", behind: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {"Records": [{"SequenceNumber": n} for n in numbers], "MillisBehindLatest": behind}
    return found | ({"NextShardIterator": following} if following else {})


@pytest.mark.parametrize(
    ("checkpoint", "asked"),
    [
        (Checkpoint(), {"ShardIteratorType": "TRIM_HORIZON"}),
        (Checkpoint("AT_TIMESTAMP", 7.5), {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 7.5}),
        (
            Checkpoint("AT_TIMESTAMP", 7.5, after="49"),
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": "49"},
        ),
        (
            Checkpoint("LATEST", iterator="old", iterator_at=600.0),
            {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 600.001},
        ),
    ],
)
def test_where_reading_begins(checkpoint: Checkpoint, asked: dict[str, Any]) -> None:
    stream = Stream({"ShardIterator": "it"}, records())
    read(cursor_on(stream, checkpoint))
    assert stream.asked[0] == ("GetShardIterator", {"StreamARN": ARN, "ShardId": "shardId-1", **asked})


def test_the_mark_of_latest_moves_on_while_nothing_comes() -> None:
    checkpoint = Checkpoint("LATEST", iterator="mark", iterator_at=900.0)
    stream = Stream(records(following="second"), records("5"), records())
    cursor = cursor_on(stream, checkpoint)
    assert read(cursor) == Batch([], False, False, 0)
    assert (checkpoint.iterator, checkpoint.iterator_at) == ("second", 1000.0)
    assert read(cursor).more
    assert (checkpoint.iterator, cursor.last_read) == ("second", "5")


def test_after_an_expired_iterator_a_fresh_one_is_taken_behind_what_was_read() -> None:
    stream = Stream({"ShardIterator": "it"}, records("5"), EXPIRED, {"ShardIterator": "again"}, records("6"))
    cursor = cursor_on(stream, Checkpoint(after="4"))
    read(cursor)
    with pytest.raises(AwsError) as raised:
        read(cursor)
    cursor.failed(raised.value)
    read(cursor)
    assert stream.asked[3][1]["StartingSequenceNumber"] == "5"
    cursor.rewind()
    stream.answers = [{"ShardIterator": "it"}, records()]
    read(cursor)
    assert stream.asked[-2][1]["StartingSequenceNumber"] == "4"


def test_a_shard_that_is_gone_has_ended_and_a_stream_that_is_gone_is_an_error() -> None:
    here = {"ShardId": "shardId-2", "SequenceNumberRange": {}}
    assert read(cursor_on(Stream(MISSING, {"Shards": [here]}), Checkpoint(after="1"))).ended
    with pytest.raises(AwsError, match="no"):
        read(cursor_on(Stream(MISSING, MISSING), Checkpoint(after="1")))


def test_all_pages_of_shards() -> None:
    ended = {"ShardId": "a", "SequenceNumberRange": {"EndingSequenceNumber": "9"}}
    child = {"ShardId": "b", "ParentShardId": "a", "AdjacentParentShardId": "z", "SequenceNumberRange": {}}
    stream = Stream({"Shards": [ended], "NextToken": "t"}, {"Shards": [child]})
    assert asyncio.run(StreamClient(stream, ARN).shards()) == [Shard("a", (), True), Shard("b", ("a", "z"), False)]
    assert stream.asked[1] == ("ListShards", {"NextToken": "t"})


@given(st.lists(st.tuples(st.lists(st.integers(0, 30), max_size=2), st.booleans()), max_size=30))
def test_every_shard_is_read_once_and_after_its_parents(tree: list[tuple[list[int], bool]]) -> None:
    """Parents are earlier shards or unknown ones; reading what is ready comes to an end with all of them read."""
    checkpoints = {
        str(number): Checkpoint(parents=tuple(str(p) for p in parents if p < number or p >= len(tree)), ended=ended)
        for number, (parents, ended) in enumerate(tree)
    }
    order: list[str] = []
    while ready := ready_shards(checkpoints):
        for shard_id in ready:
            assert all(checkpoints[p].ended for p in checkpoints[shard_id].parents if p in checkpoints)
            checkpoints[shard_id].ended = True
        order += ready
    assert all(checkpoint.ended for checkpoint in checkpoints.values())
    assert len(order) == len(set(order))


def test_pauses_between_failed_reads() -> None:
    backoff = Backoff(8.0)
    trouble = AwsError("InternalFailure", "no")
    assert [backoff.pause(trouble) for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert backoff.pause(AwsError(EXPIRED, "no")) == 0.0
    assert backoff.pause(AwsError("ProvisionedThroughputExceededException", "no")) == 1.0
    backoff.succeeded()
    assert backoff.pause(trouble) == 1.0
