"""lost-acknowledgement: done, but the caller does not learn it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.faults.arguments import argument, one_of
from harness.emulator.faults.fault import Fault, Hit
from harness.emulator.faults.network import NetworkFault, never_answer


@dataclass(kw_only=True)
class LostAcknowledgement(Fault):
    """The call is done, but its answer is lost: a caller that tries again does it twice.

    `instead`: `reset` cuts the connection, `timeout` never answers, `error` answers InternalFailure, 500.
    """

    instead: str = argument(one_of("reset", "timeout", "error"), "reset")

    async def around(self, hit: Hit) -> Any:
        await hit.proceed()
        if self.instead == "timeout":
            raise await never_answer(hit)
        if self.instead == "reset":
            raise NetworkFault(reset=True)
        code = "InternalError" if hit.call.service == "s3" else "InternalFailure"
        raise AwsError(code, "We encountered an internal error. Please try again.", 500)
