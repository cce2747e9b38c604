"""A Kinesis stream read from its oldest record: as a sink, and to tell what a dead letter stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.json_object import Json
from harness.sinks.base import Found, Reading
from harness.sinks.fates import Fate

_MOST_CALLS = 100_000


@dataclass(frozen=True)
class KinesisStream:
    """All records that a stream still keeps: `buffered` when nobody reads it, `copy` when somebody does."""

    kinesis: Any
    stream: str
    fate: Fate = "copy"

    @property
    def name(self) -> str:
        return f"kinesis:{self.stream}"

    def read(self) -> Reading:
        reading = Reading()
        for shard in shards(self.kinesis, StreamName=self.stream):
            iterator = self.kinesis.get_shard_iterator(
                StreamName=self.stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            place = f"{self.name} {shard}"
            reading.found += [Found(record["Data"], place) for record in records_from(self.kinesis, iterator)]
        return reading


def shards(kinesis: Any, **stream: str) -> Iterator[str]:
    """Ids of all shards, closed ones too."""
    answer = kinesis.list_shards(**stream)
    while True:
        yield from (shard["ShardId"] for shard in answer["Shards"])
        if not (token := answer.get("NextToken")):
            return
        answer = kinesis.list_shards(NextToken=token)


def records_from(kinesis: Any, iterator: str) -> Iterator[Json]:
    """Records of one shard from the iterator on, until the shard ends or its tip is reached (B5)."""
    for _ in range(_MOST_CALLS):
        answer = kinesis.get_records(ShardIterator=iterator)
        yield from answer["Records"]
        if not answer["Records"] and not answer.get("MillisBehindLatest"):
            return
        if not (next_iterator := answer.get("NextShardIterator")):
            return
        iterator = next_iterator
    raise RuntimeError("the shard has no end")


def records_between(kinesis: Any, stream_arn: str, shard: str, first: str, last: str) -> list[bytes]:
    """The data of the records with sequence numbers from `first` to `last`, as far as the stream still keeps them.

    Raises the client's errors.
    """
    iterator = kinesis.get_shard_iterator(
        StreamARN=stream_arn, ShardId=shard, ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=first
    )["ShardIterator"]
    found: list[bytes] = []
    for record in records_from(kinesis, iterator):
        if int(record["SequenceNumber"]) > int(last):
            break
        found.append(record["Data"])
    return found
