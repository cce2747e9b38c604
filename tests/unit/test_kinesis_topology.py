"""Shards of a stream: hash ranges, splits, merges, scaling, sequence numbers (B1, B3, B7)."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.emulator.services.kinesis import sequence
from harness.emulator.services.kinesis.model import (
    HASH_SPACE,
    Shard,
    Stream,
    canonical_shard_id,
    even_ranges,
    partition_digest,
)

TAIL = "7" * 22


def new_stream(count: int, now: float = 1000.0) -> Stream:
    stream = Stream("0" * 12, "us-east-1", "s", "arn", "PROVISIONED", now, TAIL)
    stream.add_shards(count, now)
    return stream


def assert_covers(shards: list[Shard]) -> None:
    """Open shards, by hash key, leave no gap and do not overlap."""
    assert shards[0].start == 0
    assert shards[-1].end == HASH_SPACE - 1
    for low, high in pairwise(shards):
        assert low.end + 1 == high.start
    assert all(shard.start <= shard.end for shard in shards)


Step = tuple[str, int, int]


def apply(stream: Stream, step: Step, now: float) -> None:
    kind, which, where = step
    shard = stream.open[which % len(stream.open)]
    if kind == "split":
        if shard.end - shard.start > 3:
            at = shard.start + 2 + where % (shard.end - shard.start - 2)
            low, high = stream.split(shard, at, now)
            assert (low.start, low.end + 1, high.start, high.end) == (shard.start, at, at, shard.end)
            assert low.parent == high.parent == shard.id
    elif kind == "merge":
        place = stream.open.index(shard)
        if place + 1 < len(stream.open):
            other = stream.open[place + 1]
            child = stream.merge(shard, other, now)
            assert (child.start, child.end) == (shard.start, other.end)
            assert (child.parent, child.adjacent_parent) == (shard.id, other.id)
    else:
        target = 1 + where % 12
        stream.scale(target, now)
        assert [(s.start, s.end) for s in stream.open] == even_ranges(target)


steps = st.lists(
    st.tuples(st.sampled_from(["split", "merge", "scale"]), st.integers(0, 50), st.integers(0, HASH_SPACE)),
    max_size=12,
)


@settings(deadline=None)
@given(st.integers(1, 40), steps, st.integers(0, HASH_SPACE - 1), st.booleans())
def test_any_resharding_covers_the_hash_space(count: int, sequence_: list[Step], key: int, time_passes: bool) -> None:
    """B3, B7: after any splits, merges and scalings each hash key has exactly one open shard, and `route` finds it."""
    stream = new_stream(count)
    for i, step in enumerate(sequence_):
        apply(stream, step, 1000.0 + (i if time_passes else 0))
        assert_covers(stream.open)
        assert all(shard.closed is None for shard in stream.open)
    found = stream.open[stream.route(key.to_bytes(16, "big"))]
    assert found.start <= key <= found.end


@settings(deadline=None)
@given(st.integers(1, 8), steps)
def test_children_number_above_their_parents_even_if_no_time_passes(count: int, sequence_: list[Step]) -> None:
    """B1: a child's sequence numbers are above all of its parents'; no two shards share a number."""
    stream = new_stream(count)
    for step in sequence_:
        apply(stream, step, 1000.0)
    for shard in stream.shards.values():
        for parent in (shard.parent, shard.adjacent_parent):
            if parent is not None:
                assert int(stream.starting_number(shard)) > int(stream.ending_number(stream.shards[parent]))
    heads = [shard.head for shard in stream.shards.values()]
    assert len(set(heads)) == len(heads)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=256))
def test_partition_keys_route_by_md5_read_as_a_big_endian_integer(key: str) -> None:
    """B3: the shard is where MD5(partition key) as an unsigned 128-bit number lies."""
    stream = new_stream(7)
    try:
        value = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
    except UnicodeEncodeError:
        return
    shard = stream.open[stream.route(partition_digest(key))]
    assert shard.start <= value <= shard.end


def test_scaling_two_to_three_makes_the_shards_that_aws_made() -> None:
    """B7: recorded in 2026-09: both shards are split at the thirds, the two inner parts are merged."""
    stream = new_stream(2)
    stream.scale(3, 1000.0)
    made = {s.id[-1]: (s.parent, s.adjacent_parent, s.start, s.end) for s in stream.shards.values() if s.parent}
    shard = "shardId-00000000000"
    half, third, two_thirds = HASH_SPACE // 2, HASH_SPACE // 3, 2 * HASH_SPACE // 3
    assert made == {
        "2": (f"{shard}0", None, 0, third - 1),
        "3": (f"{shard}0", None, third, half - 1),
        "4": (f"{shard}1", None, half, two_thirds - 1),
        "5": (f"{shard}1", None, two_thirds, HASH_SPACE - 1),
        "6": (f"{shard}3", f"{shard}4", third, two_thirds - 1),
    }
    assert third == 113427455640312821154458202477256070485


@settings(deadline=None)
@given(st.integers(0, 2**33), st.integers(0, 10**6 - 1), st.integers(0, 10**15 - 1))
def test_a_sequence_number_leads_back_to_its_shard_and_position(created: int, index: int, count: int) -> None:
    """B1: 56 digits that start with 49."""
    head = sequence.prefix(created, index)
    number = f"{head}{sequence.FIRST + count}{TAIL}"
    assert len(number) == 56
    assert number.startswith("49")
    assert sequence.shard_index(number) == index
    assert sequence.position(number) == sequence.FIRST + count
    assert sequence.same_shard(number, head, TAIL)
    assert not sequence.same_shard(number, head, "8" * 22)


@pytest.mark.parametrize("text", ["", "0", "21267647932558653966460912964485513216", "4" * 57, "x" * 56, "²" * 56])
def test_what_is_no_sequence_number_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        sequence.shard_index(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3", "shardId-000000000003"),
        ("shardId-3", "shardId-000000000003"),
        ("shardId-000000000003", "shardId-000000000003"),
        ("abc", "abc"),
        ("shardId-", "shardId-"),
        ("shardId-x3", "shardId-x3"),
    ],
)
def test_shard_ids_may_be_abbreviated(text: str, meant: str) -> None:
    """B1: production resolves the number in a shard id (seen in kinesalite's tests against production)."""
    assert canonical_shard_id(text) == meant
