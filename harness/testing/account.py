"""A real AWS account as the target of tests: the stack applied once under a prefix of its own, destroyed at the end.

Everything is real: time, money, and what a crash leaves behind (`harness sweep`). docs/aws.md tells how to use it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.account.ending import end_run
from harness.account.estimate import planned
from harness.account.identity import Identity, who_am_i
from harness.account.runs import Run, Runs, new_run_id
from harness.account.terraform import AccountTerraform, check_plan
from harness.json_object import Json
from harness.ledger import ByPolling, Settle
from harness.problem import Problem
from harness.provision.stack import Stack, resolve_stack
from harness.provision.stack_packages import make_packages_for
from harness.provision.workspace import Workspace
from harness.targets.admin import Admin
from harness.testing.account_contents import Contents
from harness.testing.aws import Aws
from harness.testing.options import CONFIRMATION, Options

UNCONFIRMED = f"Nothing was made; to go ahead, say {CONFIRMATION}."
_WAIT_SECONDS = 900.0
_QUIET_SECONDS = 30.0
_INTERVAL_SECONDS = 5.0


@dataclass(frozen=True)
class Prepared:
    """A run with its plan kept; nothing is made yet."""

    runs: Runs
    run: Run
    terraform: AccountTerraform


@dataclass
class SuiteAccount:
    """The account during a test run."""

    aws: Aws
    run: Run
    outputs: Json | None
    contents: Contents

    name = "aws"
    capabilities: frozenset[str] = frozenset()
    admin: Admin | None = None
    seed: int | None = None
    log: Path | None = None
    _used: bool = False

    def clean(self) -> None:
        """Empty the stack's buckets, tables and queues. What is on its way somewhere cannot be called back."""
        if self._used:
            self.contents.empty()
        self._used = True

    def now(self) -> float:
        return time.time()

    def settle(self, seconds: float | None) -> Settle:
        """By reading again and again, for as long as the test declared."""
        bound = _WAIT_SECONDS if seconds is None else seconds
        return ByPolling(bound, min(_QUIET_SECONDS, bound / 4), min(_INTERVAL_SECONDS, bound / 20))

    def owns(self, name: str) -> bool:
        return name.startswith(self.run.prefix)

    def log_size(self) -> int:
        return 0

    def log_since(self, position: int) -> str:
        return ""

    def forget(self) -> None:
        """The record goes when the account is clean, not when the tests pass."""


@contextmanager
def account(options: Options) -> Iterator[SuiteAccount]:
    """The stack on the account, until the tests are done. Raises Problem, also where something may be left."""
    if not options.confirmed:
        raise Problem(UNCONFIRMED)
    prepared = kept(options) or prepare(options, who_am_i())[0]
    runs, terraform = prepared.runs, prepared.terraform
    run = runs.applying(prepared.run)
    try:
        terraform.apply()
        aws = Aws(None, run.region)
        contents = Contents.of(aws.client, terraform.resources(), run.prefix)
        yield SuiteAccount(aws, run, terraform.outputs(), contents)
    except BaseException as error:  # Ctrl-C during an apply as well
        left = _end(prepared.runs, run, terraform)
        if left is not None and isinstance(error, Problem):
            raise Problem(f"{error.sentence} {left.sentence}", f"{error.detail}\n\n{left.detail}") from None
        if left is not None:
            error.add_note(left.sentence)
        raise
    left = _end(prepared.runs, run, terraform)
    if left is not None:
        raise left


def prepare(options: Options, identity: Identity) -> tuple[Prepared, Json]:
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
        return Prepared(runs, run, replace(terraform, run=run)), plan
    except BaseException:
        runs.forget(run)
        raise


def kept(options: Options) -> Prepared | None:
    """What was prepared for this run before its tests began."""
    runs = Runs(Workspace(options.root))
    for run in runs.all():
        if run.id == options.run:
            return Prepared(runs, run, AccountTerraform.find(runs, run, Stack(Path(run.stack)), os.environ))
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


def _end(runs: Runs, run: Run, terraform: AccountTerraform) -> Problem | None:
    """Destroy and sweep; returns what to say where something may be left."""
    try:
        ending = end_run(runs, run, terraform)
    except BaseException as error:  # a second Ctrl-C: the record stays
        error.add_note(_left(run))
        raise
    return Problem(_left(run), "\n".join(ending.troubles)) if ending.troubles else None


def _left(run: Run) -> str:
    return f"Run {run.id} may have left something in account {run.account}: harness sweep."
