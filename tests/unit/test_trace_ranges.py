"""Sets of numbers as ranges: whatever the numbers, the ranges hold exactly them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.trace.ranges import holds, numbers_of, one_range, overlap, ranges_of, size

NUMBERS = st.lists(st.integers(0, 60), max_size=80)


@given(NUMBERS)
def test_ranges_hold_exactly_the_numbers(numbers: list[int]) -> None:
    ranges = ranges_of(numbers)
    assert list(numbers_of(ranges)) == sorted(set(numbers))
    assert size(ranges) == len(set(numbers))
    assert [number for number in range(-1, 62) if holds(ranges, number)] == sorted(set(numbers))


@given(NUMBERS)
def test_ranges_are_as_few_as_can_be(numbers: list[int]) -> None:
    ranges = ranges_of(numbers)
    assert all(ranges[i] < ranges[i + 1] for i in range(len(ranges) - 1))


@given(NUMBERS, st.integers(0, 60), st.integers(1, 10))
def test_overlap_tells_whether_a_number_is_shared(numbers: list[int], first: int, length: int) -> None:
    shared = any(number in numbers for number in range(first, first + length))
    assert overlap(ranges_of(numbers), [(first, first + length)]) == shared


def test_numbers_that_rise_one_by_one_are_one_range() -> None:
    assert ranges_of(list(range(5, 1005))) == one_range(5, 1005)


def test_a_shuffle_with_the_right_ends_is_no_range() -> None:
    # As many numbers as between the ends, but not those between the ends.
    assert not holds(ranges_of([0, 9, 2]), 1)
