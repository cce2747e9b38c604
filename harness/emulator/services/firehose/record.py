"""A record on its way: a plain tuple, read by the names here.

Tens of thousands pass per second. As named tuples they were measured to cost: PutRecordBatch until the records are in
S3 26 % more CPU, the way through a Lambda processor 45 %, the same puts with a journal 180 %. So a record stays what is
made and pickled for nothing, and where a field stands is known in this file alone: others read with these functions (by
`map` that costs less than an index), or unpack all five.

Wherever a record is made: number, arrival, data, position, received.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import TypeAlias

Position: TypeAlias = tuple[str, int, str, str]
"""Where a Kinesis record came from: the sequence number of the outer record, the index inside a KPL aggregate (0 for
plain records), the partition key, the shard id. Plain for the same reason: one is made for each record."""

Record: TypeAlias = tuple[int, int, bytes, Position | None, bytes | int | None]

number_of: Callable[[Record], int] = itemgetter(0)
"""The record's number in its delivery stream."""
arrival_of: Callable[[Record], int] = itemgetter(1)
"""When it arrived, in epoch milliseconds."""
data_of: Callable[[Record], bytes] = itemgetter(2)
"""The bytes as they are now."""
position_of: Callable[[Record], Position | None] = itemgetter(3)
"""Where in the source it came from; None for Direct PUT."""
received_of: Callable[[Record], bytes | int | None] = itemgetter(4)
"""What arrived, where the data is something else by now: the bytes if somebody may still need them, else their number;
None while the data is what arrived."""

sequence_of: Callable[[Position], str] = itemgetter(0)
index_of: Callable[[Position], int] = itemgetter(1)


def data_bytes(records: Iterable[Record]) -> int:
    """Bytes of the records as they are now."""
    return sum(map(len, map(data_of, records)))


def arrived_bytes(records: Iterable[Record]) -> int:
    """Bytes of the records as they arrived."""
    return sum(
        [
            len(data) if received is None else received if isinstance(received, int) else len(received)
            for _number, _arrival, data, _position, received in records
        ]
    )


def original(record: Record) -> bytes:
    """What arrived, if the bytes are still there; else the data."""
    received = received_of(record)
    return received if isinstance(received, bytes) else data_of(record)


def as_line(record: Record, line: bytes) -> Record:
    """The record with its error line as its data; it still counts with the bytes that arrived (A17)."""
    number, arrival, _data, position, _received = record
    return (number, arrival, line, position, arrived_bytes((record,)))
