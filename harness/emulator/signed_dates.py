"""Dates as signatures write them."""

from __future__ import annotations

import calendar
import time

_FORM = "%Y%m%dT%H%M%SZ"


def read_date(text: str) -> int | None:
    """Epoch seconds of `20260102T030405Z`; None for anything else."""
    try:
        return calendar.timegm(time.strptime(text, _FORM)) if len(text) == 16 else None
    except ValueError:
        return None


def stamp(when: float) -> str:
    """`20260102T030405Z` of epoch seconds."""
    return time.strftime(_FORM, time.gmtime(when))
