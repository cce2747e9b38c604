"""Token buckets of Direct PUT (A5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.clock import Clock
from harness.emulator.services.firehose.source.quota import Quota, limits_of


@pytest.mark.parametrize(
    ("region", "limits"),
    [
        ("us-east-1", (500_000, 2_000, 5 << 20)),
        ("eu-west-1", (500_000, 2_000, 5 << 20)),
        ("eu-central-1", (100_000, 1_000, 1 << 20)),
    ],
)
def test_limits_by_region(region: str, limits: tuple[int, int, int]) -> None:
    """A5: the three big regions have more."""
    found = limits_of(region)
    assert (found.records, found.requests, found.bytes) == limits


def test_requests_are_limited_too() -> None:
    """A5: 1,000 requests a second in most regions, however small."""
    quota = Quota(Clock("manual", start=0.0), "eu-central-1")
    assert sum(quota.admit([1]) for _ in range(1_500)) == 1_000


def test_records_are_limited_too() -> None:
    """A5: 100,000 records a second in most regions."""
    quota = Quota(Clock("manual", start=0.0), "eu-central-1")
    assert sum(quota.admit([0] * 500) for _ in range(300)) == 100_000


@given(st.lists(st.tuples(st.floats(0, 2), st.lists(st.integers(0, 1_000_000), max_size=5)), max_size=40))
def test_never_more_than_a_second_ahead(steps: list[tuple[float, list[int]]]) -> None:
    """Whatever comes when: admitted bytes stay under limit × (elapsed + 1 s)."""
    clock = Clock("manual", start=0.0)
    quota = Quota(clock, "eu-central-1")
    taken = 0
    for pause, sizes in steps:
        clock._base_virtual += pause
        taken += sum(sizes[: quota.admit(sizes)])
        assert taken <= (clock.now() + 1) * (1 << 20) + 1
