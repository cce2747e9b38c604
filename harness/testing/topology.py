"""The stack that every emulator of a test run starts from: applied once by the real tflocal, kept as a snapshot.

Workers of a parallel run wait for one another, so that one of them applies and the others restore. A later run with
the same inputs restores as well.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.json_object import Json
from harness.problem import Problem
from harness.provision.mirror import find_provider_source
from harness.provision.stack import Stack, resolve_stack, state_outputs
from harness.provision.stack_packages import make_packages_for
from harness.provision.terraform_binary import Terraform, download_terraform, find_terraform
from harness.provision.tflocal import StackRunner
from harness.provision.warm import WarmInputs, WarmStore
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets import Target
from harness.targets.port import port_of
from harness.testing.options import Options
from harness.testing.stack import INVOKE_BASE

_KEPT_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")
# What `terraform init` says when it cannot get the provider, in contrast to a mistake in the configuration.
_NO_PROVIDER = ("Failed to query available provider packages", "Failed to install provider", "registry")


class Unobtainable(Problem):
    """Terraform or its provider cannot be had on this machine; the sentence says why."""


@dataclass(frozen=True)
class SuiteWorkspace(Workspace):
    """The suite's own files, apart from those of the emulators that the developer runs: `.harness/pytest/`."""

    @property
    def home(self) -> Path:
        return self.root / ".harness" / "pytest"


@dataclass(frozen=True)
class SuiteRunner(StackRunner):
    """tflocal with its state in `state` and its working data, in `data`, shared by all workers.

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
        environment = super().environment()
        if self.stack.declares("endpoint_url"):
            environment["TF_VAR_endpoint_url"] = INVOKE_BASE
        return environment


@dataclass(frozen=True)
class Topology:
    """The stack on one emulator. `snapshot` brings it back to the moment after the apply."""

    snapshot: str
    outputs: Json


@dataclass(frozen=True)
class Provisioner:
    """Brings the options' stack onto a fresh emulator."""

    options: Options
    workspace: SuiteWorkspace
    target: Target
    environ: Mapping[str, str]

    def provide(self) -> Topology:
        """From a kept snapshot, else by an apply. Raises Unobtainable, and Problem when the apply fails."""
        failed = self.workspace.home / "failed-run.json"
        with self.workspace.lock("the stack"), once_per_run(failed, self.options.run):
            stack = self.stack()
            terraform = self._terraform()
            make_packages_for(stack, self.options.root)
            instance = self.target.settings.facts()
            inputs = WarmInputs.read(self._project, stack, terraform, self.environ, instance)
            store = WarmStore(self.workspace)
            restored = store.has(inputs.key()) and store.restore(inputs.key(), self.target.admin, self._state) is None
            if not restored:
                runner = self.runner()
                initialise(runner)
                runner.apply()
                store.save(inputs.key(), self.target.admin, self._state)
            return Topology(f"warm-{inputs.key()}", state_outputs(self._state))

    def again(self) -> Topology:
        """On a target that was emptied."""
        return self.provide()

    def stack(self) -> Stack:
        """Raises Problem when there is no such stack, or it is one that tests cannot apply."""
        assert self.options.stack is not None
        stack = resolve_stack(self._project, self.options.stack)
        if stack.is_empty():
            raise Problem(f"{stack.folder} holds no *.tf file; name another stack with --harness-stack.")
        if stack.has_remote_backend:
            raise Problem(
                f"{stack.folder} keeps its state in a remote backend, which tests must not touch; "
                "name a stack without one with --harness-stack (the same modules below a root of its own)."
            )
        return stack

    def runner(self) -> SuiteRunner:
        """Terraform on this emulator's stack. Raises Unobtainable."""
        stack = self.stack()
        terraform = self._terraform()
        try:
            providers = find_provider_source(self._project, stack.folder, self.environ)
        except Problem as problem:
            raise Unobtainable(problem.sentence) from None
        data = self.workspace.home / "terraform" / stack.name
        return SuiteRunner(
            self._project,
            stack,
            self.target.endpoint_url,
            terraform,
            providers,
            self.environ,
            state=self._state,
            data=data,
        )

    @property
    def _project(self) -> Workspace:
        return Workspace(self.options.root)

    @property
    def _state(self) -> Path:
        return self.workspace.instance(port_of(self.target.endpoint_url)) / "stack.tfstate"

    def _terraform(self) -> Terraform:
        try:
            return find_terraform(self._project, self.environ) or download_terraform(self._project)
        except Problem as problem:
            raise Unobtainable(problem.sentence) from None


@contextlib.contextmanager
def once_per_run(record: Path, run: str | None) -> Iterator[None]:
    """What failed for one worker of the parallel run `run` fails at once for the others, without a further attempt.

    `record` is the file that tells them.
    """
    before = read_json(record) or {}
    if run is not None and before.get("run") == run:
        kind = Unobtainable if before["unobtainable"] else Problem
        raise kind(before["sentence"], before["detail"])
    try:
        yield
    except Problem as problem:
        content = {
            "run": run,
            "unobtainable": isinstance(problem, Unobtainable),
            "sentence": problem.sentence,
            "detail": problem.detail,
        }
        write_atomically(record, json.dumps(content))
        raise


def provisioning_environment() -> dict[str, str]:
    """The developer's environment without what could reach a real account; `TF_VAR_*` are the stack's own inputs."""
    return {name: value for name, value in os.environ.items() if name in _KEPT_REGION or not name.startswith("AWS_")}


def initialise(runner: SuiteRunner) -> None:
    """`terraform init`. Raises Unobtainable where the provider cannot be had, and Problem."""
    try:
        runner.init()
    except Problem as problem:
        if any(sign in problem.detail for sign in _NO_PROVIDER):
            raise Unobtainable(problem.sentence, problem.detail) from None
        raise
