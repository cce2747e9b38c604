"""lambda-raise: the handler raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.arguments import argument, text
from harness.emulator.faults.fault import Hit
from harness.emulator.faults.lambda_site import LambdaFault


@dataclass(kw_only=True)
class LambdaRaise(LambdaFault):
    """The function's handler raises before it did anything; its process lives on (C2)."""

    error_type: str = argument(text(), "InjectedError")
    message: str | None = argument(text(), None)

    async def around(self, hit: Hit) -> Any:
        return await self.sandbox(hit).fail(self.error_type, self.message or f"raised by the fault {hit.rule.id}")
