"""For the trace: what the shards still hold, by sequence number and by content."""

from __future__ import annotations

from harness.emulator.services.kinesis import sequence
from harness.emulator.services.kinesis.base import KinesisBase
from harness.emulator.services.kinesis.entry import ShardLog, arrival_of, data_of
from harness.emulator.services.kinesis.model import Shard, Stream
from harness.json_object import Json


class HeldRecords(KinesisBase):
    """Reads the logs as they are: nothing is trimmed, nothing counts as read."""

    def held(self, number: str) -> Json | None:
        """Where the record with this sequence number is: `state` is held, expired or never (it was not written yet).
        None when no stream has such numbers."""
        for stream in self.streams.values():
            for shard in stream.shards.values():
                if not sequence.same_shard(number, shard.head, stream.tail):
                    continue
                log = self.logs.get(stream.log_key(shard)) or ShardLog()
                position = sequence.position(number) - sequence.FIRST - 1
                if position >= log.end:
                    return {"state": "never", "stream": stream.arn, "shard": shard.id}
                place: Json = {"state": "expired", "stream": stream.arn, "shard": shard.id}
                if position >= log.first and arrival_of(log.at(position)) > self.horizon(stream):
                    arrival, key, data, _ = log.at(position)
                    expires = arrival + stream.retention_hours * 3600
                    place |= {"state": "held", "arrival": arrival, "expires": expires}
                    place |= {"partition_key": key, "bytes": len(data)}
                return place
        return None

    def search(self, token: bytes, most: int, budget: int) -> tuple[list[str], int]:
        """Ids of at most `most` records that contain `token`, and how many bytes were looked at (about `budget` at
        most); newest records of each shard first."""
        found: list[str] = []
        looked = 0
        for stream in self.streams.values():
            for shard in stream.shards.values():
                log = self.logs.get(stream.log_key(shard)) or ShardLog()
                for position in range(log.end - 1, log.first - 1, -1):
                    if len(found) >= most or looked >= budget:
                        return found, looked
                    data = data_of(log.at(position))
                    looked += len(data)
                    if token in data:
                        found.append(_number(stream, shard, position))
        return found, looked


def _number(stream: Stream, shard: Shard, position: int) -> str:
    return f"{shard.head}{sequence.FIRST + 1 + position}{stream.tail}"
