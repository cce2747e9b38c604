"""SplitShard, MergeShards, UpdateShardCount (B7)."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages
from harness.emulator.services.kinesis.model import Shard, Stream, canonical_shard_id
from harness.emulator.services.kinesis.streams import StreamOperations
from harness.json_object import Json

MAX_SHARDS = 10_000
SCALINGS_PER_DAY = 10


class ReshardOperations(StreamOperations):
    """Closing shards and opening their children. Readers drain the parents first."""

    @operation
    def split_shard(
        self,
        call: Call,
        *,
        shard_to_split: str,
        new_starting_hash_key: str,
        stream_name: str | None = None,
        stream_arn: str | None = None,
    ) -> Json:
        """Two children that cover exactly the parent; the upper one starts at the given hash key."""
        stream = self._provisioned(call, stream_name, stream_arn)
        shard = _open_shard(stream, shard_to_split)
        at = int(new_starting_hash_key)
        if not shard.start + 1 < at < shard.end:
            raise messages.invalid(
                f"NewStartingHashKey {new_starting_hash_key} used in SplitShard() on shard {shard.id} in stream "
                f"{stream.name} under account {stream.account} is not both greater than one plus the shard's "
                f"StartingHashKey {shard.start} and less than the shard's EndingHashKey {shard.end}."
            )
        self.check_shard_limit(call, 1)
        _check_active(stream)
        self.change(stream, "UPDATING", "split", shard.id, at)
        return {}

    def end_split(self, stream: Stream, shard_id: str, at: int) -> None:
        stream.split(stream.shards[shard_id], at, self.world.clock.now())

    @operation
    def merge_shards(
        self,
        call: Call,
        *,
        shard_to_merge: str,
        adjacent_shard_to_merge: str,
        stream_name: str | None = None,
        stream_arn: str | None = None,
    ) -> Json:
        """One child for two neighbours, the lower one named first (inverted is refused, as production does)."""
        stream = self._provisioned(call, stream_name, stream_arn)
        first, second = _open_shard(stream, shard_to_merge), _open_shard(stream, adjacent_shard_to_merge)
        if first.end + 1 != second.start:
            raise messages.invalid(
                f"Shards {first.id} and {second.id} in stream {stream.name} under account {stream.account} "
                "are not an adjacent pair of shards eligible for merging"
            )
        _check_active(stream)
        self.change(stream, "UPDATING", "merge", first.id, second.id)
        return {}

    def end_merge(self, stream: Stream, first_id: str, second_id: str) -> None:
        stream.merge(stream.shards[first_id], stream.shards[second_id], self.world.clock.now())

    @operation
    def update_shard_count(
        self,
        call: Call,
        *,
        target_shard_count: int,
        scaling_type: str,
        stream_name: str | None = None,
        stream_arn: str | None = None,
    ) -> Json:
        """Splits and merges to `target_shard_count` even shards. Between half and double of what is open.

        B7 gives the half rounded up; a recording of 2026-09 has three shards scaled to one, so it is rounded down here.
        """
        stream = self._provisioned(call, stream_name, stream_arn)
        _check_active(stream)
        current = len(stream.open)
        counts = f"Current open shard count: {current}, Target shard count: {target_shard_count}"
        if target_shard_count > MAX_SHARDS:
            raise messages.limit_exceeded(
                f"Target shard count or number of open shards cannot be greater than {MAX_SHARDS}. {counts}"
            )
        if target_shard_count > current * 2:
            raise messages.limit_exceeded(
                f"UpdateShardCount cannot scale up over double your current open shard count. {counts}"
            )
        if target_shard_count < current // 2:
            raise messages.limit_exceeded(
                f"UpdateShardCount cannot scale down below half your current open shard count. {counts}"
            )
        if target_shard_count != current:
            self.check_shard_limit(call, target_shard_count - current)
            self.check_daily(stream, stream.scalings, SCALINGS_PER_DAY)
            self.change(stream, "UPDATING", "scale", target_shard_count)
        return {
            "StreamName": stream.name,
            "CurrentShardCount": current,
            "TargetShardCount": target_shard_count,
            "StreamARN": stream.arn,
        }

    def end_scale(self, stream: Stream, target: int) -> None:
        stream.scale(target, self.world.clock.now())

    def _provisioned(self, call: Call, name: str | None, arn: str | None) -> Stream:
        stream = self.find(call, name, arn)
        if stream.mode == "ON_DEMAND":
            raise messages.on_demand(stream)
        return stream


def _open_shard(stream: Stream, text: str) -> Shard:
    shard_id = canonical_shard_id(text)
    shard = stream.shards.get(shard_id)
    if shard is None:
        raise messages.no_such_shard(shard_id, stream)
    if shard.closed is not None:
        raise messages.invalid(
            f"Shard {shard_id} in stream {stream.name} under account {stream.account} has already been merged or "
            "split, and thus is not eligible for merging or splitting."
        )
    return shard


def _check_active(stream: Stream) -> None:
    if stream.status != "ACTIVE":
        raise messages.not_active(stream)
