"""`harness status` and `harness logs`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Port, default_port, target_on
from harness.cli.show import console
from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets.admin import Admin, AdminError
from harness.targets.instance import Instance, emulator_log, running_instance, shown_place
from harness.targets.kept import kept_at
from harness.targets.localstack.target import LocalStackTarget

_FOLLOW_SECONDS = 0.2


def status() -> None:
    """Show the emulators that run, with their stacks."""
    workspace = Workspace.find()
    instances = [running_instance(workspace, port) for port in workspace.known_ports()]
    running = [instance for instance in instances if instance is not None]
    if not running:
        console.print("nothing is running; start it: harness up")
    for instance in running:
        console.print(_line(instance))
        for stack, key in instance.stacks.items():
            console.print(f"    {stack}{'' if key else '  (its last apply failed)'}")
        for line in kept_at(instance.endpoint_url):
            console.print(f"    {line}", highlight=False, markup=False)


def logs(
    port: Port = default_port,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
) -> None:
    """Print the emulator's log, or those of its containers."""
    workspace = Workspace.find()
    target = target_on(workspace, port)
    if isinstance(target, LocalStackTarget):
        raise typer.Exit(target.logs(follow))
    path = emulator_log(workspace, port)
    if not path.is_file():
        raise Problem(f"There is no log of an emulator on port {port}; start one: harness up --port {port}.")
    try:
        _print_log(path, follow)
    except (KeyboardInterrupt, BrokenPipeError):
        pass


def _line(instance: Instance) -> str:
    try:
        health = Admin(instance.endpoint_url).health()
    except AdminError:
        return (
            f"port {instance.port}  {shown_place(instance)}  does not answer; "
            f"stop it: harness down --port {instance.port}"
        )
    minutes, seconds = divmod(int(time.time() - instance.started), 60)
    parts = [
        f"port {instance.port}",
        shown_place(instance),
        str(health.get("status", "unknown")),
        f"up {minutes} min {seconds} s",
        f"{instance.settings.clock} clock",
    ]
    if instance.settings.state_dir:
        parts.append(f"state in {instance.settings.state_dir}")
    return "  ".join(parts)


def _print_log(path: Path, follow: bool) -> None:
    """Print the file; with `follow` go on as it grows, and start again when a new emulator truncated it."""
    position = 0
    while True:
        if path.stat().st_size < position:
            position = 0
        with path.open("rb") as log:
            log.seek(position)
            content = log.read()
        position += len(content)
        sys.stdout.write(content.decode(errors="replace"))
        sys.stdout.flush()
        if not follow:
            return
        time.sleep(_FOLLOW_SECONDS)
