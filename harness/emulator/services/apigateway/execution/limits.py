"""Throttles and quotas on the clock (D6)."""

from __future__ import annotations

import calendar
import time

from harness.emulator.clock import TICK


class TokenBucket:
    """`rate` requests per second with bursts of up to `burst`. A rate or burst below 0 means no limit."""

    __slots__ = ("burst", "rate", "tokens", "updated")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self.tokens = burst
        self.updated = now

    def take(self, now: float) -> bool:
        """Whether one more request is allowed now."""
        if self.rate < 0 or self.burst < 0:
            return True
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.updated) * self.rate)
        self.updated = now
        if self.tokens + TICK * self.rate < 1:
            return False
        self.tokens -= 1
        return True


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
