"""Pickling of values that are nested deeper than Python's recursion limit allows: a filter pattern, a policy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_LEVELS = 6000
"""Enough for JSON of 1,024 levels (the deepest that is read) with two objects around each; 3 MB of C stack."""


def with_room(work: Callable[[], T]) -> T:
    """`work()`; if it meets the recursion limit, once more with more room. It must not have changed anything by then.

    Raises what `work` raises.
    """
    try:
        return work()
    except RecursionError:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, _LEVELS))
        try:
            return work()
        finally:
            sys.setrecursionlimit(limit)
