"""ListShards with its filters and page tokens (B8)."""

from __future__ import annotations

import json

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages
from harness.emulator.services.kinesis.model import Shard, Stream
from harness.emulator.services.kinesis.streams import StreamOperations, after_shard, describe_shard
from harness.json_object import Json

_PAGE = 1000


class ListShardsOperations(StreamOperations):
    """The shard map, whole or as it was at a moment."""

    @operation
    def list_shards(
        self,
        call: Call,
        *,
        stream_name: str | None = None,
        stream_arn: str | None = None,
        next_token: str | None = None,
        exclusive_start_shard_id: str | None = None,
        max_results: int = _PAGE,
        stream_creation_timestamp: float | None = None,
        shard_filter: Json | None = None,
    ) -> Json:
        """A page of at most 1 000 shards, oldest first. A token carries the filter with it."""
        if next_token is not None:
            others = {
                "ShardFilter": shard_filter,
                "ExclusiveStartShardId": exclusive_start_shard_id,
                "StreamCreationTimestamp": stream_creation_timestamp,
            }
            for member, value in others.items():
                if value is not None:
                    raise messages.invalid(f"NextToken and {member} cannot be provided together.")
            stream, exclusive_start_shard_id, moment = self._resume(call, next_token, stream_name, stream_arn)
        else:
            if stream_name is None and stream_arn is None:
                raise messages.invalid("Either NextToken or StreamName should be provided.")
            stream = self.find(call, stream_name, stream_arn)
            if stream_creation_timestamp is not None and int(stream_creation_timestamp) != int(stream.created):
                raise messages.stream_not_found(stream.name, stream.account)
            moment, after = self._moment(stream, shard_filter or {})
            exclusive_start_shard_id = max(after or "", exclusive_start_shard_id or "") or None
        if stream.status in ("CREATING", "DELETING"):
            raise messages.not_active(stream)
        shards = after_shard(_at(stream, moment), exclusive_start_shard_id)
        limit = min(max_results, _PAGE)
        page = shards[:limit]
        answer: Json = {"Shards": [describe_shard(stream, shard) for shard in page]}
        if len(shards) > limit:
            place = json.dumps([stream.name, page[-1].id, moment])
            answer["NextToken"] = self.make_page(place, "shards")
        return answer

    def _resume(
        self, call: Call, token: str, name: str | None, arn: str | None
    ) -> tuple[Stream, str, tuple[str, float]]:
        """Stream, last shard and moment in a token. The same stream may be named beside it (recorded)."""
        found, shard_id, (kind, time) = json.loads(self.read_page(token, "shards"))
        stream = self.find(call, found if arn is None else None, arn)
        if stream.name != found or (name is not None and name != found):
            raise messages.invalid("Invalid NextToken.")
        return stream, shard_id, (kind, time)

    def _moment(self, stream: Stream, shard_filter: Json) -> tuple[tuple[str, float], str | None]:
        """The filter as (AT or FROM, epoch seconds) and an exclusive start.

        Recorded in 2026-09: timestamps before the trim horizon are refused for both types (the API reference says
        that FROM_TIMESTAMP is corrected), and a ShardId beside another type is an exclusive start.
        """
        kind = shard_filter.get("Type", "FROM_TRIM_HORIZON")
        after = shard_filter.get("ShardId")
        now, horizon = self.world.clock.now(), self.horizon(stream)
        oldest = min((shard.created for shard in stream.shards.values()), default=now)
        trim_horizon = max(horizon, oldest)
        if kind == "AFTER_SHARD_ID" and after is None:
            raise messages.invalid("ShardId must be provided when the ShardFilter Type is AFTER_SHARD_ID.")
        if kind in ("AT_TIMESTAMP", "FROM_TIMESTAMP"):
            timestamp = shard_filter.get("Timestamp")
            if timestamp is None:  # text after that of AFTER_SHARD_ID
                raise messages.invalid(f"Timestamp must be provided when the ShardFilter Type is {kind}.")
            if timestamp < horizon:
                raise messages.invalid("ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.")
            if round(timestamp * 1000) > round(now * 1000):
                raise messages.invalid("ShardFilter Timestamp must not be greater than current time.")
            return (kind.removesuffix("_TIMESTAMP"), max(timestamp, oldest)), after
        if kind == "AT_TRIM_HORIZON":
            return ("TRIM", trim_horizon), after
        if kind == "AT_LATEST":
            return ("LATEST", now), after
        return ("FROM", trim_horizon), after


def _at(stream: Stream, moment: tuple[str, float]) -> list[Shard]:
    """The shards that were open at a moment (AT), those and all later ones (FROM), those open now (LATEST), or those
    from which all readable records can be reached by way of children (TRIM)."""
    kind, time = moment
    shards = stream.shards.values()
    if kind == "LATEST":
        return [shard for shard in shards if shard.closed is None]
    if kind in ("AT", "TRIM"):
        found = [s for s in shards if s.created <= time and (s.closed is None or s.closed >= time)]
        if kind == "AT":
            return found
        ids = {shard.id for shard in found}
        return [s for s in found if s.parent not in ids and s.adjacent_parent not in ids]
    return [s for s in shards if s.closed is None or s.closed >= time]
