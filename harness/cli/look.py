"""`harness status` and `harness logs`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from harness.cli.options import Port, default_port, target_on
from harness.cli.show import console
from harness.provision.workspace import Workspace
from harness.targets.admin import Admin, AdminError
from harness.targets.instance import Instance, running_instance, shown_place
from harness.targets.kept import kept_at


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
    raise typer.Exit(target_on(Workspace.find(), port).print_log(follow))


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
