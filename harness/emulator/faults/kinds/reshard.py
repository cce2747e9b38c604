"""reshard: shards are split or merged while records are under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError
from harness.emulator.faults.arguments import argument, one_of, text
from harness.emulator.faults.fault import Fault, Hit
from harness.emulator.faults.resources import names_of
from harness.emulator.services.kinesis.model import Stream
from harness.emulator.store import Table
from harness.json_object import Json


@dataclass(kw_only=True)
class Reshard(Fault):
    """Just before the call the stream's shard is split in half, or merged with its upper neighbour (B7).

    Without `shard` it is the first open one; nothing happens, and nothing is counted, when there is no such pair or the
    stream is in On-RequiredAction mode. Fires once unless the rule says otherwise.
    """

    calls = {"kinesis": frozenset({"PutRecord", "PutRecords", "GetRecords", "GetShardIterator"})}
    once = True

    action: str = argument(one_of("split", "merge"), "split")
    shard: str | None = argument(text(), None)

    async def around(self, hit: Hit) -> Any:
        caller = Caller(hit.call.account, hit.call.region)
        name = (names_of(hit.world, hit.call) or [""])[-1].rpartition("/")[2]
        streams: Table[tuple[str, str, str], Stream] = hit.world.store.table("kinesis.streams")
        stream = streams.get((caller.account, caller.region, name))
        call = self._change(stream, caller, hit.world.new_id()) if stream is not None else None
        try:
            if call is None:
                hit.missed()
            else:
                # Straight to the service: the bus would lead through the rules again.
                await hit.world.services["kinesis"].dispatch(call)
        except AwsError:
            hit.missed()
        return await hit.proceed()

    def _change(self, stream: Stream, caller: Caller, request_id: str) -> Call | None:
        shards = stream.open
        place = next((i for i, each in enumerate(shards) if self.shard in (None, each.id)), None)
        if place is None:
            return None
        params: Json = {"StreamName": stream.name}
        if self.action == "split":
            middle = (shards[place].start + shards[place].end + 1) // 2
            params |= {"ShardToSplit": shards[place].id, "NewStartingHashKey": str(middle)}
            return Call("kinesis", "SplitShard", params, caller, request_id)
        if place + 1 >= len(shards):
            return None
        params |= {"ShardToMerge": shards[place].id, "AdjacentShardToMerge": shards[place + 1].id}
        return Call("kinesis", "MergeShards", params, caller, request_id)
