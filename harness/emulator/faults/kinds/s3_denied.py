"""s3-denied: access is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.faults.fault import Fault, Hit


@dataclass(kw_only=True)
class S3Denied(Fault):
    """S3 refuses access to the bucket (A12, E1)."""

    calls = {"s3": frozenset()}

    async def around(self, hit: Hit) -> Any:
        raise AwsError("AccessDenied", "Access Denied", 403)
