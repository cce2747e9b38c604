"""The full stack, applied once by the real tflocal and then restored from a snapshot by whoever needs it.

Everything lies in the suite's own folder (`.harness/tests/`), apart from the emulators that the developer runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.problem import Problem
from harness.provision.mirror import find_provider_source
from harness.provision.package import package_lambdas
from harness.provision.stack import resolve_stack, state_outputs
from harness.provision.terraform_binary import download_terraform, find_terraform
from harness.provision.tflocal import StackRunner
from harness.provision.warm import WarmInputs, WarmStore
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets.embedded import EmbeddedTarget

ROOT = Path(__file__).parents[2]
SEED = 7
# Given to Terraform as the endpoint of printed URLs: the same on every port, so that a plan on another port is empty.
INVOKE_BASE = "http://emulator.test"

_NOT_OURS = ("AWS_", "TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE")
# What `terraform init` says when it cannot get the provider, in contrast to a mistake in the configuration.
_NO_PROVIDER = ("Failed to query available provider packages", "Failed to install provider", "registry")


class Unobtainable(Exception):
    """Terraform or its provider cannot be had on this machine; the text says why."""


@dataclass(frozen=True)
class SuiteRunner(StackRunner):
    """tflocal with its state in `state` and its working data shared by the whole suite.

    It takes the lock of the developer's workspace: the stack's folder belongs to one run at a time.
    """

    state: Path = field(kw_only=True)
    data: Path = field(kw_only=True)

    @property
    def state_file(self) -> Path:
        return self.state

    @property
    def data_folder(self) -> Path:
        return self.data

    def environment(self) -> dict[str, str]:
        return super().environment() | {"TF_VAR_endpoint_url": INVOKE_BASE}

    def plan(self) -> tuple[int, str]:
        """`plan -detailed-exitcode`: 0 without changes, 2 with some; and what it printed."""
        with self._folder():
            finished = self._run(["plan", "-input=false", "-no-color", "-detailed-exitcode", *self._common()])
        return finished.code, "\n".join(line for line in finished.lines if "Refreshing state..." not in line)

    def with_own_state(self, folder: Path, **variables: str) -> SuiteRunner:
        """The same stack with a copy of the state, for a run that changes it; and with other variables.

        Without the refresh, which a plan shows to find nothing.
        """
        state = folder / "full.tfstate"
        shutil.copyfile(self.state, state)
        given = {f"TF_VAR_{name}": value for name, value in variables.items()}
        quick = {f"TF_CLI_ARGS_{command}": "-refresh=false" for command in ("apply", "destroy")}
        environ = {**self.environ, **given, **quick}
        return replace(self, state=state, environ=environ)


@dataclass(frozen=True)
class Provisioned:
    """An emulator that holds the full stack. `snapshot` brings it back to the moment after the apply."""

    target: EmbeddedTarget
    snapshot: str
    runner: SuiteRunner

    def outputs(self) -> dict[str, Any]:
        return state_outputs(self.runner.state_file)


def suite_workspace() -> Workspace:
    return Workspace(ROOT / ".harness" / "tests")


def environment() -> dict[str, str]:
    """The developer's environment without what would change the apply or reach a real account."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}


@contextlib.contextmanager
def provisioned() -> Iterator[Provisioned]:
    """An emulator process of one's own with manual time and the full stack: from the warm start, else by an apply.

    Workers wait for one another here, so that one of them applies and the others restore. Raises Unobtainable, and
    Problem when the apply fails.
    """
    workspace = suite_workspace()
    target = EmbeddedTarget(workspace, 0, "manual", SEED)
    target.start()
    try:
        with workspace.lock("the full stack"), _once_per_run(workspace):
            result = _provision(workspace, target, environment())
        yield result
    finally:
        target.stop()


def forget_files(target: EmbeddedTarget) -> None:
    """Remove the log and the Terraform state of an emulator that has ended."""
    shutil.rmtree(target.workspace.instance(target.port), ignore_errors=True)


def _provision(workspace: Workspace, target: EmbeddedTarget, environ: Mapping[str, str]) -> Provisioned:
    project = Workspace(ROOT)
    stack = resolve_stack(project, "full")
    try:
        terraform = find_terraform(project, environ) or download_terraform(project)
        providers = find_provider_source(project, stack.folder, environ)
    except Problem as problem:
        raise Unobtainable(problem.sentence) from None
    package_lambdas(ROOT / "lambdas", ROOT / "build" / "lambdas")
    runner = SuiteRunner(
        project,
        stack,
        target.endpoint_url,
        terraform,
        providers,
        environ,
        state=workspace.instance(target.port) / "full.tfstate",
        data=workspace.home / "terraform" / "full",
    )
    inputs = WarmInputs.read(project, stack, terraform, environ, {"clock": target.clock, "seed": str(target.seed)})
    store = WarmStore(workspace)
    if not store.has(inputs.key()) or store.restore(inputs.key(), target.admin, runner.state_file) is not None:
        _init(runner)
        runner.apply()
        store.save(inputs.key(), target.admin, runner.state_file)
    elif not runner.outputs():
        raise Problem("The warm start holds a Terraform state without outputs.")
    return Provisioned(target, f"warm-{inputs.key()}", runner)


def _init(runner: SuiteRunner) -> None:
    try:
        runner.init()
    except Problem as problem:
        if any(sign in problem.detail for sign in _NO_PROVIDER):
            raise Unobtainable(f"{problem.sentence} {problem.detail}") from None
        raise


@contextlib.contextmanager
def _once_per_run(workspace: Workspace) -> Iterator[None]:
    """What failed for one worker of a parallel run fails at once for the others, without a further attempt."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    record = workspace.home / "failed-run.json"
    before = read_json(record) or {}
    if run is not None and before.get("run") == run:
        if before["unobtainable"]:
            raise Unobtainable(before["sentence"])
        raise Problem(before["sentence"], before["detail"])
    try:
        yield
    except (Unobtainable, Problem) as error:
        content = {
            "run": run,
            "unobtainable": isinstance(error, Unobtainable),
            "sentence": error.sentence if isinstance(error, Problem) else str(error),
            "detail": error.detail if isinstance(error, Problem) else "",
        }
        write_atomically(record, json.dumps(content))
        raise
