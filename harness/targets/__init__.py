"""Where tests, drills and stacks run: the embedded emulator, an endpoint, LocalStack, or a real AWS account, behind one
protocol (`target.py`) and one table of what each can do (`capabilities.py`)."""

from __future__ import annotations

from harness.targets.capabilities import (
    AWS,
    CAPABILITIES,
    DEFAULT_TARGET,
    EMBEDDED,
    LOCALSTACK,
    Capability,
    lacks,
    needed_for,
    refuse_unknown_target,
)
from harness.targets.target import Target

__all__ = [
    "AWS",
    "CAPABILITIES",
    "DEFAULT_TARGET",
    "EMBEDDED",
    "LOCALSTACK",
    "Capability",
    "Target",
    "lacks",
    "needed_for",
    "refuse_unknown_target",
]
