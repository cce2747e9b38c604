"""Options that several commands share."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from harness.problem import Problem
from harness.provision.workspace import DEFAULT_PORT, Workspace
from harness.targets.embedded import EmbeddedTarget

Port = Annotated[
    int, typer.Option("--port", "-p", envvar="HARNESS_PORT", min=1, max=65535, help="Port of the emulator.")
]
default_port = DEFAULT_PORT


def running_target(port: int) -> EmbeddedTarget:
    """The emulator that runs on the port. Raises Problem when none does."""
    workspace = Workspace.find()
    instance = (target := EmbeddedTarget(workspace, port)).running()
    if instance is None:
        others = [other for other in workspace.known_ports() if EmbeddedTarget(workspace, other).running()]
        hint = f"running on: {', '.join(map(str, others))}" if others else "start it: harness up"
        raise Problem(f"No emulator of this folder runs on port {port} ({hint}).")
    return target


def environment() -> dict[str, str]:
    return dict(os.environ)
