"""`harness drill`: named failures played through in virtual time, with a verdict."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.show import console
from harness.problem import Problem
from harness.provision.workspace import Workspace, write_atomically
from harness.targets import DEFAULT_TARGET, refuse_unknown_target

if TYPE_CHECKING:
    from harness.drills import Drill, Result, Results

Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Makes loads and random choices; the same seed, the same run.")
]
Html = Annotated[Path | None, typer.Option("--report", help="Write the report as one HTML file.")]
JsonReport = Annotated[Path | None, typer.Option("--json", help="Write the report as JSON.")]
Junit = Annotated[Path | None, typer.Option("--junit", help="Write the report as JUnit XML.")]
On = Annotated[str, typer.Option("--target", help="Where to play them: embedded, or localstack (containers).")]

_DEFAULT_SEED = 7
_SHOWN_REASONS = 5


def list_drills() -> None:
    """List the drills: name, system, what happens."""
    from harness.drills import all_drills

    for drill in all_drills():
        console.print(f"{drill.name:<36} {drill.system:<16} {drill.title}")


def run(
    names: Annotated[list[str], typer.Argument(help="Names of drills.")],
    seed: Seed = _DEFAULT_SEED,
    report: Html = None,
    json: JsonReport = None,
    junit: Junit = None,
    target: On = DEFAULT_TARGET,
) -> None:
    """Run drills by name; exit code 1 unless all that the target can play pass."""
    from harness.drills import drills_named

    _run(drills_named(names), seed, target, report, json, junit)


def run_all(
    seed: Seed = _DEFAULT_SEED,
    report: Html = None,
    json: JsonReport = None,
    junit: Junit = None,
    target: On = DEFAULT_TARGET,
    show: Annotated[bool, typer.Option("--open", help="Open the HTML report, where there is a screen.")] = False,
) -> None:
    """Run every drill; exit code 1 unless all that the target can play pass."""
    from harness.drills import all_drills

    _run(all_drills(), seed, target, report, json, junit, show)


def _run(
    drills: Sequence[Drill],
    seed: int,
    target: str,
    html: Path | None,
    as_json: Path | None,
    junit: Path | None,
    show: bool = False,
) -> None:
    from harness.drills import run_drills
    from harness.drills.reports import as_html, as_junit
    from harness.drills.reports import as_json as json_form

    refuse_unknown_target(target)
    results = run_drills(drills, seed, Workspace.find(), _tell, target)
    for path, render in ((html, as_html.render), (as_json, json_form.render), (junit, as_junit.render)):
        if path is not None:
            try:
                write_atomically(path, render(results))
            except OSError as error:
                raise Problem(f"{path} cannot be written: {error.strerror}.") from None
    _summarise(results)
    if html is not None:
        console.print(f"report: {html.resolve().as_uri()}")
        if show and _has_screen():
            webbrowser.open(html.resolve().as_uri())
    if not results.passed:
        raise typer.Exit(1)


def _has_screen() -> bool:
    """Without one, a text browser might take the terminal over."""
    windowed = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return windowed and console.is_terminal


def _tell(result: Result) -> None:
    from harness.drills.reports.spans import span

    word = result.verdict.word
    style = {"pass": "green", "fail": "bold red", "skipped": "dim"}.get(word, "bold yellow")
    console.print(f"{word:<8}", style=style, end="")
    if result.skipped:
        console.print(f"{result.drill.name:<36} {'; '.join(result.verdict.reasons)}")
        return
    times = f"{span(result.virtual_seconds):>9} in {result.real_ms:5.0f} ms"
    console.print(f"{result.drill.name:<36} {times}  {_fates(result)}".rstrip())
    for reason in result.verdict.reasons[:_SHOWN_REASONS]:
        console.print(f"        because {reason}")
    if len(result.verdict.reasons) > _SHOWN_REASONS:
        console.print(f"        … and {len(result.verdict.reasons) - _SHOWN_REASONS} more reasons")
    if not result.passed:
        console.print(f"        again: {result.reproduce}")


def _fates(result: Result) -> str:
    if result.report is None:
        return ""
    return ", ".join(f"{count} {fate}" for fate, count in sorted(result.report.fates.items()))


def _summarise(results: Results) -> None:
    from harness.drills.reports.spans import span

    counts = ", ".join(f"{count} {word}" for word, count in results.words.items())
    console.print(
        f"{len(results.results)} drills: {counts}; {span(results.virtual_seconds)} of virtual time in "
        f"{results.real_seconds:.1f} s ({results.simulated_per_second:,.0f} simulated seconds per second), "
        f"seed {results.seed}"
    )
