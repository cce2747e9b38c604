"""Waits in real time: bounded, with a sentence."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from harness.waiting import NotInTime, try_again, wait_for


def test_the_first_true_look_ends_the_wait() -> None:
    looks = iter([None, 0, "", "there", "later"])
    assert wait_for(lambda: next(looks), seconds=30, what="It did not come", every=0) == "there"
    assert next(looks) == "later"


def test_what_does_not_come_is_said() -> None:
    with pytest.raises(NotInTime, match=r"^The container edge did not answer within 0.01 s\.$"):
        wait_for(lambda: False, seconds=0.01, what="The container edge did not answer", every=0.001)


def test_what_a_look_raises_ends_the_wait() -> None:
    looks = iter([False])
    with pytest.raises(StopIteration):
        wait_for(lambda: next(looks), seconds=30, what="It did not come", every=0)


def test_a_caller_may_own_the_time() -> None:
    moments: list[float] = [0.0]
    with pytest.raises(NotInTime):
        wait_for(
            lambda: False,
            seconds=10,
            what="It did not come",
            every=4,
            now=lambda: sum(moments),
            sleep=moments.append,
        )
    assert moments == [0, 4, 4, 4]


def test_pauses_grow_and_the_attempts_end() -> None:
    pauses: list[float] = []

    def tried(done: Iterator[bool]) -> bool:
        dice = random.Random(1)
        return try_again(lambda: next(done), attempts=4, first_pause=1, longest_pause=3, dice=dice, sleep=pauses.append)

    assert tried(iter([False, True])) and len(pauses) == 1
    assert not tried(iter([False] * 4)) and len(pauses) == 4
    assert all(full / 2 <= pause <= full for full, pause in zip([1, 1, 2, 3], pauses, strict=True))
