"""The periods of usage plans' quotas (D6)."""

from __future__ import annotations

import calendar
import time


def quota_period(period: str, offset: int, now: float) -> str:
    """The name of the period that `now` is in: its first day as `2026-11-20`.

    DAY starts at midnight UTC, WEEK on Sunday plus `offset` days, MONTH on the first plus `offset` days.
    """
    today = int(now // 86400)
    if period == "WEEK":
        # Day 0 of the epoch was a Thursday, day 3 the first Sunday.
        start = today - (today - 3 - offset) % 7
    elif period == "MONTH":
        moment = time.gmtime((today - offset) * 86400)
        start = calendar.timegm((moment.tm_year, moment.tm_mon, 1, 0, 0, 0)) // 86400 + offset
    else:
        start = today
    return time.strftime("%Y-%m-%d", time.gmtime(start * 86400))
