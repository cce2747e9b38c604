"""What is noted: one tuple per batch and step. Times are virtual epoch seconds, ids are those that AWS clients see.

A Kinesis record is known by its stream's own digits (`tail`), the shard's index and the position in the shard's log; a
record in Firehose by its delivery stream's id prefix (`stream`) and its running number.

The ring holds them as plain tuples: those cost least to make, and the garbage collector does not visit them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.emulator.trace.ranges import Ranges

FIRST_POSITION = 10**15 + 1
"""The position field of a shard's first sequence number (`services/kinesis/sequence.py`)."""


class Appended(NamedTuple):
    """PutRecord or PutRecords wrote `first` to `end` of the shard whose numbers begin with `head`. `cause`: the X-Ray
    root of a calling function."""

    time: float
    request_id: str
    arn: str
    tail: str
    head: str
    first: int
    end: int
    caller: str
    cause: str

    @property
    def shard(self) -> int:
        return int(self.head[12:18])

    def sequence_number(self, position: int) -> str:
        """The sequence number of the record at a position of the shard's log."""
        return f"{self.head}{FIRST_POSITION + position}{self.tail}"


class Fetched(NamedTuple):
    """GetRecords gave records to a reader: a service (`caller`, for `source`) or a client (both empty)."""

    time: float
    request_id: str
    tail: str
    shard: int
    first: int
    end: int
    caller: str
    source: str


class Put(NamedTuple):
    """PutRecord or PutRecordBatch gave records to a delivery stream."""

    time: float
    request_id: str
    arn: str
    stream: str
    first: int
    end: int
    caller: str
    cause: str


class Taken(NamedTuple):
    """A delivery stream took records of its source: a read of `read` records, numbered `first` to `end`. `starts` is
    the number of each read record's first part where an aggregate was among them, else None."""

    time: float
    arn: str
    stream: str
    sequence: str
    read: int
    first: int
    end: int
    starts: tuple[int, ...] | None


class Split(NamedTuple):
    """Records became several. `parts`: number of the whole, first number and end of its parts, and so on."""

    time: float
    arn: str
    stream: str
    parts: tuple[int, ...]


class Batched(NamedTuple):
    """Records left a buffer together. `batch` is the id of the batch, the same over its attempts."""

    time: float
    arn: str
    stream: str
    batch: str
    stage: str
    ranges: Ranges[int]


class Attempted(NamedTuple):
    """A batch was given to a function, a bucket or an endpoint (`kind`). `result` is empty for success, else the error
    code; `request_id` is the call's, `invocation_id` the one in the transform's event."""

    time: float
    batch: str
    kind: str
    target: str
    attempt: int
    request_id: str
    invocation_id: str
    result: str


class Processed(NamedTuple):
    """What processing did to the records of a batch that it did not pass on: `failed` by error code, and dropped."""

    time: float
    arn: str
    stream: str
    batch: str
    failed: tuple[tuple[str, Ranges[int]], ...]
    dropped: Ranges[int]


class Lost(NamedTuple):
    """A batch ended without having been taken anywhere."""

    time: float
    batch: str
    fate: str
    why: str


class Closed(NamedTuple):
    """A delivery stream was deleted with all that was in it."""

    time: float
    arn: str
    stream: str


class Consumed(NamedTuple):
    """An event source mapping invoked its function. `result` is empty for success, else what failed; `done` records
    at the front of the batch need no further attempt."""

    time: float
    mapping: str
    function: str
    tail: str
    shard: int
    ranges: Ranges[int]
    request_id: str
    attempt: int
    result: str
    done: int


class Discarded(NamedTuple):
    """Records that a mapping will not deliver. `fate` is dead-lettered, expired or dropped; `place` is where a record
    of them went: a queue and a message id, a topic, an object."""

    time: float
    mapping: str
    tail: str
    shard: int
    ranges: Ranges[int]
    fate: str
    why: str
    place: str


class Answered(NamedTuple):
    """A deployed API answered a request."""

    time: float
    request_id: str
    api: str
    method: str
    path: str
    status: int


class Called(NamedTuple):
    """A request to an API (`cause`) led to a call."""

    time: float
    cause: str
    request_id: str
    service: str
    operation: str


class Ran(NamedTuple):
    """A function began to run an event. `cause` is the X-Ray header that its own calls carry."""

    time: float
    request_id: str
    function: str
    caller: str
    cause: str


class AsyncEnded(NamedTuple):
    """An attempt of an asynchronous event, or its end. `fate` is empty when another attempt follows."""

    time: float
    request_id: str
    function: str
    attempt: int
    result: str
    fate: str
    place: str


class FaultHit(NamedTuple):
    """A fault's rule fired on a call."""

    time: float
    rule: str
    service: str
    operation: str
    request_id: str


Event = (
    Appended
    | Fetched
    | Put
    | Taken
    | Split
    | Batched
    | Attempted
    | Processed
    | Lost
    | Closed
    | Consumed
    | Discarded
    | Answered
    | Called
    | Ran
    | AsyncEnded
    | FaultHit
)

KINDS: tuple[type[Event], ...] = (
    Appended,
    Fetched,
    Put,
    Taken,
    Split,
    Batched,
    Attempted,
    Processed,
    Lost,
    Closed,
    Consumed,
    Discarded,
    Answered,
    Called,
    Ran,
    AsyncEnded,
    FaultHit,
)


Row = tuple[Any, ...]
"""An event as the ring holds it: the place of its kind in `KINDS`, how many borders of ranges it has, its members."""


def event_of(row: Row) -> Event:
    return KINDS[row[0]](*row[2:])
