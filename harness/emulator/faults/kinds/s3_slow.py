"""s3-slow: too many requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.faults.fault import Fault, Hit


@dataclass(kw_only=True)
class S3Slow(Fault):
    """S3 asks to slow down. For answers that come late use `latency` (A12, E1)."""

    calls = {"s3": frozenset()}

    async def around(self, hit: Hit) -> Any:
        raise AwsError("SlowDown", "Please reduce your request rate.", 503)
