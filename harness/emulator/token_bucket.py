"""The token bucket of every throttle, quota and throttling fault, on the world's clock."""

from __future__ import annotations

from harness.emulator.clock import TICK


class TokenBucket:
    """Filled up at `rate` tokens per second, and holding up to `burst`; full at `now`, in seconds since the epoch.

    A rate or burst below 0 means no limit. A request that comes exactly when its token is due gets it, although times
    are floats (`clock.TICK`).
    """

    __slots__ = ("burst", "rate", "tokens", "updated")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self.tokens = float(burst)
        self.updated = now

    def available(self, now: float) -> float:
        """The tokens that may be taken now."""
        if self.rate < 0 or self.burst < 0:
            return float("inf")
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.updated) * self.rate)
        self.updated = now
        return self.tokens + TICK * self.rate

    def spend(self, amount: float) -> None:
        """Take what `available` has found."""
        self.tokens -= amount

    def take(self, now: float, amount: float = 1) -> bool:
        """Take the amount if there is enough; whether it was taken."""
        if self.available(now) < amount:
            return False
        self.spend(amount)
        return True


def take_all(buckets: tuple[TokenBucket, ...], now: float, *amounts: float) -> bool:
    """Take one amount from each bucket if there is enough of every one; else take nothing."""
    wanted = tuple(zip(buckets, amounts, strict=True))
    if any(bucket.available(now) < amount for bucket, amount in wanted):
        return False
    for bucket, amount in wanted:
        bucket.spend(amount)
    return True
