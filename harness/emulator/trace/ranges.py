"""Sets of whole numbers as sorted ranges: `[first, end, first, end, …]`, the ends not included."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator

Ranges = array  # of type code "q"


def one_range(first: int, end: int) -> Ranges[int]:
    return array("q", (first, end))


def ranges_of(numbers: list[int]) -> Ranges[int]:
    """The ranges of numbers in any order. Numbers that rise one by one cost least."""
    count = len(numbers)
    if not count:
        return array("q")
    first = numbers[0]
    if numbers[-1] - first + 1 == count and numbers == list(range(first, first + count)):
        return array("q", (first, first + count))
    found = array("q")
    begin = following = None
    for number in sorted(numbers):
        if number == following:
            following += 1
        elif following is None or number > following:
            if begin is not None:
                found.extend((begin, following or 0))
            begin, following = number, number + 1
    if begin is not None:
        found.extend((begin, following or 0))
    return found


def holds(ranges: Ranges[int], number: int) -> bool:
    """Whether the number is in one of the ranges."""
    # Behind an odd number of borders is inside.
    return bisect_right(ranges, number) % 2 == 1


def size(ranges: Ranges[int]) -> int:
    """How many numbers there are in all ranges."""
    return sum(ranges[1::2]) - sum(ranges[::2])


def numbers_of(ranges: Ranges[int]) -> Iterator[int]:
    """The numbers, rising."""
    for place in range(0, len(ranges), 2):
        yield from range(ranges[place], ranges[place + 1])


def overlap(ranges: Ranges[int], others: Iterable[tuple[int, int]]) -> bool:
    """Whether any range (first, end) of `others` shares a number with `ranges`."""
    for first, end in others:
        place = bisect_right(ranges, first)
        if place % 2 == 1 or (place < len(ranges) and ranges[place] < end):
            return True
    return False
