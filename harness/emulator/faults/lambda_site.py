"""What a fault can do to one run of a Lambda function: the site's side of it is in the Lambda service."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, cast

from harness.emulator.faults.fault import LAMBDA, Calls, Fault, Hit

LAMBDA_CALLS: Calls = {"lambda": frozenset({"Invoke"})}


class Sandbox(Protocol):
    """One event that is about to run. Every method but `cold_start` ends it and returns its outcome."""

    async def fail(self, error_type: str, message: str) -> Any:
        """The handler raises at once; the process lives on."""

    async def exit(self, status: int) -> Any:
        """The process ends with this exit status, in the middle of the event."""

    async def out_of_memory(self) -> Any:
        """The process is killed for its memory."""

    async def time_out(self) -> Any:
        """The function's timeout passes on the clock, then the process is killed."""

    async def cold_start(self, seconds: float) -> None:
        """No warm process is left, and the next one takes `seconds` of the clock longer to start."""


class LambdaFault(Fault):
    """A fault at a function's execution environment. Callers can't be told apart there."""

    site: ClassVar[str] = LAMBDA
    calls: ClassVar[Calls] = LAMBDA_CALLS

    @staticmethod
    def sandbox(hit: Hit) -> Sandbox:
        return cast(Sandbox, hit.subject)
