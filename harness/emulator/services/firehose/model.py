"""What the Firehose service stores: delivery streams, buffers, sealed batches, checkpoints. All of it pickles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from harness.emulator.services.firehose.record import Record
from harness.emulator.services.firehose.stage import Stage
from harness.emulator.store import Log, Table
from harness.json_object import Json

P = TypeVar("P")
V = TypeVar("V")

DESTINATION_ID = "destinationId-000000000001"
DIRECT_PUT = "DirectPut"
KINESIS = "KinesisStreamAsSource"


class Key(NamedTuple):
    """Which delivery stream."""

    account: str
    region: str
    name: str


def rows_of(table: Table[tuple[str, str, str, P], V], key: Key) -> list[tuple[P, V]]:
    """The rows of one delivery stream, as they are now: what its key has behind the stream's (a stage, the number of a
    batch, a shard id), and the value.

    These keys are plain tuples: the journal writes one with every change of its row.
    """
    return [(part, value) for (account, region, name, part), value in table.items() if (account, region, name) == key]


@dataclass(slots=True)
class DeliveryStream:
    """One delivery stream. `destination` has the shape of the destination's description (plus, for HTTP endpoints,
    the AccessKey that Describe must not show); `kind` says which (`destinations/table.py`). Times are epoch seconds."""

    account: str
    region: str
    name: str
    arn: str
    type: str
    status: str
    created: float
    kind: str
    destination: Json
    record_id_prefix: str
    record_id_base: str
    source: Json | None = None
    throughput_hint: Json | None = None
    encryption: Json = field(default_factory=lambda: {"Status": "DISABLED"})
    encryption_changes: list[float] = field(default_factory=list)
    version: int = 1
    updated: float | None = None
    tags: dict[str, str] = field(default_factory=dict)
    changes_at: float | None = None
    """When the state that is passing (CREATING, DELETING) ends."""
    encryption_changes_at: float | None = None
    failure: Json | None = None
    """FailureDescription of a stream that could not be created."""
    source_gone: bool = False
    """The source was deleted: it is not read any more, whatever takes its name."""

    @property
    def key(self) -> Key:
        return Key(self.account, self.region, self.name)


@dataclass(slots=True)
class Buffer:
    """Records that wait for size or interval. `since`: when the first one came into the empty buffer."""

    records: Log[Record] = field(default_factory=Log)
    size: int = 0
    since: float = 0.0


@dataclass(slots=True)
class Batch:
    """Records that left a buffer and have not been taken yet.

    `stage` is the buffer's name. `request_id` stays the same over retries. `waited` is the sum of pauses between
    attempts, `first_failure` and `next_attempt` are epoch seconds (0.0: none yet, at once). An attempt changes none of
    this before it has ended: what is stored is what is so.
    """

    number: int
    stage: Stage
    records: list[Record]
    size: int
    request_id: str
    attempts: int = 0
    waited: float = 0.0
    first_failure: float = 0.0
    next_attempt: float = 0.0

    @property
    def attempt(self) -> int:
        """The number of the attempt that runs, from 1."""
        return self.attempts + 1
