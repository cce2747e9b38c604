"""What the tests of a process have: one target, whichever it is, with the stack, brought back to its first state."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.clients import Aws
from harness.json_object import Json
from harness.ledger import ByClock, ByPolling, Settle
from harness.targets import Capability, Target
from harness.targets.admin import Admin

if TYPE_CHECKING:
    from harness.testing.topology import Provisioner, Topology

_WAIT_SECONDS = 900.0
_QUIET_SECONDS = 30.0
_INTERVAL_SECONDS = 5.0


@dataclass
class Suite:
    """`seed` is None where nothing follows one. `outputs` are the stack's, None without a stack; `provisioner` brought
    it there, where that was done here."""

    target: Target
    seed: int | None
    provisioner: Provisioner | None = None
    outputs: Json | None = None

    @property
    def aws(self) -> Aws:
        return self.target.aws

    @property
    def admin(self) -> Admin | None:
        return self.target.admin if Capability.ADMIN in self.target.capabilities else None

    def provide(self) -> None:
        """Bring the stack there: that is the first state. Raises Problem."""
        self._begin_with(self.provisioner.provide() if self.provisioner is not None else None)

    def clean(self) -> None:
        """Back to the first state, as far as the target can."""
        if self.target.clean() and self.provisioner is not None:
            # From nothing: an apply of what is missing replaces what depends on it, and Terraform does not see that
            # an integration that is replaced takes its responses along.
            self.target.empty()
            self._begin_with(self.provisioner.again())

    def now(self) -> float:
        """The target's time in epoch seconds."""
        return float(self.admin.clock()["now"]) if self.admin is not None else time.time()

    def settle(self, seconds: float | None) -> Settle:
        """How a ledger waits, in a test that declared so many seconds of real time: by the clock, where there is one;
        else by reading again and again for that long."""
        if Capability.CLOCK in self.target.capabilities:
            return ByClock(self.target.endpoint_url)
        bound = _WAIT_SECONDS if seconds is None else seconds
        return ByPolling(bound, min(_QUIET_SECONDS, bound / 4), min(_INTERVAL_SECONDS, bound / 20))

    def _begin_with(self, topology: Topology | None) -> None:
        self.outputs = topology.outputs if topology is not None else None
        self.target.remember(topology.snapshot if topology is not None else None)
