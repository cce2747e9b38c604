"""s3-gone: the bucket does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.faults.fault import Fault, Hit


@dataclass(kw_only=True)
class S3Gone(Fault):
    """The bucket is gone, with all that is in it, until the rule goes (A12, E1)."""

    calls = {"s3": frozenset()}

    async def around(self, hit: Hit) -> Any:
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404)
