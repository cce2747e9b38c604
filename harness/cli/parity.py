"""`harness parity`: what one target can show that another cannot, operation by operation."""

from __future__ import annotations

import json as json_form
import os
import shutil
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.show import console
from harness.parity.outcome import FAIL, NO_ANSWER
from harness.problem import Problem
from harness.provision.workspace import Workspace, write_atomically
from harness.targets import EMBEDDED

if TYPE_CHECKING:
    from harness.parity.comparison import Comparison
    from harness.parity.outcome import Run
    from harness.parity.suite import Suite
    from harness.targets.endpoint import EndpointTarget

TERMINATED = 143
_MOST_WORKERS = 4
_SHOWN_FAILURES = 10


def parity(
    a: Annotated[str, typer.Option("--a", help="embedded, localstack, or the URL of an endpoint.")] = "embedded",
    b: Annotated[str, typer.Option("--b", help="The same: the target whose differences are shown.")] = "localstack",
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="PATTERN",
            help="Part of the suite: a file or folder of tests/conformance, or words for pytest's -k. May be repeated.",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show operations that do not differ as well.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write runs and comparison as JSON.")] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes for embedded.  [default: one per processor, up to 4]"),
    ] = None,
) -> None:
    """Run the conformance suite on two targets and show what differs (docs/parity.md). An endpoint named by its URL is
    EMPTIED before every test. Exit code 0 when the comparison could be made, whatever it shows."""
    from harness.parity.suite import Suite
    from harness.parity.targets import check_name, ready

    for name in (a, b):
        check_name(name)
    if json is not None and not json.parent.is_dir():
        raise Problem(f"{json} cannot be written: there is no folder {json.parent}.")
    workspace = Workspace.find()
    suite = Suite.find(workspace.root, only or (), workers or min(os.cpu_count() or 1, _MOST_WORKERS))
    signal.signal(signal.SIGTERM, _terminated)
    with ExitStack() as stack:
        # Both before either runs: minutes later is too late to hear that one is not there.
        chosen = [stack.enter_context(ready(name, workspace)) for name in (a, b)]
        runs = _run_all(suite, chosen, workspace.home / "parity")
    compared = _compare(runs)
    _show(compared, everything)
    if json is not None:
        _write(json, compared)
    for run in runs:
        if run.target == EMBEDDED:
            _refuse_broken_measure(run)


def _run_all(suite: Suite, chosen: list[EndpointTarget | None], home: Path) -> list[Run]:
    """The files of a run are kept where it came to no end: the message names its log."""
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=home))
    runs = []
    for side, target in zip("ab", chosen, strict=True):
        (folder / side).mkdir()
        runs.append(_run(suite, side, target, folder / side))
    shutil.rmtree(folder, ignore_errors=True)
    return runs


def _run(suite: Suite, side: str, target: EndpointTarget | None, folder: Path) -> Run:
    from harness.parity.targets import notes

    name, url = (target.name, target.url) if target is not None else (EMBEDDED, None)
    for note in notes(target) if target is not None else ():
        console.print(f"  {note}")
    console.print(f"  {side} = {name} …")

    def progress(done: int, expected: int) -> None:
        console.print(f"  … {side}  {done}/{expected or '?'} tests")

    run = suite.run(name, url, folder, progress)
    console.print(f"  ✓ {side} = {name}: {len(run.shown)} tests in {run.seconds:.0f} s")
    return run


def _compare(runs: list[Run]) -> Comparison:
    from harness.parity.comparison import compare

    return compare(*runs)


def _show(compared: Comparison, everything: bool) -> None:
    from harness.parity.table import table, totals

    console.print()
    for line in table(compared, everything):
        console.print(line)
    console.print()
    for line in totals(compared):
        console.print(line)


def _write(path: Path, compared: Comparison) -> None:
    from harness.version import VERSION

    try:
        write_atomically(path, json_form.dumps({"version": VERSION, **compared.to_json()}, indent=2) + "\n")
    except OSError as error:
        raise Problem(f"{path} cannot be written: {error.strerror}.") from None


def _refuse_broken_measure(run: Run) -> None:
    """The embedded target is the measure: what it does not pass itself measures nothing. Raises Problem."""
    failed = [f"{shown.test}: {shown.reason}" for shown in run.shown.values() if shown.outcome in (FAIL, NO_ANSWER)]
    if failed:
        raise Problem(
            f"{run.target} does not pass {len(failed)} of its own tests, so they are missing in the comparison.",
            "\n".join(failed[:_SHOWN_FAILURES]),
        )


def _terminated(signum: int, frame: FrameType | None) -> None:
    """Unwind on SIGTERM, so that the suite's process is ended."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(TERMINATED)
