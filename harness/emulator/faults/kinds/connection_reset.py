"""connection-reset: the connection is cut, and nothing was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.fault import Fault, Hit
from harness.emulator.faults.network import NetworkFault


@dataclass(kw_only=True)
class ConnectionReset(Fault):
    """The connection is cut off in place of an answer; the service never sees the call."""

    async def around(self, hit: Hit) -> Any:
        raise NetworkFault(reset=True)
