"""What a stream is made of. Everything here is plain data that pickles: it lives in the store."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

from harness.emulator.services.kinesis import sequence

StreamKey = tuple[str, str, str]
"""(account, region, stream name)"""

LogKey = tuple[str, str, str, str]
"""(account, region, stream name, shard id)"""

HASH_SPACE = 2**128

SHARD_LEVEL_METRICS = (
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
)


@dataclass(slots=True)
class Shard:
    """A hash key range (`start` to `end`, both inclusive) of a stream. `closed` is None while it is open."""

    id: str
    index: int
    start: int
    end: int
    head: str
    """Leading digits of its sequence numbers."""
    created_second: int
    created: float
    closed: float | None = None
    parent: str | None = None
    adjacent_parent: str | None = None


@dataclass(slots=True)
class Change:
    """A change of state under way: `kind` names the method that ends it at epoch second `due`."""

    kind: str
    arguments: tuple[Any, ...]
    due: float


@dataclass(slots=True)
class Stream:
    """A data stream without its records: those are in one log per shard, a table of its own."""

    account: str
    region: str
    name: str
    arn: str
    mode: str
    created: float
    tail: str
    """The last digits of all its sequence numbers."""
    status: str = "CREATING"
    retention_hours: int = 24
    max_record_kib: int = 1024
    key_id: str | None = None
    was_encrypted: bool = False
    metrics: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    policy: str | None = None
    shards: dict[str, Shard] = field(default_factory=dict)
    """Open and closed shards by id, oldest first. Expired ones are gone."""
    open: list[Shard] = field(default_factory=list)
    """Open shards by hash key."""
    starts: list[bytes] = field(default_factory=list)
    """The starting hash keys of `open` as 16 big-endian bytes: an MD5 digest is looked up among them as it is."""
    next_index: int = 0
    change: Change | None = None
    mode_switches: list[float] = field(default_factory=list)
    scalings: list[float] = field(default_factory=list)
    encryption_changes: list[float] = field(default_factory=list)

    @property
    def key(self) -> StreamKey:
        return (self.account, self.region, self.name)

    def log_key(self, shard: Shard) -> LogKey:
        return (self.account, self.region, self.name, shard.id)

    def has_closed_shards(self) -> bool:
        return len(self.shards) != len(self.open)

    def starting_number(self, shard: Shard) -> str:
        return f"{shard.head}{sequence.FIRST}{self.tail}"

    def ending_number(self, shard: Shard) -> str:
        return f"{shard.head}{sequence.LAST}{self.tail}"

    def children(self, shard: Shard) -> list[Shard]:
        """The shards that a split or merge made of `shard`."""
        return [s for s in self.shards.values() if shard.id in (s.parent, s.adjacent_parent)]

    # -- topology (B1, B7) ------------------------------------------------------------------------------------

    def route(self, digest: bytes) -> int:
        """The place in `open` of the shard that holds a hash key given as 16 big-endian bytes."""
        return bisect_right(self.starts, digest) - 1

    def add_shards(self, count: int, now: float) -> None:
        """The first shards: `count` even parts of the hash space."""
        for start, end in even_ranges(count):
            self._add(start, end, now)
        self._index()

    def split(self, shard: Shard, at: int, now: float) -> tuple[Shard, Shard]:
        """Close `shard`; its children meet at hash key `at`, which starts the upper one."""
        shard.closed = now
        low = self._add(shard.start, at - 1, now, shard)
        high = self._add(at, shard.end, now, shard)
        self._index()
        return low, high

    def merge(self, low: Shard, high: Shard, now: float) -> Shard:
        """Close two neighbours; their child covers both."""
        low.closed = high.closed = now
        child = self._add(low.start, high.end, now, low, high)
        self._index()
        return child

    def scale(self, target: int, now: float) -> None:
        """Reach `target` even shards by splits at the new borders, then merges between them (UNIFORM_SCALING)."""
        ranges = even_ranges(target)
        borders = [start for start, _ in ranges[1:]]
        for shard in list(self.open):
            rest = shard
            for border in borders:
                if rest.start < border <= rest.end:
                    _, rest = self.split(rest, border, now)
        for start, end in ranges:
            parts = [shard for shard in self.open if start <= shard.start and shard.end <= end]
            low = parts[0]
            for high in parts[1:]:
                low = self.merge(low, high, now)

    def expire(self, shard: Shard) -> None:
        """Forget a closed shard whose last record has left the retention period."""
        del self.shards[shard.id]

    def _add(self, start: int, end: int, now: float, *parents: Shard) -> Shard:
        second = max([int(now), *(parent.created_second for parent in parents)])
        index = self.next_index
        shard = Shard(canonical_shard_id(str(index)), index, start, end, sequence.prefix(second, index), second, now)
        if parents:
            shard.parent = parents[0].id
            shard.adjacent_parent = parents[1].id if len(parents) > 1 else None
        self.shards[shard.id] = shard
        self.next_index += 1
        return shard

    def _index(self) -> None:
        self.open = sorted((s for s in self.shards.values() if s.closed is None), key=lambda s: s.start)
        self.starts = [s.start.to_bytes(16, "big") for s in self.open]


@dataclass(slots=True)
class Consumer:
    """A registered enhanced fan-out consumer (B9)."""

    name: str
    arn: str
    stream_arn: str
    created: float
    status: str = "CREATING"
    due: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)
    policy: str | None = None


def even_ranges(count: int) -> list[tuple[int, int]]:
    """`count` even parts of the hash space, as inclusive ranges; borders as AWS draws them (B1)."""
    starts = [i * HASH_SPACE // count for i in range(count)]
    return [(start, end - 1) for start, end in zip(starts, [*starts[1:], HASH_SPACE], strict=True)]


def partition_digest(partition_key: str) -> bytes:
    """The hash key of a partition key: 16 bytes, big-endian (B3)."""
    return md5(partition_key.encode(), usedforsecurity=False).digest()


def canonical_shard_id(text: str) -> str:
    """`shardId-000000000003` also for `3`, `shardId-3` and `x-3`, as in production; other texts as they are."""
    digits = text.split("-")[1] if "-" in text else text
    return f"shardId-{int(digits):012d}" if digits.isascii() and digits.isdecimal() else text
