"""lambda-out-of-memory: the function's process is killed for its memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.fault import Hit
from harness.emulator.faults.lambda_site import LambdaFault


@dataclass(kw_only=True)
class LambdaOutOfMemory(LambdaFault):
    """The function's process is killed as when it uses more memory than it has: `signal: killed` (C2)."""

    async def around(self, hit: Hit) -> Any:
        return await self.sandbox(hit).out_of_memory()
