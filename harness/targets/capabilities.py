"""The targets by name, and what each can do beyond AWS's own APIs: the one table of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from harness.problem import Problem

EMBEDDED = "embedded"
LOCALSTACK = "localstack"
AWS = "aws"
DEFAULT_TARGET = EMBEDDED


class Capability(StrEnum):
    """The words that tests, drills and reports say."""

    ADMIN = "admin"
    """The admin API, `/_harness/…`."""
    CLOCK = "clock"
    """Time that a test moves."""
    FAULTS = "faults"
    SINKS = "sinks"
    """HTTP endpoints that record."""
    ISSUERS = "issuers"
    """Token issuers that stand for those on the internet."""
    TRACE = "trace"
    SNAPSHOTS = "snapshots"
    """Of the whole state."""
    RESET = "reset"
    """Everything can be forgotten at once."""
    RESTART = "restart"
    """One that was killed starts again with what it had acknowledged."""
    CONTAINERS = "containers"
    """Containers that can be paused, killed, disconnected."""


EDGE = frozenset({Capability.ADMIN, Capability.FAULTS, Capability.SINKS, Capability.ISSUERS, Capability.TRACE})
"""What every emulator of ours has, also one that somebody else started."""
_OURS = EDGE | {Capability.CLOCK, Capability.RESET, Capability.RESTART}
CAPABILITIES: Mapping[str, frozenset[Capability]] = {
    EMBEDDED: _OURS | {Capability.SNAPSHOTS},
    LOCALSTACK: _OURS | {Capability.CONTAINERS},
    AWS: frozenset(),
}
"""Of the targets that are named. What a target at a URL can do is found out (`harness.targets.probe`)."""


def needed_for(path: str) -> Capability:
    """What a path of the admin API, without its prefix, needs: `clock/advance` needs the clock."""
    word = path.partition("/")[0].partition("?")[0]
    return next((capability for capability in Capability if capability == word), Capability.ADMIN)


def lacks(name: str, capability: str, why: str = "") -> str:
    """The sentence with which whatever needs the capability is skipped on the target, which is named or a URL."""
    where = name if "://" in name else f"the target {name}"
    return f"needs {capability}{f' ({why})' if why else ''}, which {where} does not have"


def refuse_unknown_target(name: str) -> None:
    """Raise Problem unless there is a target of that name."""
    if name not in CAPABILITIES:
        *others, last = CAPABILITIES
        raise Problem(f"There is no target {name}; use {', '.join(others)} or {last}.")
