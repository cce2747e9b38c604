"""Bringing a Terraform stack onto an emulator: from a state directory, from a warm start, or by an apply."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.json_object import Json
from harness.problem import Problem
from harness.provision.apply_events import ApplyProgress
from harness.provision.contract import Outcome, Reporter, UpResult
from harness.provision.mirror import find_provider_source
from harness.provision.package import PackageError, package_lambdas
from harness.provision.stack import Stack, discard_stale_state, resolve_stack, state_outputs
from harness.provision.terraform_binary import PINNED_VERSION, Terraform, download_terraform, find_terraform
from harness.provision.tflocal import StackRunner
from harness.provision.warm import WarmInputs, WarmStore
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets.admin import AdminError
from harness.targets.instance import Instance
from harness.targets.port import port_of
from harness.targets.target import Target


@dataclass(frozen=True)
class TerraformProvision:
    """A Terraform stack that is ready to be applied to an emulator."""

    workspace: Workspace
    environ: Mapping[str, str]
    reporter: Reporter
    target: Target
    stack: Stack
    terraform: Terraform
    inputs: WarmInputs

    @classmethod
    def prepare(
        cls,
        workspace: Workspace,
        name_or_path: str,
        environ: Mapping[str, str],
        reporter: Reporter,
        target: Target,
    ) -> TerraformProvision:
        """Everything about the stack that can fail before the emulator is started."""
        stack = resolve_stack(workspace, name_or_path)
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
        facts = {"port": str(port_of(target.endpoint_url)), **target.settings.facts()}
        inputs = WarmInputs.read(workspace, stack, terraform, environ, facts)
        return cls(workspace, environ, reporter, target, stack, terraform, inputs)

    def key(self) -> str:
        return self.inputs.key()

    def outputs(self) -> Json:
        return state_outputs(self._state_file)

    def first(self, instance: Instance, fresh: bool) -> UpResult:
        """On an emulator that was just started: from the state directory, from a warm start, or by an apply."""
        if instance.settings.state_dir is not None:
            kept = read_json(self._kept_folder(instance) / "record.json") or {}
            if kept.get("key") is not None:
                shutil.copyfile(self._kept_folder(instance) / "terraform.tfstate", self._state_file)
                instance = self._record(instance, str(kept["key"]))
                if kept["key"] == self.key() and not fresh and self._saved_after_apply(instance):
                    return self._result(instance, "restored")
            return self.apply(instance)
        if instance.settings.upstream is not None:
            return self.apply(instance)  # no snapshot holds what is there
        key = self.key()
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
                store.save(self.key(), self.target.admin, self._state_file)
            except AdminError as error:
                step.note(f"not possible: {error.sentence}")
        return result

    def apply(self, instance: Instance) -> UpResult:
        """Run Terraform. What it made before an error stays known to the next apply on the same emulator."""
        stack = self.stack
        if str(stack.folder) not in instance.stacks and (
            instance.settings.upstream is None or instance.target == "localstack"
        ):
            self._discard_state()
        providers = find_provider_source(self.workspace, stack.folder, self.environ)
        runner = StackRunner(
            self.workspace,
            stack,
            self.target.endpoint_url,
            self.terraform,
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
        key = self.key()
        self._keep(instance, key)
        return replace(self._result(self._record(instance, key), "applied"), outputs=runner.outputs())

    @property
    def _state_file(self) -> Path:
        return self.stack.state_file(self.workspace, port_of(self.target.endpoint_url))

    @property
    def _shown(self) -> str:
        folder = self.stack.folder
        return str(folder.relative_to(self.workspace.root) if folder.is_relative_to(self.workspace.root) else folder)

    def _discard_state(self) -> None:
        if not self.stack.has_remote_backend:
            discard_stale_state(self._state_file)

    def _record(self, instance: Instance, key: str) -> Instance:
        recorded = instance.with_stack(self.stack.folder, key)
        recorded.save(self.workspace)
        return recorded

    def _result(self, instance: Instance, outcome: Outcome) -> UpResult:
        return UpResult(instance, self.stack, self.outputs(), outcome)

    def _kept_folder(self, instance: Instance) -> Path:
        assert instance.settings.state_dir is not None
        return Path(instance.settings.state_dir) / "terraform" / self.stack.name

    def _saved_after_apply(self, instance: Instance) -> bool:
        """Whether the emulator wrote its state after the apply that is kept here; not so when it was killed since."""
        assert instance.settings.state_dir is not None
        written = [path.stat().st_mtime for path in Path(instance.settings.state_dir).iterdir() if path.is_file()]
        return max(written, default=0.0) >= (self._kept_folder(instance) / "record.json").stat().st_mtime

    def _keep(self, instance: Instance, key: str | None) -> None:
        """Keep the Terraform state beside the emulator's, when that is on disk; the two belong together."""
        if instance.settings.state_dir is None or not self._state_file.is_file():
            return
        folder = self._kept_folder(instance)
        write_atomically(folder / "terraform.tfstate", self._state_file.read_bytes())
        write_atomically(folder / "record.json", f'{{"key": "{key or ""}"}}')


def _summary(progress: ApplyProgress) -> str:
    """How many changes, and what took longest: Terraform's AWS provider waits for fixed times after some changes."""
    slowest = [f"; slowest: {address}, {seconds:.0f} s" for address, seconds in progress.slowest(1) if seconds >= 5]
    return f"{progress.done} changes{''.join(slowest)}"
