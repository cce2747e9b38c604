"""The place under test, as the pytest plugin, drills, parity and the command know it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.problem import Problem
from harness.targets.admin import Admin
from harness.targets.capabilities import CAPABILITIES, Capability
from harness.targets.settings import AS_USUAL, EmulatorSettings

if TYPE_CHECKING:
    from harness.clients import Aws
    from harness.containers import ContainerFaults
    from harness.targets.instance import Instance


class Step(Protocol):
    """One step of a start that is being shown."""

    def note(self, text: str) -> None:
        """Add what came out of it."""


Show = Callable[[str], AbstractContextManager[Step]]
"""Shows a step by its title, from entering to leaving."""


class _Unseen:
    def note(self, text: str) -> None:
        pass


def unseen(title: str) -> AbstractContextManager[Step]:
    """Shows nothing."""
    return contextlib.nullcontext(_Unseen())


class Target(Protocol):
    """A process, an endpoint, containers, or an account. What it cannot do has a word (`capabilities`); what is written
    out here holds for a target that says nothing else.

    `name` is one of `CAPABILITIES`, or the URL of an endpoint. `settings` is how its emulator is run. `prefix` is
    before every name of what the tests own, empty where all is theirs.
    """

    name: str
    settings: EmulatorSettings = AS_USUAL

    @property
    def capabilities(self) -> frozenset[Capability]:
        return CAPABILITIES[self.name]

    @property
    def endpoint_url(self) -> str:
        """Raises Problem on an account, which has one for each service."""
        return self.aws.url

    @property
    def aws(self) -> Aws:
        """Clients that never try again."""

    @property
    def admin(self) -> Admin:
        """For a target that has `Capability.ADMIN`."""
        return Admin(self.endpoint_url)

    @property
    def containers(self) -> ContainerFaults | None:
        """Faults on its containers, where it has some."""
        return None

    @property
    def prefix(self) -> str:
        return ""

    # -- its life -------------------------------------------------------------------------------------------------

    def start(self, show: Show = unseen) -> Instance | None:
        """Make it ready, or start it again where it has died. Returns the record of what outlives this process, if it
        keeps one. Raises Problem; nothing is left running then."""

    def stop(self) -> bool:
        """End what `start` began; False when there was nothing to end. Raises Problem, also where something stays."""

    def alive(self) -> bool:
        """Whether it has not died."""
        return True

    # -- its state ------------------------------------------------------------------------------------------------

    def remember(self, snapshot: str | None = None) -> None:
        """What it holds now is the first state. `snapshot` holds it already, where there is one."""

    def clean(self) -> bool:
        """Back to the first state, as far as it can: other data, faults and time are gone. One that was killed is
        started anew. Returns whether the stack must be applied again, because some of it could not be brought back."""

    def empty(self) -> None:
        """Forget everything, the first state too. Raises Problem."""

    # -- its log --------------------------------------------------------------------------------------------------

    @property
    def log(self) -> Path | None:
        """The emulator's own log, or where it will be after the end."""
        return None

    def log_position(self) -> int:
        """Where the log ends now, for `log_since`."""
        return 0

    def log_since(self, position: int) -> str:
        """What its emulator has logged since; all of it when it was started anew."""
        return ""

    def print_log(self, follow: bool) -> int:
        """Print what it logged; with `follow` go on until Ctrl-C. Returns an exit code. Raises Problem where there is
        none."""
        raise Problem(f"{self.name} keeps no log here.")

    def forget(self) -> None:
        """Remove its files, the log too, after its end."""
        return
