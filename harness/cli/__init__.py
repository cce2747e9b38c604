"""The `harness` command."""

from __future__ import annotations

import typer

from harness.cli import clock, doctor, drill, faults, look, parity, replay, send, snapshot, sweep, token, trace, up
from harness.cli.ending import reported


def _group(summary: str) -> typer.Typer:
    return typer.Typer(help=summary, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


app = _group("A local AWS for streaming pipelines.")
app.command()(reported(up.up))
app.command()(reported(up.down))
app.command()(reported(look.status))
app.command()(reported(look.logs))
app.command()(reported(doctor.doctor))
app.command()(reported(send.send))
app.command()(reported(replay.replay))
app.command()(reported(trace.trace))
app.command()(reported(token.token))
app.command()(reported(parity.parity))
app.command()(reported(sweep.sweep))

_clock = _group("Show the emulator's clock, advance it, or run until nothing is in flight.")
_clock.command()(reported(clock.show))
_clock.command()(reported(clock.advance))
_clock.command()(reported(clock.settle))
app.add_typer(_clock, name="clock")

_snapshot = _group("Keep the emulator's whole state under a name, and bring it back.")
_snapshot.command()(reported(snapshot.save))
_snapshot.command()(reported(snapshot.load))
_snapshot.command("list")(reported(snapshot.list_snapshots))
_snapshot.command("rm")(reported(snapshot.remove))
app.add_typer(_snapshot, name="snapshot")

_faults = _group("Make things go wrong by rules (docs/faults.md), and see what they hit.")
_faults.command("list")(reported(faults.list_faults))
_faults.command()(reported(faults.add))
_faults.command()(reported(faults.clear))
app.add_typer(_faults, name="faults")

_drill = _group("Play failures through in virtual time, and prove where every record ended (docs/drills.md).")
_drill.command("list")(reported(drill.list_drills))
_drill.command()(reported(drill.run))
_drill.command("all")(reported(drill.run_all))
app.add_typer(_drill, name="drill")
