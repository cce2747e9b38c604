"""The suite on a real AWS account: the stack planned, applied once, destroyed at the end (docs/aws.md)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.account.estimate import planned
from harness.account.identity import CallerIdentity, who_am_i
from harness.account.runs import Runs, new_run_id
from harness.account.terraform import AccountTerraform, check_plan
from harness.json_object import Json
from harness.problem import Problem
from harness.provision.stack import Stack, resolve_stack
from harness.provision.stack_packages import make_packages_for
from harness.provision.workspace import Workspace
from harness.targets.aws import AccountTarget
from harness.testing.options import CONFIRMATION, Options
from harness.testing.suite import Suite

UNCONFIRMED = f"Nothing was made; to go ahead, say {CONFIRMATION}."


@contextmanager
def account(options: Options) -> Iterator[Suite]:
    """The stack on the account, until the tests are done. Raises Problem, also where something may be left."""
    if not options.confirmed:
        raise Problem(UNCONFIRMED)
    target = kept(options) or prepare(options, who_am_i())[0]
    try:
        target.start()
        target.remember()
        yield Suite(target, None, outputs=target.terraform.outputs())
    except BaseException as error:  # Ctrl-C during an apply as well
        try:
            target.stop()
        except Problem as left:
            if isinstance(error, Problem):
                raise Problem(f"{error.sentence} {left.sentence}", f"{error.detail}\n\n{left.detail}") from None
            error.add_note(left.sentence)
        raise
    target.stop()


def prepare(options: Options, identity: CallerIdentity) -> tuple[AccountTarget, Json]:
    """Plan the options' stack for this account; returns the plan as well. Only reads. Raises Problem."""
    workspace = Workspace(options.root)
    stack = _stack(options, workspace)
    make_packages_for(stack, options.root)
    runs = Runs(workspace)
    run = runs.begin(options.run or new_run_id(), identity, stack.folder)
    try:
        terraform = AccountTerraform.find(runs, run, stack, os.environ)
        plan = terraform.plan()
        check_plan(plan, run)
        run = replace(run, types=tuple(sorted({kind for kind, _ in planned(plan)})))
        runs.save(run)
        return AccountTarget(runs, run, replace(terraform, run=run)), plan
    except BaseException:
        runs.forget(run)
        raise


def kept(options: Options) -> AccountTarget | None:
    """What was prepared for this run before its tests began."""
    runs = Runs(Workspace(options.root))
    for run in runs.all():
        if run.id == options.run:
            return AccountTarget(runs, run, AccountTerraform.find(runs, run, Stack(Path(run.stack)), os.environ))
    return None


def _stack(options: Options, workspace: Workspace) -> Stack:
    if options.stack is None:
        raise Problem("The target aws needs a Terraform stack: --harness-stack PATH, or harness_stack in pytest.ini.")
    stack = resolve_stack(workspace, options.stack)
    if stack.is_empty():
        raise Problem(f"{stack.folder} holds no *.tf file; name another stack with --harness-stack.")
    if stack.has_remote_backend:
        raise Problem(
            f"{stack.folder} keeps its state in a remote backend, which a test run must not touch; name a stack "
            "without one with --harness-stack (the same modules below a root of its own)."
        )
    if not stack.declares("name_prefix"):
        raise Problem(
            f'{stack.folder} declares no variable "name_prefix"; the target aws needs it before every name, so that a '
            "run can be told from all else on the account."
        )
    return stack
