"""Trouble on the wire: what a client sees when an answer does not come.

A client outside gets no bytes at all: the edge leaves the connection silent or cuts it off. A service that calls over
the bus gets these errors in place of what its own client would raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.call import Unanswered
from harness.emulator.errors import AwsError
from harness.emulator.service_registry import descriptor_of

if TYPE_CHECKING:
    from harness.emulator.faults.fault import Hit

USUAL_SECONDS = 60.0
"""The read time-out of AWS's SDKs."""


class NetworkFault(AwsError):
    """No answer. `reset`: the connection was cut; else the caller waited in vain."""

    def __init__(self, reset: bool) -> None:
        code = "ConnectionReset" if reset else "RequestTimeout"
        text = "The connection was closed before an answer came." if reset else "No answer came in time."
        super().__init__(code, text, 503 if reset else 504)
        self.reset = reset

    def response(self) -> Unanswered:
        """What the edge does to a client outside."""
        return Unanswered(reset=self.reset)


async def never_answer(hit: Hit, seconds: float | None = None) -> NetworkFault:
    """The error for a caller whose answer does not come. A caller inside has waited for it when this returns."""
    call = hit.call
    if call.http is None or call.caller.service is not None:
        usual = descriptor_of(call.service).answer_seconds.get(call.operation, USUAL_SECONDS)
        wait = seconds if seconds is not None else usual
        await hit.world.clock.sleep(wait, name=f"{call.service} {call.operation}: waiting for an answer")
    return NetworkFault(reset=False)
