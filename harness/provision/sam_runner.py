"""Runs of the real SAM CLI on a SAM stack, against one emulator."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.json_object import Json
from harness.problem import Problem
from harness.provision.sam_environment import SamEnvironment
from harness.provision.sam_stack import SamStack

_DROPPED_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)
_EXECUTE_API = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?::\d+)?")
_NO_CHANGES = "No changes to deploy"


@dataclass(frozen=True)
class SamRunner:
    """SAM CLI in the stack's folder. `environ` is the user's environment; nothing of it leads to a real account."""

    stack: SamStack
    endpoint_url: str
    sam: SamEnvironment
    environ: Mapping[str, str]

    def build(self) -> None:
        """`sam build`. Raises Problem with what it printed."""
        self._succeed("build")

    def deploy(self) -> bool:
        """`sam deploy`, as samconfig.toml has it but without a question; returns whether there were changes.

        Raises Problem with what it printed.
        """
        name = ["--stack-name", self.stack.stack_name]
        printed = self._succeed("deploy", *name, "--no-confirm-changeset", "--no-fail-on-empty-changeset")
        return _NO_CHANGES not in printed

    def outputs(self) -> dict[str, str]:
        """The stack's outputs. The URL of an API leads to the emulator. Raises Problem."""
        listed = self.run("list", "stack-outputs", "--stack-name", self.stack.stack_name, "--output", "json")
        if listed.code != 0:
            raise Problem(f"sam list stack-outputs failed for {self.stack.stack_name}.", listed.printed)
        outputs: list[Json] = json.loads(listed.printed[listed.printed.index("[") :])
        local = rf"{self.endpoint_url}/_aws/execute-api/\1"
        return {each["OutputKey"]: _EXECUTE_API.sub(local, each["OutputValue"]) for each in outputs}

    def run(self, *arguments: str, answers: str | None = None, folder: Path | None = None) -> SamFinished:
        """`sam <arguments>` in the stack's folder, or in another; `answers` are typed at its prompts."""
        process = subprocess.Popen(
            [*self.sam.command, *arguments],
            cwd=folder or self.stack.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL if answers is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(answers)
            return SamFinished(process.returncode, printed)
        finally:
            # Also what it started, pip above all.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def environment(self) -> dict[str, str]:
        """The environment of a run. Its Python and pip come first: `sam build` takes those that it finds."""
        environment = {name: value for name, value in self.environ.items() if name not in _DROPPED_VARIABLES}
        return environment | {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": self.stack.region,
            "AWS_REGION": self.stack.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "PATH": f"{self.sam.bin}{os.pathsep}{self.environ.get('PATH', os.defpath)}",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.2",
            # Its own notes (when it last looked for a newer release) stay out of the user's home.
            "__SAM_CLI_APP_DIR": str(self.sam.folder / "app"),
        }

    def _succeed(self, *arguments: str) -> str:
        finished = self.run(*arguments)
        if finished.code != 0:
            raise Problem(f"sam {arguments[0]} failed in {self.stack.folder}.", finished.printed.strip())
        return finished.printed


@dataclass(frozen=True)
class SamFinished:
    """A run that ended: its exit code and what it printed."""

    code: int
    printed: str
