"""Options that several commands share."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from harness.problem import Problem
from harness.provision.workspace import DEFAULT_PORT, Workspace
from harness.targets import DEFAULT_TARGET, Target
from harness.targets.instance import load_instance, running_instance
from harness.targets.table import kept_target

Port = Annotated[
    int, typer.Option("--port", "-p", envvar="HARNESS_PORT", min=1, max=65535, help="Port of the emulator.")
]
default_port = DEFAULT_PORT


def running_target(port: int) -> Target:
    """The emulator that runs on the port. Raises Problem when none does."""
    workspace = Workspace.find()
    if running_instance(workspace, port) is None:
        others = [other for other in workspace.known_ports() if running_instance(workspace, other)]
        hint = f"running on: {', '.join(map(str, others))}" if others else "start it: harness up"
        raise Problem(f"No emulator of this folder runs on port {port} ({hint}).")
    return target_on(workspace, port)


def target_on(workspace: Workspace, port: int, wanted: str = DEFAULT_TARGET) -> Target:
    """What runs on the port, or ran there last; without a record `wanted`."""
    recorded = load_instance(workspace, port)
    return kept_target(recorded.target if recorded is not None else wanted, workspace, port)


def environment() -> dict[str, str]:
    return dict(os.environ)
