"""lambda-timeout: the function runs into its timeout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.fault import Hit
from harness.emulator.faults.lambda_site import LambdaFault


@dataclass(kw_only=True)
class LambdaTimeout(LambdaFault):
    """The function's timeout passes on the clock, then its process is killed: Sandbox.Timedout (C2)."""

    async def around(self, hit: Hit) -> Any:
        return await self.sandbox(hit).time_out()
