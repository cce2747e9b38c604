"""Spans of virtual time as people read them, and round ticks for an axis."""

from __future__ import annotations

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800)
_MOST_TICKS = 6


def span(seconds: float) -> str:
    """90 s, 12 min, 26.5 h, 3.1 days."""
    for limit, unit, name in ((600, 1, "s"), (7200, 60, "min"), (2 * 86400, 3600, "h")):
        if seconds < limit:
            return f"{_short(seconds / unit)} {name}"
    return f"{_short(seconds / 86400)} days"


def ticks(end: float) -> list[tuple[float, str]]:
    """Moments from 0 to `end` in round steps, with their labels, all in one unit."""
    step = next((step for step in _STEPS if end / step <= _MOST_TICKS), _STEPS[-1])
    unit, name = (3600, "h") if step >= 3600 else (60, "min") if step >= 60 else (1, "s")
    count = int(end / step + 1e-9)
    moments = [index * step for index in range(count + 1)]
    return [(float(moment), f"{_short(moment / unit)} {name}" if moment else "0") for moment in moments]


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
