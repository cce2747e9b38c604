"""`harness clock`: show the emulator's clock, advance it, or run until nothing is in flight."""

from __future__ import annotations

import datetime
from typing import Annotated

import typer

from harness.cli.options import Port, default_port, running_target
from harness.cli.show import console
from harness.json_object import Json
from harness.problem import Problem


def show(port: Port = default_port) -> None:
    """Show mode, rate and time."""
    _show(running_target(port).admin.clock())


def advance(
    seconds: Annotated[float, typer.Argument(min=0, help="Seconds of the emulator's time.")], port: Port = default_port
) -> None:
    """Advance a manual clock."""
    _show(running_target(port).admin.advance(seconds))


def settle(
    port: Port = default_port,
    max_seconds: Annotated[float, typer.Option(min=0, help="Most seconds of the emulator's time to run.")] = 7
    * 86400.0,
) -> None:
    """Run until no record is in flight: buffers flushed, retries ended, functions done."""
    result = running_target(port).admin.settle(max_seconds)
    if not result.get("settled"):
        stuck = ", ".join(result.get("stuck", [])) or "unknown"
        raise Problem(f"Not settled after {result.get('elapsed', 0):.1f} s; still in flight: {stuck}.")
    console.print(f"settled after {result.get('elapsed', 0):.1f} s of the emulator's time")


def _show(clock: Json) -> None:
    now = datetime.datetime.fromtimestamp(clock["now"], datetime.UTC).isoformat(timespec="milliseconds")
    rate = f" x{clock['rate']:g}" if clock["mode"] == "scaled" else ""
    console.print(f"{clock['mode']}{rate}  {now}")
