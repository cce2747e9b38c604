"""Where drills are played: an emulator process of this machine, or the edge in front of LocalStack in containers.

Each has manual time, and is emptied before each drill.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.aws_resources.remembered import Remembered
from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets.admin import Admin
from harness.targets.embedded import EmbeddedTarget
from harness.targets.instance import remove_files
from harness.targets.settings import EmulatorSettings
from harness.testing.aws import Aws

if TYPE_CHECKING:
    from harness.containers import ContainerFaults, LocalStackWithEdge


class Place(Protocol):
    """What a drill is played on."""

    def empty(self) -> None:
        """Forget everything. Raises AdminError."""

    @property
    def endpoint_url(self) -> str: ...

    @property
    def admin(self) -> Admin: ...

    def running(self) -> object | None:
        """Something while the emulator lives, None when it has died."""

    def start(self) -> object:
        """Start an emulator that has died, with what it kept. Raises Problem."""


Opened = tuple[Place, "ContainerFaults | None"]
Open = Callable[[Workspace, int, bool], AbstractContextManager[Opened]]


@contextlib.contextmanager
def emulator(workspace: Workspace, seed: int, durable: bool = False) -> Iterator[Opened]:
    """A fresh emulator on a port that the system chooses, until the end of the block; with a state folder where drills
    kill it.

    Raises Problem when it does not start. Its log is kept when the block fails.
    """
    with contextlib.ExitStack() as held:
        state = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="harness-drill-"))) if durable else None
        target = EmbeddedTarget(workspace, 0, EmulatorSettings("manual", seed, str(state) if state else None))
        target.start()
        held.callback(target.stop)
        yield target, None
    remove_files(workspace, target.port)


class _Edge:
    """The edge's container as the emulator that lives and dies."""

    def __init__(self, pair: LocalStackWithEdge) -> None:
        self._pair = pair
        self.endpoint_url = pair.url
        self.admin = pair.admin
        self._behind = Remembered(Aws(pair.url).client, pair.native.split(","))
        self._behind.remember()

    def empty(self) -> None:
        self.admin.reset(here_only=True)  # faults included: they would hit the cleaning behind
        self._behind.clean()

    def running(self) -> object | None:
        container: Any = self._pair.container("edge")
        container.reload()
        return container if container.status == "running" else None

    def start(self) -> object:
        return self._pair.revive()


@contextlib.contextmanager
def containers(workspace: Workspace, seed: int, durable: bool = False) -> Iterator[Opened]:
    """The edge in front of LocalStack. Raises Problem when they don't start."""
    from harness.containers import ContainerFaults, LocalStackWithEdge

    with LocalStackWithEdge(clock="manual", seed=seed, more_native=("logs",)) as pair:
        yield _Edge(pair), ContainerFaults(pair)


_ALWAYS = frozenset({"clock", "faults", "sinks", "reset", "restart"})
CAPABILITIES: Mapping[str, frozenset[str]] = {
    "embedded": _ALWAYS,
    "localstack": _ALWAYS | {"containers"},
    "aws": frozenset(),
}
_OPEN: Mapping[str, Open] = {"embedded": emulator, "localstack": containers}


def place(target: str, workspace: Workspace, seed: int, durable: bool) -> AbstractContextManager[Opened]:
    """What drills of this target are played on. Raises Problem."""
    if target not in _OPEN:
        raise Problem(f"Drills cannot be played on {target}.")
    return _OPEN[target](workspace, seed, durable)
