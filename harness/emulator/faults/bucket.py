"""Token buckets of throttling faults: what may still come this second of the clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.emulator.clock import TICK


@dataclass(slots=True)
class Bucket:
    """Filled up at each of `rates` per second, and holding one second's worth. Pickles with its rule."""

    rates: tuple[float, ...]
    at: float
    left: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = list(self.rates)

    def take(self, now: float, *amounts: float) -> bool:
        """Take the amounts, one per rate, if there is enough of every one; else take nothing."""
        passed = max(0.0, now - self.at)
        self.at = now
        self.left = [min(rate, left + passed * rate) for rate, left in zip(self.rates, self.left, strict=True)]
        missing = zip(self.left, amounts, self.rates, strict=True)
        if any(left + TICK * rate < amount for left, amount, rate in missing):
            return False
        self.left = [left - amount for left, amount in zip(self.left, amounts, strict=True)]
        return True
