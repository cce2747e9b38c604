"""`up`: an emulator on a port with a stack applied to it, whatever was there before."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.problem import Problem
from harness.provision.apply_events import ApplyProgress
from harness.provision.mirror import find_provider_source
from harness.provision.package import PackageError, package_lambdas
from harness.provision.stack import Stack, discard_stale_state, resolve_stack, state_outputs
from harness.provision.terraform_binary import PINNED_VERSION, Terraform, download_terraform, find_terraform
from harness.provision.tflocal import StackRunner
from harness.provision.warm import WarmInputs, WarmStore
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets.admin import AdminError
from harness.targets.embedded import EmbeddedTarget
from harness.targets.instance import Instance

Outcome = Literal["already running", "no stack", "applied", "restored"]


class Step(Protocol):
    """One step that is being shown."""

    def note(self, text: str) -> None:
        """Add what came out of it."""

    def progress(self, progress: ApplyProgress) -> None:
        """Show how far a Terraform run is."""


class Reporter(Protocol):
    """Shows the user what is being done."""

    def step(self, title: str) -> contextlib.AbstractContextManager[Step]:
        """Show a step with its time, from entering to leaving."""

    def say(self, text: str) -> None:
        """Say something worth a line."""


@dataclass(frozen=True)
class UpRequest:
    """What the user asked for. None means: as it is if running, else the default."""

    port: int
    clock: str | None = None
    seed: int | None = None
    stack: str | None = None
    state_dir: Path | None = None
    fresh: bool = False
    iam: str | None = None


@dataclass(frozen=True)
class UpResult:
    """What runs now. `outputs` are the stack's outputs, without sensitive ones."""

    instance: Instance
    stack: Stack | None
    outputs: dict[str, Any]
    outcome: Outcome


@dataclass(frozen=True)
class _Prepared:
    """A stack that is ready to be applied."""

    stack: Stack
    terraform: Terraform
    inputs: WarmInputs


def bring_up(workspace: Workspace, request: UpRequest, environ: Mapping[str, str], reporter: Reporter) -> UpResult:
    """Start the emulator unless it runs, and apply the stack unless it is applied in this version.

    Raises Problem with one clear sentence. An emulator that was started here is stopped again when anything fails.
    """
    with workspace.lock(
        f"port {request.port}", lambda: reporter.say(f"waiting for another command on port {request.port}")
    ):
        target = EmbeddedTarget(
            workspace,
            request.port,
            request.clock or "real",
            request.seed,
            request.state_dir and request.state_dir.resolve(),
            request.iam or "off",
        )
        instance = _running(target, request)
        prepared = _prepare(workspace, request, environ, reporter, target) if request.stack is not None else None
        if instance is not None:
            if prepared is None:
                return UpResult(instance, None, {}, "already running")
            stack = prepared.stack
            if instance.stacks.get(str(stack.folder)) == prepared.inputs.key() and not request.fresh:
                outputs = state_outputs(stack.state_file(workspace, instance.port))
                return UpResult(instance, stack, outputs, "already running")
            return _Provision(workspace, environ, reporter, target, prepared).apply(instance)

        try:
            with reporter.step("start the emulator") as step:
                instance = target.start()
                step.note(f"{target.endpoint_url}, pid {instance.pid}, {instance.clock} clock")
            if prepared is None:
                return UpResult(instance, None, {}, "no stack")
            return _Provision(workspace, environ, reporter, target, prepared).first(instance, request.fresh)
        except BaseException:
            target.stop()
            raise


def _running(target: EmbeddedTarget, request: UpRequest) -> Instance | None:
    """The emulator that runs already. Raises Problem when it is not what was asked for, or does not answer."""
    instance = target.running()
    if instance is None:
        return None
    stop_first = f"stop it first: harness down --port {instance.port}."
    try:
        target.admin.health()
    except AdminError:
        raise Problem(
            f"The emulator on port {instance.port} (pid {instance.pid}) does not answer; {stop_first}"
        ) from None
    wanted_dir = str(target.state_dir) if target.state_dir else None
    for name, wanted, actual in (
        ("--clock", request.clock, instance.clock),
        ("--seed", request.seed, instance.seed),
        ("--state-dir", wanted_dir, instance.state_dir),
        ("--iam", request.iam, instance.iam),
    ):
        if wanted is not None and wanted != actual:
            raise Problem(f"The emulator on port {instance.port} runs with {name} {actual or 'unset'}; {stop_first}")
    return instance


def _prepare(
    workspace: Workspace, request: UpRequest, environ: Mapping[str, str], reporter: Reporter, target: EmbeddedTarget
) -> _Prepared:
    """Everything about the stack that can fail before the emulator is started."""
    assert request.stack is not None
    stack = resolve_stack(workspace, request.stack)
    terraform = find_terraform(workspace, environ)
    if terraform is None:
        with reporter.step(f"download Terraform {PINNED_VERSION}") as step:
            terraform = download_terraform(workspace)
            step.note(terraform.command)
    if (workspace.root / "lambdas").is_dir():
        with reporter.step("package the Lambda functions") as step:
            try:
                packages = package_lambdas(workspace.root / "lambdas", workspace.root / "build" / "lambdas")
            except PackageError as error:
                raise Problem(str(error)) from None
            step.note(f"{len(packages)} packages, {sum(package.changed for package in packages)} changed")
    facts = {"port": str(request.port), "clock": target.clock, "seed": str(target.seed)}
    return _Prepared(stack, terraform, WarmInputs.read(workspace, stack, terraform, environ, facts))


@dataclass(frozen=True)
class _Provision:
    """Brings one stack onto a running emulator."""

    workspace: Workspace
    environ: Mapping[str, str]
    reporter: Reporter
    target: EmbeddedTarget
    prepared: _Prepared

    def first(self, instance: Instance, fresh: bool) -> UpResult:
        """On an emulator that was just started: from the state directory, from a warm start, or by an apply."""
        if instance.state_dir is not None:
            kept = read_json(self._kept_folder(instance) / "record.json") or {}
            if kept.get("key") is not None:
                shutil.copyfile(self._kept_folder(instance) / "terraform.tfstate", self._state_file)
                instance = self._record(instance, str(kept["key"]))
                if kept["key"] == self.prepared.inputs.key() and not fresh and self._saved_after_apply(instance):
                    return self._result(instance, "restored")
            return self.apply(instance)
        key = self.prepared.inputs.key()
        store = WarmStore(self.workspace)
        if not fresh and store.has(key):
            with self.reporter.step("restore the warm start") as step:
                self._discard_state()
                why_not = store.restore(key, self.target.admin, self._state_file)
                step.note(f"not possible: {why_not}" if why_not else self._shown)
            if why_not is None:
                return self._result(self._record(instance, key), "restored")
        result = self.apply(instance)
        with self.reporter.step("keep it for the next start") as step:
            try:
                store.save(self.prepared.inputs.key(), self.target.admin, self._state_file)
            except AdminError as error:
                step.note(f"not possible: {error.sentence}")
        return result

    def apply(self, instance: Instance) -> UpResult:
        """Run Terraform. What it made before an error stays known to the next apply on the same emulator."""
        stack = self.prepared.stack
        if str(stack.folder) not in instance.stacks:
            self._discard_state()
        providers = find_provider_source(self.workspace, stack.folder, self.environ)
        runner = StackRunner(
            self.workspace,
            stack,
            self.target.endpoint_url,
            self.prepared.terraform,
            providers,
            self.environ,
            on_wait=lambda: self.reporter.say(f"waiting for another Terraform run in {self._shown} to make its plan"),
        )
        instance = self._record(instance, "")
        if stack.is_empty():
            raise Problem(f"{self._shown} holds no *.tf file; use another --stack or --no-stack.")
        with self.reporter.step("tflocal init") as step:
            step.note(f"providers from {providers.describe()}" if runner.init() else "nothing to do")
        try:
            with self.reporter.step(f"tflocal apply {self._shown}") as step:
                progress = runner.apply(step.progress)
                step.note(_summary(progress))
        finally:
            self._keep(instance, None)
        key = self.prepared.inputs.key()
        self._keep(instance, key)
        return replace(self._result(self._record(instance, key), "applied"), outputs=runner.outputs())

    @property
    def _state_file(self) -> Path:
        return self.prepared.stack.state_file(self.workspace, self.target.port)

    @property
    def _shown(self) -> str:
        folder = self.prepared.stack.folder
        return str(folder.relative_to(self.workspace.root) if folder.is_relative_to(self.workspace.root) else folder)

    def _discard_state(self) -> None:
        if not self.prepared.stack.has_remote_backend:
            discard_stale_state(self._state_file)

    def _record(self, instance: Instance, key: str) -> Instance:
        recorded = instance.with_stack(self.prepared.stack.folder, key)
        recorded.save(self.workspace)
        return recorded

    def _result(self, instance: Instance, outcome: Outcome) -> UpResult:
        return UpResult(instance, self.prepared.stack, state_outputs(self._state_file), outcome)

    def _kept_folder(self, instance: Instance) -> Path:
        assert instance.state_dir is not None
        return Path(instance.state_dir) / "terraform" / self.prepared.stack.name

    def _saved_after_apply(self, instance: Instance) -> bool:
        """Whether the emulator wrote its state after the apply that is kept here; not so when it was killed since."""
        assert instance.state_dir is not None
        written = [path.stat().st_mtime for path in Path(instance.state_dir).iterdir() if path.is_file()]
        return max(written, default=0.0) >= (self._kept_folder(instance) / "record.json").stat().st_mtime

    def _keep(self, instance: Instance, key: str | None) -> None:
        """Keep the Terraform state beside the emulator's, when that is on disk; the two belong together."""
        if instance.state_dir is None or not self._state_file.is_file():
            return
        folder = self._kept_folder(instance)
        write_atomically(folder / "terraform.tfstate", self._state_file.read_bytes())
        write_atomically(folder / "record.json", f'{{"key": "{key or ""}"}}')


def _summary(progress: ApplyProgress) -> str:
    """How many changes, and what took longest: Terraform's AWS provider waits for fixed times after some changes."""
    slowest = [f"; slowest: {address}, {seconds:.0f} s" for address, seconds in progress.slowest(1) if seconds >= 5]
    return f"{progress.done} changes{''.join(slowest)}"
