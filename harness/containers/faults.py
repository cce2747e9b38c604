"""Faults on containers, through Docker: pause, kill, restart, disconnect. What is broken is always mended again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from harness.problem import Problem


class Running(Protocol):
    """Containers that are up, by short names such as `edge` and `localstack`."""

    network: Any
    """testcontainers' network that they are on."""

    @property
    def names(self) -> Sequence[str]: ...

    def log(self, name: str, since: float | None = None) -> str:
        """What it wrote, from epoch second `since` on."""

    def container(self, name: str) -> Any:
        """The container (docker.models.containers.Container). Raises Problem for a name that is none."""

    def wait(self, name: str) -> None:
        """Wait until it answers. Raises Problem when it does not."""


class ContainerFaults:
    """What happens to containers.

    with containers.paused("localstack"):
        …                                   # connections to it are taken, nothing is answered

    Each fault ends with its block, also after an error; `heal` ends all that are left (`begin` and `end` by hand). At
    the end of a fault the container answers again. Raises Problem where Docker refuses.
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._open: dict[tuple[str, str], Callable[[], None]] = {}

    @property
    def names(self) -> list[str]:
        """The containers there are."""
        return list(self._running.names)

    def log(self, name: str, since: float) -> str:
        """What the container wrote, from epoch second `since` on."""
        return self._running.log(name, since)

    @property
    def active(self) -> list[str]:
        """The faults that have begun and not ended: `paused localstack`."""
        return [f"{kind} {name}" for kind, name in self._open]

    @contextlib.contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Frozen: its kernel takes connections, nobody answers."""
        self.pause(name)
        try:
            yield
        finally:
            self.unpause(name)

    @contextlib.contextmanager
    def killed(self, name: str) -> Iterator[None]:
        """Dead by SIGKILL; started again at the end, with what it had kept on disk."""
        self.kill(name)
        try:
            yield
        finally:
            self.start(name)

    @contextlib.contextmanager
    def disconnected(self, name: str) -> Iterator[None]:
        """Off the network that it shares with the others. The others no longer find its name; this machine can't reach
        its port either."""
        self.disconnect(name)
        try:
            yield
        finally:
            self.connect(name)

    def restart(self, name: str, seconds: int = 10) -> None:
        """Stopped gracefully (SIGKILL after `seconds`) and started again."""
        container = self._running.container(name)
        with refused(f"restart {name}"):
            container.restart(timeout=seconds)
        self._running.wait(name)

    def pause(self, name: str) -> None:
        container = self._running.container(name)
        with refused(f"pause {name}"):
            container.pause()
        self._open["paused", name] = container.unpause

    def unpause(self, name: str) -> None:
        self._end("paused", name)

    def kill(self, name: str) -> None:
        container = self._running.container(name)
        with refused(f"kill {name}"):
            container.kill()
            container.wait()
        self._open["killed", name] = container.start

    def start(self, name: str) -> None:
        self._end("killed", name)

    def disconnect(self, name: str) -> None:
        container = self._running.container(name)
        network = self._running.network
        with refused(f"disconnect {name}"):
            network._unwrap_network.disconnect(container)
        self._open["disconnected", name] = lambda: network.connect(container.id, [name])

    def connect(self, name: str) -> None:
        self._end("disconnected", name)

    def heal(self) -> None:
        """End every fault that is left, the latest first. One that cannot be ended does not keep the others."""
        failures = []
        for kind, name in reversed(list(self._open)):
            try:
                self._end(kind, name)
            except Problem as problem:
                failures.append(problem.sentence)
        if failures:
            raise Problem(" ".join(failures))

    def _end(self, kind: str, name: str) -> None:
        """End one fault and wait for the container, unless another fault still holds it; does nothing when it has
        ended already."""
        undo = self._open.pop((kind, name), None)
        if undo is None:
            return
        with refused(f"end {kind} {name}"):
            undo()
        if not any(other == name for _, other in self._open):
            self._running.wait(name)


@contextlib.contextmanager
def refused(what: str) -> Iterator[None]:
    """Docker's refusal as one sentence."""
    from docker.errors import DockerException

    try:
        yield
    except DockerException as error:
        text = " ".join(str(getattr(error, "explanation", None) or error).split())
        raise Problem(f"Docker refused to {what}: {text[:200]}.") from error
