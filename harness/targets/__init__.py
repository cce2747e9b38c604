"""Where a suite runs: the embedded emulator, LocalStack, or a real AWS account, behind one small protocol."""

from __future__ import annotations

from typing import Any, Protocol

from harness.problem import Problem
from harness.targets.instance import Instance

__all__ = ["Target", "refuse_unbuilt_target"]


class Target(Protocol):
    """What tests and commands need from a target."""

    @property
    def name(self) -> str: ...

    @property
    def endpoint_url(self) -> str: ...

    def client(self, service: str) -> Any:
        """A boto3 client for the service."""

    def start(self) -> Instance:
        """Start it and wait until it answers."""

    def stop(self) -> bool:
        """Stop it; False when it was not running."""

    def capabilities(self) -> frozenset[str]:
        """What it can do beyond AWS's own APIs: `clock`, `snapshots`, `sinks`, `reset`."""


def refuse_unbuilt_target(name: str) -> None:
    """Raise Problem unless the target of that name can be used."""
    if name in ("localstack", "aws"):
        raise Problem(f"The target {name} is not built yet; use embedded.")
    if name != "embedded":
        raise Problem(f"There is no target {name}; use embedded.")
