"""Where a suite runs: the embedded emulator, LocalStack, or a real AWS account, behind one small protocol.

What a target can do beyond AWS's own APIs is told in words, its capabilities: `clock` (time that a test moves),
`faults`, `sinks` (HTTP endpoints that record), `trace`, `snapshots`, `reset`, `containers`.
"""

from __future__ import annotations

from typing import Any, Protocol

from harness.problem import Problem
from harness.targets.instance import Instance

__all__ = ["ACCOUNT_TARGET", "DEFAULT_TARGET", "TARGETS", "Target", "refuse_unknown_target"]

TARGETS = ("embedded", "localstack", "aws")
DEFAULT_TARGET = "embedded"
ACCOUNT_TARGET = "aws"


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
        """What it can do beyond AWS's own APIs."""


def refuse_unknown_target(name: str) -> None:
    """Raise Problem unless there is a target of that name."""
    if name not in TARGETS:
        raise Problem(f"There is no target {name}; use {', '.join(TARGETS[:-1])} or {TARGETS[-1]}.")
