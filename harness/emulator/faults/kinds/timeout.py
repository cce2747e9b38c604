"""timeout: no answer comes, and nothing was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.arguments import argument, number
from harness.emulator.faults.fault import Fault, Hit
from harness.emulator.faults.network import never_answer


@dataclass(kw_only=True)
class Timeout(Fault):
    """The call is never answered and never done: a client outside waits until it gives up by itself.

    A service that calls gives up after `seconds` on the clock (60, for Invoke 301).
    """

    seconds: float | None = argument(number(), None)

    async def around(self, hit: Hit) -> Any:
        raise await never_answer(hit, self.seconds)
