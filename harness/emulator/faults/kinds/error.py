"""error: the call is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.faults.arguments import argument, integer, text
from harness.emulator.faults.fault import Fault, Hit


@dataclass(kw_only=True)
class Error(Fault):
    """The call is refused with this error; the service never sees it."""

    code: str = argument(text())
    message: str | None = argument(text(), None)
    status: int = argument(integer(400, 599), 400)

    async def around(self, hit: Hit) -> Any:
        raise AwsError(self.code, self.message or f"{self.code} by the fault {hit.rule.id}.", self.status)
