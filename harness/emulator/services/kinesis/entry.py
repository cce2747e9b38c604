"""A record in a shard's log: a plain tuple, read by the names here.

PutRecords makes them by `zip` and the journal pickles each: a named tuple takes 3 times as long to make that way, and
12 times as long to pickle. Where a field stands is known in this file alone: others read with these functions, or
unpack all four.

Wherever an entry is made: arrival, partition key, data, encryption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import TypeAlias

from harness.emulator.store import Log

Entry: TypeAlias = tuple[float, str, bytes, str | None]

ShardLog = Log[Entry]

arrival_of: Callable[[Entry], float] = itemgetter(0)
"""Epoch seconds, precise to the millisecond."""
data_of: Callable[[Entry], bytes] = itemgetter(2)


def bytes_read(entries: Iterable[Entry]) -> int:
    """What the entries count against the limits of GetRecords: data, and characters of the partition key (B5)."""
    return sum([len(data) + len(key) for _arrival, key, data, _encryption in entries])
