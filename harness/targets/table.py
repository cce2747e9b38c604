"""Which class stands behind a target's name: for commands, which find later what they started; for tests and drills,
which have one of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets.capabilities import EMBEDDED, LOCALSTACK
from harness.targets.embedded import EmbeddedTarget
from harness.targets.localstack.compose import ComposeTarget
from harness.targets.localstack.pair import PairTarget
from harness.targets.settings import AS_USUAL, EmulatorSettings
from harness.targets.target import Target


def kept_target(name: str, workspace: Workspace, port: int, settings: EmulatorSettings = AS_USUAL) -> Target:
    """On a port of this machine; `start` keeps its record there, which outlives the command."""
    kind = ComposeTarget if name == LOCALSTACK else EmbeddedTarget
    return kind(workspace, port, settings)


@contextmanager
def own_target(name: str, workspace: Workspace, settings: EmulatorSettings) -> Iterator[Target]:
    """Started, and ended with the block. Raises Problem where it does not start, or where none of that name can be had
    for oneself. Its log is kept until `forget`."""
    target: Target
    if name == EMBEDDED:
        target = EmbeddedTarget(workspace, 0, settings)
    elif name == LOCALSTACK:
        target = PairTarget(workspace, settings)
    else:
        raise Problem(f"There is nothing to start on {name}.")
    target.start()
    try:
        yield target
    finally:
        target.stop()
