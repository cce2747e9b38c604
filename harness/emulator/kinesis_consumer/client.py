"""The calls that a consumer makes on its stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from harness.json_object import Json

Calls = Callable[[str, Json], Awaitable[Json]]
"""(operation, parameters) → the answer's members, for whoever reads. Raises AwsError."""


class Shard(NamedTuple):
    """A shard of the stream's list. `ended`: it was split or merged and takes no more records."""

    id: str
    parents: tuple[str, ...]
    ended: bool


class StreamClient:
    """One stream, called as one reader. Every method raises AwsError."""

    def __init__(self, calls: Calls, stream_arn: str) -> None:
        self._calls = calls
        self.arn = stream_arn
        self.last_operation = ""
        """The operation that was called last: after an error, the one that failed."""

    async def shards(self) -> list[Shard]:
        """All shards that the stream still has."""
        shards: list[Shard] = []
        params: Json = {"StreamARN": self.arn}
        while True:
            answer = await self._call("ListShards", params)
            shards += [_shard(item) for item in answer["Shards"]]
            if not answer.get("NextToken"):
                return shards
            params = {"NextToken": answer["NextToken"]}

    async def iterator(self, shard_id: str, kind: str, **place: Any) -> str:
        """A shard iterator of that type (B4). `place`: StartingSequenceNumber or Timestamp."""
        params = {"StreamARN": self.arn, "ShardId": shard_id, "ShardIteratorType": kind, **place}
        answer = await self._call("GetShardIterator", params)
        iterator: str = answer["ShardIterator"]
        return iterator

    async def records(self, iterator: str, limit: int | None = None) -> Json:
        """GetRecords' answer (B5)."""
        params: Json = {"ShardIterator": iterator, "StreamARN": self.arn}
        if limit is not None:
            params["Limit"] = limit
        return await self._call("GetRecords", params)

    async def retention(self) -> float:
        """Seconds for which the stream keeps records."""
        answer = await self._call("DescribeStreamSummary", {"StreamARN": self.arn})
        hours: int = answer["StreamDescriptionSummary"]["RetentionPeriodHours"]
        return hours * 3600.0

    async def _call(self, operation: str, params: Json) -> Json:
        self.last_operation = operation
        return await self._calls(operation, params)


def _shard(item: Json) -> Shard:
    parents = tuple(item[name] for name in ("ParentShardId", "AdjacentParentShardId") if item.get(name))
    return Shard(item["ShardId"], parents, "EndingSequenceNumber" in item["SequenceNumberRange"])
