"""Sequence numbers: 56 decimal digits that start with 49, rising per shard, unique in the stream (B1).

    49 CCCCCCCCCC SSSSSS PPPPPPPPPPPPPPPP TTTTTTTTTTTTTTTTTTTTTT
       created    shard  position         stream's own digits

`created` is the shard's creation in epoch seconds (never before its parents'), `shard` its index in the stream (above
its parents'): so a child's numbers are above its parents'. `position` is 10^15 plus the number of records before and
including this one (so it always has sixteen digits): a number leads to its place in the shard's log by arithmetic, and
none is stored. The stream's own digits tell numbers of other streams. Clients must treat the numbers as opaque, as AWS
says.
"""

from __future__ import annotations

FIRST = 10**15
"""The position field of a shard's starting sequence number; its first record has FIRST + 1."""

LAST = 10**16 - 1
"""The position field of a closed shard's ending sequence number."""

_HEAD = 18
_POSITION_END = 34
LENGTH = 56


def prefix(created: int, index: int) -> str:
    """The digits before the position, for shard number `index` created at epoch second `created`."""
    return f"49{created:010d}{index:06d}"


def shard_index(number: str) -> int:
    """The index of the shard that `number` belongs to. Raises ValueError for what is no number of ours."""
    if len(number) != LENGTH or not number.isdecimal():
        raise ValueError(number)
    return int(number[12:_HEAD])


def position(number: str) -> int:
    """The position field of a number of ours."""
    return int(number[_HEAD:_POSITION_END])


def same_shard(number: str, head: str, tail: str) -> bool:
    """Whether `number` belongs to the shard with these leading digits in the stream with these own digits."""
    return len(number) == LENGTH and number.startswith(head) and number.endswith(tail)
