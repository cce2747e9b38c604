"""`harness sweep`: what runs on AWS left behind."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.account.identity import who_am_i
from harness.account.runs import Runs
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
    recorded = list(runs.all())
    if not recorded:
        console.print("nothing is recorded: no run on AWS left anything behind")
        return
    identity = who_am_i()
    console.print(f"the ambient credentials are those of {identity.describe()}")
    chosen = []
    for run in recorded:
        why_not = why_left_alone(run, identity)
        console.print(f"{run.describe()}{f': left alone, it {why_not}' if why_not else ''}")
        if why_not is None:
            chosen.append(run)
    if not chosen:
        return
    if not yes and not (sys.stdin.isatty() and typer.confirm("Remove what they left?")):
        console.print("nothing was removed; to remove it: harness sweep --yes")
        return
    kept = 0
    for run in chosen:
        ending = sweep_run(runs, run, environment())
        for text in ending.removed:
            console.print(f"  removed {text}")
        for text in ending.troubles:
            console.print(f"  {text}")
        console.print(f"{run.id}: {'not all of it is gone' if ending.troubles else 'nothing is left'}")
        kept += bool(ending.troubles)
    if kept:
        raise Problem(f"{kept} of {len(chosen)} runs may still have something on AWS; their records are kept.")
