"""Ending what earlier runs left behind, by their records."""

from __future__ import annotations

from collections.abc import Mapping

from harness.account.ending import Ending, end_run, stack_of
from harness.account.identity import CallerIdentity
from harness.account.leftovers import not_looked_for
from harness.account.runs import Run, Runs
from harness.account.terraform import AccountTerraform
from harness.problem import Problem
from harness.provision.stack_packages import make_packages_for
from harness.provision.workspace import read_json


def why_left_alone(run: Run, identity: CallerIdentity) -> str | None:
    """Why a recorded run is not to be swept by these credentials; None where it is."""
    if run.goes_on():
        return f"still runs (pid {run.pid})"
    if not run.is_of(identity):
        return "was made elsewhere than where the ambient credentials lead"
    return None


def sweep(runs: Runs, run: Run, environ: Mapping[str, str]) -> Ending:
    """End a run that crashed: by its Terraform state where there is one, then by its names and its tag."""
    if not run.applying:
        runs.forget(run)
        return Ending()
    stack = stack_of(run)
    terraform, trouble = None, None
    if _has_resources(runs, run):
        if stack is None:
            trouble = f"its Terraform folder {run.stack} is gone, and its state names resources"
        else:
            try:
                make_packages_for(stack, runs.workspace.root)
                terraform = AccountTerraform.find(runs, run, stack, environ)
            except Problem as problem:
                trouble = problem.sentence
    stateless = read_json(runs.state(run)) is None  # before the end, which may remove the record
    ending = end_run(runs, run, terraform, trouble)
    ending.not_looked_for = not_looked_for(run) if stateless else []
    return ending


def _has_resources(runs: Runs, run: Run) -> bool:
    return bool((read_json(runs.state(run)) or {}).get("resources"))
