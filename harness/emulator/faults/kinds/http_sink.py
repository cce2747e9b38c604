"""http-sink: a built-in HTTP endpoint answers badly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.arguments import argument, boolean, integer, number, one_of, text
from harness.emulator.faults.endpoint_answer import BEHAVIOURS, EndpointAnswer
from harness.emulator.faults.fault import SINK, Fault, Hit


@dataclass(kw_only=True)
class HttpSink(Fault):
    """A delivery to a built-in HTTP sink (its name is the resource) is answered so, before the sink's script (A14).

    `behaviour` without `status`: 200 with something wrong in it, or no answer. `seconds` make it late.
    """

    site = SINK
    calls = {"http-sink": frozenset({"Deliver"})}

    status: int = argument(integer(200, 599), 200)
    behaviour: str | None = argument(one_of(*BEHAVIOURS), None)
    body: str | None = argument(text(), None)
    seconds: float = argument(number(), 0.0)
    real: bool = argument(boolean(), False)

    async def around(self, hit: Hit) -> Any:
        body = None if self.body is None else self.body.encode()
        return EndpointAnswer(self.status, self.behaviour, body, [], self.seconds, self.real)
