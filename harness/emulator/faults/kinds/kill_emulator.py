"""kill-emulator: the process dies at once, as in a power cut."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.arguments import argument, one_of
from harness.emulator.faults.fault import Fault, Hit
from harness.emulator.world import World


@dataclass(kw_only=True)
class KillEmulator(Fault):
    """The emulator's process kills itself (SIGKILL), `before` or `after` the call is done; nobody gets an answer.

    Refused where the emulator is a thread of another process.
    """

    once = True

    point: str = argument(one_of("before", "after"), "before")

    async def around(self, hit: Hit) -> Any:
        if not hit.world.faults.may_kill:  # it came with a snapshot of another process
            hit.missed()
            return await hit.proceed()
        if hit.world.commit is not None:
            hit.world.commit()  # a restart from the state folder must know that this rule has fired
        if self.point == "after":
            await hit.proceed()
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    def problem(self, world: World) -> str | None:
        if world.faults.may_kill:
            return None
        return "The emulator is a thread of another process, which a rule must not kill"
