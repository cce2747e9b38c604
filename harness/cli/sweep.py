"""`harness sweep`: what runs on AWS left behind."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.account.ending import Ending
from harness.account.identity import who_am_i
from harness.account.runs import RUN_TAG, Run, Runs
from harness.account.sweep import sweep as sweep_run
from harness.account.sweep import why_left_alone
from harness.cli.options import environment
from harness.cli.show import console
from harness.problem import Problem
from harness.provision.workspace import Workspace


def sweep(
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
) -> None:
    """List runs on AWS that left something behind, and remove it: by Terraform's state, then by names and tags."""
    runs = Runs(Workspace.find())
    recorded, unreadable = list(runs.all()), list(runs.unreadable())
    if not recorded and not unreadable:
        console.print("nothing is recorded: no run on AWS left anything behind")
        return
    kept = _sweep(runs, recorded, yes) if recorded else ""
    # Told last, but told: a record that nobody heeds is a bill that goes on.
    unknown = "".join(
        f"{path} cannot be read, so what its run left is not known: look for the tag {RUN_TAG} in AWS's tag editor, "
        "then remove the folder. "
        for path in unreadable
    )
    if kept or unknown:
        raise Problem(f"{kept} {unknown}".strip())


def _sweep(runs: Runs, recorded: list[Run], yes: bool) -> str:
    """Returns a sentence where something may be left."""
    identity = who_am_i()
    console.print(f"the ambient credentials are those of {identity.describe()}")
    chosen = []
    for run in recorded:
        why_not = why_left_alone(run, identity)
        console.print(f"{run.describe()}{f': left alone, it {why_not}' if why_not else ''}")
        if why_not is None:
            chosen.append(run)
    if not chosen:
        return ""
    if not yes and not (sys.stdin.isatty() and typer.confirm("Remove what they left?")):
        console.print("nothing was removed; to remove it: harness sweep --yes")
        return ""
    kept = 0
    for run in chosen:
        ending = sweep_run(runs, run, environment())
        for text in ending.removed:
            console.print(f"  removed {text}")
        for text in ending.troubles:
            console.print(f"  {text}")
        console.print(f"{run.id}: {_outcome(run, ending)}")
        kept += bool(ending.troubles)
    return f"{kept} of {len(chosen)} runs may still have something on AWS; their records are kept." if kept else ""


def _outcome(run: Run, ending: Ending) -> str:
    if ending.troubles:
        return "not all of it is gone"
    if ending.not_looked_for:
        return (
            f"nothing is left of what can be found without Terraform's state; not looked for: "
            f"{', '.join(ending.not_looked_for)} (AWS's tag editor: {RUN_TAG} = {run.id})"
        )
    return "nothing is left"
