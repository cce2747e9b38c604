"""lambda-exit: the function's process dies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.arguments import argument, integer
from harness.emulator.faults.fault import Hit
from harness.emulator.faults.lambda_site import LambdaFault


@dataclass(kw_only=True)
class LambdaExit(LambdaFault):
    """The function's process really dies with the event: Runtime.ExitError; the next event starts cold (C2)."""

    status: int = argument(integer(0, 255), 1)

    async def around(self, hit: Hit) -> Any:
        return await self.sandbox(hit).exit(self.status)
