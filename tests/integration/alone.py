"""A system alone: a project of its own with one emulator, brought up and taken down by the commands that users run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.provision.mirror import find_provider_source
from harness.provision.stack import resolve_stack, state_outputs
from harness.provision.terraform_binary import find_terraform
from harness.provision.tflocal import StackRunner
from harness.provision.workspace import Workspace
from tests.conftest import Aws
from tests.integration.deployed import Deployed
from tests.integration.provisioning import ROOT

_LEFT_OUT = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*_override.tf", "__pycache__", ".pytest_cache")
_NOT_OURS = ("AWS_", "TF_", "PYTEST_")
_HARNESS = f'exec "{sys.executable}" -P -m harness.cli "$@"'
_TIMEOUT_SECONDS = 240


@dataclass(frozen=True)
class Alone:
    """A copy of the topology in `folder`, with the stack named `name`; its emulator listens on `port`."""

    folder: Path
    name: str
    port: int

    @classmethod
    def of(cls, folder: Path, name: str) -> Alone:
        for part in ("terraform", "lambdas"):
            shutil.copytree(ROOT / part, folder / part, ignore=_LEFT_OUT)
        (folder / ".harness").mkdir()
        shutil.copy(ROOT / "Makefile", folder)
        # What `make setup` makes: here, the environment that the tests run in.
        for place, script in (("scripts/bootstrap.sh", ":"), (".venv/bin/harness", _HARNESS)):
            (folder / place).parent.mkdir(parents=True)
            (folder / place).write_text(f"#!/bin/sh\n{script}\n")
            (folder / place).chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return cls(folder, name, int(probe.getsockname()[1]))

    @cached_property
    def environment(self) -> dict[str, str]:
        """What a user has in the shell for a local AWS; nothing of the developer's account."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
        return kept | {
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def aws(self) -> Aws:
        return Aws(self.url)

    @property
    def stack_folder(self) -> Path:
        return self.folder / "terraform" / "stacks" / self.name

    def make(self, target: str, *variables: str) -> str:
        """`make` in the project, with this emulator's port; returns what it printed."""
        return self.run(["make", target, f"PORT={self.port}", *variables], self.folder)

    def start(self) -> None:
        """The emulator with nothing applied to it."""
        command = [str(self.folder / ".venv" / "bin" / "harness"), "up", "--no-stack", "--clock", "manual"]
        self.run([*command, "--port", str(self.port)], self.folder)

    def package(self) -> None:
        """What the document has `archive_file` do."""
        self.run([sys.executable, "-P", "-m", "harness.provision.package"], self.folder)

    @cached_property
    def runner(self) -> StackRunner:
        """tflocal on the state that `up` left."""
        workspace = Workspace(self.folder)
        terraform = find_terraform(workspace, self.environment)
        assert terraform is not None
        providers = find_provider_source(workspace, self.stack_folder, self.environment)
        stack = resolve_stack(workspace, self.name)
        return StackRunner(workspace, stack, self.url, terraform, providers, self.environment)

    def terraform(self, *arguments: str, answer: str = "") -> str:
        """Terraform itself in the stack's folder, with `answer` typed at its prompt; returns what it printed."""
        runner = self.runner
        extra = {"CHECKPOINT_DISABLE": "1"}
        if runner.providers.config_file is not None:
            extra["TF_CLI_CONFIG_FILE"] = str(runner.providers.config_file)
        return self.run([runner.terraform.command, *arguments], self.stack_folder, answer, extra)

    def deployed(self) -> Deployed:
        """The stack with the outputs that are in its state, wherever that is."""
        by_hand = self.stack_folder / "terraform.tfstate"
        return Deployed(self.aws, state_outputs(by_hand if by_hand.is_file() else self.runner.state_file))

    def run(self, command: list[str], folder: Path, answer: str = "", extra: dict[str, str] | None = None) -> str:
        finished = subprocess.run(
            command,
            cwd=folder,
            env=self.environment | (extra or {}),
            input=answer,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
        assert finished.returncode == 0, finished.stdout
        return finished.stdout
