"""LocalStack with the edge in front of it, in containers of one's own for as long as this process uses them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.provision.workspace import Workspace, write_atomically
from harness.targets.instance import remove_files
from harness.targets.localstack.target import LocalStackTarget
from harness.targets.port import port_of
from harness.targets.settings import AS_USUAL, EmulatorSettings
from harness.targets.target import Show, unseen

if TYPE_CHECKING:
    from harness.containers import ContainerFaults, LocalStackWithEdge

_EDGE = "edge"


@dataclass
class PairTarget(LocalStackTarget):
    """A pair of containers, the edge with these `settings`. `opened` starts other ones instead (for tests of this
    class). What they wrote is kept in the workspace until `forget`."""

    workspace: Workspace
    settings: EmulatorSettings = AS_USUAL
    opened: Callable[[], AbstractContextManager[LocalStackWithEdge]] | None = None
    _held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _pair: LocalStackWithEdge | None = None
    _faults: ContainerFaults | None = None

    @property
    def pair(self) -> LocalStackWithEdge:
        assert self._pair is not None, "it was not started"
        return self._pair

    @property
    def endpoint_url(self) -> str:
        return self.pair.url

    @property
    def native(self) -> str:
        return self.pair.native

    @property
    def containers(self) -> ContainerFaults | None:
        return self._faults

    def start(self, show: Show = unseen) -> None:
        """The containers; later the edge's again, with what it kept."""
        from harness.containers import ContainerFaults

        if self._pair is not None:
            self._pair.revive()
            return
        self._pair = self._held.enter_context(self.opened() if self.opened is not None else self._open())
        self.settings = self._pair.settings
        self._faults = ContainerFaults(self._pair)
        try:
            self.note_nothing()
        except BaseException:
            self._held.close()
            raise

    def stop(self) -> bool:
        try:
            self._keep_logs()
        finally:
            self._held.close()
        return True

    def alive(self) -> bool:
        container: Any = self.pair.container(_EDGE)
        container.reload()
        return bool(container.status == "running")

    @property
    def log(self) -> Path:
        """Where the edge's log is after the end."""
        return self._folder / f"{_EDGE}.log"

    def log_position(self) -> int:
        """The milliseconds of real time."""
        return int(time.time() * 1000)

    def log_since(self, position: int) -> str:
        return self.pair.log(_EDGE, position / 1000)

    def forget(self) -> None:
        remove_files(self.workspace, port_of(self.endpoint_url))

    def _open(self) -> LocalStackWithEdge:
        from harness.containers import LocalStackWithEdge

        # Logs are here as well: LocalStack refuses events from a time that a test has moved on.
        return LocalStackWithEdge(settings=self.settings, more_native=("logs",))

    def _keep_logs(self) -> None:
        """Write what the containers logged to files: they are about to be removed."""
        for name in self.pair.names:
            write_atomically(self._folder / f"{name}.log", self.pair.log(name))

    @property
    def _folder(self) -> Path:
        return self.workspace.instance(port_of(self.endpoint_url))
