"""The one interface of all faults: a dataclass whose fields are its arguments, and `around`.

    @dataclass(kw_only=True)
    class Latency(Fault):
        # The call takes longer.

        seconds: float = argument(number())

        async def around(self, hit: Hit) -> Any:
            await hit.world.clock.sleep(self.seconds, name="a fault's latency")
            return await hit.proceed()

The class is the file's only `Fault`; the file's name with dashes is the fault's name (`kinds/latency.py`, `latency`).
docs/faults.md tells how to add one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from harness.emulator.call import Call
    from harness.emulator.faults.rule import Rule
    from harness.emulator.world import World

CALL = "call"
"""The site on the bus: every API call, and every request to a deployed API (service `execute-api`)."""
LAMBDA = "lambda"
"""The site at a function's execution environment: every run of an event, asynchronous retries included."""
SINK = "sink"
"""The site at the built-in HTTP sinks: every delivery."""

Calls = Mapping[str, frozenset[str]]
"""Service → operations that a fault can touch; no operations means all of them."""

ANY: Calls = {}


class Hit:
    """One call that a rule fires on. `subject` is what the site offers besides (`LambdaSite`'s sandbox)."""

    __slots__ = ("_proceed", "call", "rule", "subject", "world")

    def __init__(
        self, world: World, rule: Rule, call: Call, subject: Any, proceed: Callable[[Call], Awaitable[Any]]
    ) -> None:
        self.world = world
        self.rule = rule
        self.call = call
        self.subject = subject
        self._proceed = proceed

    async def proceed(self, call: Call | None = None) -> Any:
        """Let the call (or a changed one) go on: to the next rule, in the end to the service."""
        return await self._proceed(call or self.call)

    def missed(self) -> None:
        """The fault found nothing to do here: it does not count as fired."""
        self.rule.fired -= 1
        self.world.trace.missed(self.call, self.rule.id)


@dataclass(kw_only=True)
class Fault(ABC):
    """Pickled with its rule: fields are arguments and state, nothing else."""

    site: ClassVar[str] = CALL
    calls: ClassVar[Calls] = ANY
    once: ClassVar[bool] = False
    """Fires once unless the rule says how often."""

    @abstractmethod
    async def around(self, hit: Hit) -> Any:
        """Take the place of the call: go on with `hit.proceed()`, raise AwsError, or answer itself."""

    def problem(self, world: World) -> str | None:
        """Why this fault can't be here, as a sentence."""
        return None
