"""`harness snapshot`: keep the emulator's whole state under a name, and bring it back."""

from __future__ import annotations

import datetime
import re
from typing import Annotated

import typer

from harness.cli.options import Port, default_port, running_target
from harness.cli.show import console
from harness.problem import Problem

Name = Annotated[str, typer.Argument(help="Name of the snapshot.")]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_WARM_PREFIX = "warm-"


def save(name: Name, port: Port = default_port) -> None:
    """Save the state."""
    running_target(port).admin.save_snapshot(_checked(name))
    console.print(f"saved {name}")


def load(name: Name, port: Port = default_port) -> None:
    """Restore a saved state. Terraform's state files are not part of it."""
    running_target(port).admin.restore_snapshot(_checked(name))
    console.print(f"restored {name}")


def list_snapshots(port: Port = default_port) -> None:
    """List the saved states, without those of the warm start."""
    snapshots = [each for each in running_target(port).admin.snapshots() if not each["name"].startswith(_WARM_PREFIX)]
    if not snapshots:
        console.print("no snapshots")
    for each in snapshots:
        created = datetime.datetime.fromtimestamp(each["created"]).isoformat(sep=" ", timespec="seconds")
        console.print(f"{each['name']:<30} {each['bytes']:>12,} bytes  {created}")


def remove(name: Name, port: Port = default_port) -> None:
    """Delete a saved state."""
    running_target(port).admin.delete_snapshot(_checked(name))
    console.print(f"deleted {name}")


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or name.startswith(_WARM_PREFIX):
        raise Problem(
            f"{name!r} cannot name a snapshot: use letters, digits, dots, dashes and underscores, "
            f"and do not begin with {_WARM_PREFIX}"
        )
    return name
