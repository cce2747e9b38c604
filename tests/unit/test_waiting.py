"""Waits in real time: bounded, with a sentence."""

from __future__ import annotations

import pytest

from harness.waiting import NotInTime, wait_for


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
