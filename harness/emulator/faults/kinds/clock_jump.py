"""clock-jump: time leaps forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.arguments import argument, number
from harness.emulator.faults.fault import Fault, Hit


@dataclass(kw_only=True)
class ClockJump(Fault):
    """Just before the call the emulator's clock leaps forward: all that falls due meanwhile is late, and runs then.

    Fires once unless the rule says otherwise.
    """

    once = True

    seconds: float = argument(number())

    async def around(self, hit: Hit) -> Any:
        clock = hit.world.clock
        clock.set_now(clock.now() + self.seconds)
        return await hit.proceed()
