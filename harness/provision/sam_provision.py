"""Bringing a SAM stack onto an emulator: from a warm start, or by `sam build` and `sam deploy`.

All that `sam deploy` knows of its stack is in CloudFormation, and so in the emulator's state. Only the outputs are kept
here, to be shown again without a run.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.json_object import Json
from harness.provision.contract import Outcome, Reporter, UpResult
from harness.provision.sam_environment import SamEnvironment
from harness.provision.sam_runner import SamRunner
from harness.provision.sam_stack import SamStack
from harness.provision.stack import digest_of
from harness.provision.warm import WarmStore, emulator_digest
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets.admin import AdminError
from harness.targets.instance import Instance
from harness.targets.port import port_of
from harness.targets.target import Target
from harness.version import VERSION

_PACKAGES = ("moto", "botocore", "aws-sam-translator")


@dataclass(frozen=True)
class SamProvision:
    """A SAM stack that is ready to be deployed to an emulator. `digest` is that of all its inputs."""

    workspace: Workspace
    reporter: Reporter
    target: Target
    stack: SamStack
    sam: SamEnvironment
    environ: Mapping[str, str]
    digest: str

    @classmethod
    def prepare(
        cls,
        workspace: Workspace,
        stack: SamStack,
        environ: Mapping[str, str],
        reporter: Reporter,
        target: Target,
    ) -> SamProvision:
        """Everything about the stack that can fail before the emulator is started."""
        _ = stack.stack_name  # raises Problem
        sam = SamEnvironment.of(workspace)
        with workspace.lock("SAM CLI", lambda: reporter.say("waiting for another command that installs SAM CLI")):
            if not sam.is_installed():
                with reporter.step("install SAM CLI") as step:
                    sam.install(environ)
                    step.note(str(sam.folder))
        facts = {"port": str(port_of(target.endpoint_url)), **target.settings.facts()}
        return cls(workspace, reporter, target, stack, sam, environ, sam_digest(stack, sam, facts))

    def key(self) -> str:
        return self.digest

    def outputs(self) -> Json:
        return read_json(self._outputs_file) or {}

    def first(self, instance: Instance, fresh: bool) -> UpResult:
        """On an emulator that was just started. One with a state directory has its stack in there: SAM finds out."""
        if instance.settings.upstream is not None:
            return self.apply(instance)  # no snapshot holds what is there
        store = WarmStore(self.workspace)
        if instance.settings.state_dir is None and not fresh and store.has(self.digest):
            with self.reporter.step("restore the warm start") as step:
                why_not = store.restore(self.digest, self.target.admin, self._outputs_file)
                step.note(f"not possible: {why_not}" if why_not else self._shown)
            if why_not is None:
                return self._result(self._record(instance, self.digest), "restored")
        result = self.apply(instance)
        if instance.settings.state_dir is None:
            with self.reporter.step("keep it for the next start") as step:
                try:
                    store.save(self.digest, self.target.admin, self._outputs_file)
                except AdminError as error:
                    step.note(f"not possible: {error.sentence}")
        return result

    def apply(self, instance: Instance) -> UpResult:
        """`sam build` and `sam deploy`."""
        runner = SamRunner(self.stack, self.target.endpoint_url, self.sam, self.environ)
        instance = self._record(instance, "")
        waiting = f"waiting for another command that builds {self._shown}"
        with self.workspace.lock(f"stack {self.stack.folder}", lambda: self.reporter.say(waiting)):
            with self.reporter.step(f"sam build {self._shown}"):
                runner.build()
            with self.reporter.step(f"sam deploy {self.stack.stack_name}") as step:
                step.note("deployed" if runner.deploy() else "no changes")
        write_atomically(self._outputs_file, json.dumps(runner.outputs()))
        return self._result(self._record(instance, self.digest), "applied")

    @property
    def _outputs_file(self) -> Path:
        return self.workspace.instance(port_of(self.target.endpoint_url)) / f"{self.stack.name}.outputs.json"

    @property
    def _shown(self) -> str:
        folder = self.stack.folder
        return str(folder.relative_to(self.workspace.root) if folder.is_relative_to(self.workspace.root) else folder)

    def _record(self, instance: Instance, key: str) -> Instance:
        recorded = instance.with_stack(self.stack.folder, key)
        recorded.save(self.workspace)
        return recorded

    def _result(self, instance: Instance, outcome: Outcome) -> UpResult:
        return UpResult(instance, self.stack, self.outputs(), outcome)


def sam_digest(stack: SamStack, sam: SamEnvironment, instance: Mapping[str, str]) -> str:
    """Hash of everything that decides what is deployed. `instance`: facts about the emulator, as port, clock, seed."""
    facts = {
        "files": digest_of(stack.input_files(), stack.folder),
        "sam": sam.requirements,
        "emulator": emulator_digest(),
        "harness": VERSION,
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "stack": str(stack.folder),
        "instance": dict(instance),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
