"""expired-iterator: a reader took too long."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.faults.fault import Fault, Hit


@dataclass(kw_only=True)
class ExpiredIterator(Fault):
    """GetRecords finds its iterator expired: the reader has to ask for a new one (B5)."""

    calls = {"kinesis": frozenset({"GetRecords"})}

    async def around(self, hit: Hit) -> Any:
        now = hit.world.clock.now()
        raise AwsError(
            "ExpiredIteratorException",
            f"Iterator expired. The iterator was created at time {_utc(now - 301)} while right now it is {_utc(now)} "
            "which is further in the future than the tolerated delay of 300000 milliseconds.",
        )


def _utc(moment: float) -> str:
    return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(moment))
