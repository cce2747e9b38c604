"""Containers that exist in a list only: what the fault API does to them, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docker.errors import APIError

from harness.problem import Problem


class FakeContainer:
    """Notes each call in `calls`; a call named in `refuses` fails as the daemon does."""

    def __init__(self, name: str, calls: list[str], refuses: set[str]) -> None:
        self.id = name
        self._calls = calls
        self._refuses = refuses

    def _call(self, what: str) -> Callable[..., None]:
        def call(**options: Any) -> None:
            if what in self._refuses:
                raise APIError("409 Client Error", explanation=f"cannot {what}\n{self.id}")
            self._calls.append(f"{what} {self.id}")

        return call

    def __getattr__(self, what: str) -> Callable[..., None]:
        return self._call(what)


class FakeNetwork:
    def __init__(self, calls: list[str]) -> None:
        self._calls = calls
        self._unwrap_network = self

    def disconnect(self, container: FakeContainer) -> None:
        self._calls.append(f"disconnect {container.id}")

    def connect(self, container_id: str, aliases: list[str]) -> None:
        self._calls.append(f"connect {container_id} as {', '.join(aliases)}")


class FakeRunning:
    """`edge` and `localstack`, up."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.refuses: set[str] = set()
        self.network = FakeNetwork(self.calls)
        self.names = ["edge", "localstack"]

    def log(self, name: str, since: float | None = None) -> str:
        return f"{name} is up"

    def container(self, name: str) -> FakeContainer:
        if name not in self.names:
            raise Problem(f"There is no container {name}; there are {', '.join(self.names)}.")
        return FakeContainer(name, self.calls, self.refuses)

    def wait(self, name: str) -> None:
        self.calls.append(f"answers {name}")
