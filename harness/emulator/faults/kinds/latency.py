"""latency: the call takes longer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.arguments import argument, boolean, number
from harness.emulator.faults.fault import Fault, Hit


@dataclass(kw_only=True)
class Latency(Fault):
    """The call waits before the service sees it.

    `seconds` pass on the clock: with manual time a client outside waits until the test moves it. `real` seconds pass
    by themselves.
    """

    seconds: float = argument(number())
    real: bool = argument(boolean(), False)

    async def around(self, hit: Hit) -> Any:
        if self.real:
            await asyncio.sleep(self.seconds)
        else:
            name = f"{hit.call.service} {hit.call.operation}: latency by the fault {hit.rule.id}"
            await hit.world.clock.sleep(self.seconds, name=name)
        return await hit.proceed()
