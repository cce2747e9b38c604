"""lambda-cold-start: no warm process, and a slow start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.arguments import argument, number
from harness.emulator.faults.fault import Hit
from harness.emulator.faults.lambda_site import LambdaFault


@dataclass(kw_only=True)
class LambdaColdStart(LambdaFault):
    """The function's idle processes end, and the event waits `seconds` of the clock before a new one starts (C5)."""

    seconds: float = argument(number(), 0.0)

    async def around(self, hit: Hit) -> Any:
        await self.sandbox(hit).cold_start(self.seconds)
        return await hit.proceed()
