"""The time of a test: it stands still unless the test moves it."""

from __future__ import annotations

from harness.targets.admin import Admin

WEEK = 7 * 86400.0


class NotSettled(AssertionError):
    """Something was still in flight when the bound of virtual time was reached; `stuck` names it."""

    def __init__(self, elapsed: float, stuck: list[str]) -> None:
        super().__init__(f"not settled after {elapsed:.0f} s; still in flight: {', '.join(stuck) or 'unnamed'}")
        self.stuck = stuck


class Clock:
    """Virtual time, in seconds."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def now(self) -> float:
        """Epoch seconds."""
        return float(self._admin.clock()["now"])

    def advance(self, seconds: float) -> float:
        """Move time on; everything due on the way has happened when this returns. Returns the new time."""
        return float(self._admin.advance(seconds)["now"])

    def settle(self, max_seconds: float = WEEK) -> float:
        """Let time pass until no record is in flight: buffers, retries, batch windows. Returns the seconds it took;
        raises NotSettled when that would be more than `max_seconds`."""
        __tracebackhide__ = True
        answer = self._admin.settle(max_seconds)
        if not answer["settled"]:
            raise NotSettled(float(answer["elapsed"]), list(map(str, answer["stuck"])))
        return float(answer["elapsed"])
