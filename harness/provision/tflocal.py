"""Runs of the real `tflocal` (terraform-local) on a stack, against one emulator.

tflocal writes `localstack_providers_override.tf` into the stack folder, so one run at a time per folder holds a lock
until Terraform has read it.
It is run with USE_EXEC=1, where it becomes Terraform itself: signals reach Terraform directly and no child outlives us;
the price is that the override file is removed here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from harness.json_object import Json
from harness.problem import Problem
from harness.provision.apply_events import ApplyProgress
from harness.provision.mirror import ProviderSource
from harness.provision.stack import LOCK_NAME, OVERRIDE_NAME, Stack, digest_of, state_outputs
from harness.provision.terraform_binary import Terraform
from harness.provision.terraform_process import Finished, error_part, run_terraform
from harness.provision.workspace import DEFAULT_PORT, Workspace, read_json, write_atomically

PARALLELISM = 64
_INIT_STAMP = "harness-init.json"
_DROPPED_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "TF_CLI_ARGS")

OnProgress = Callable[[ApplyProgress], None]


@dataclass(frozen=True)
class StackRunner:
    """Runs one stack against one endpoint. `on_wait` is called when another run holds the stack's folder."""

    workspace: Workspace
    stack: Stack
    endpoint_url: str
    terraform: Terraform
    providers: ProviderSource
    environ: Mapping[str, str]
    on_wait: Callable[[], None] | None = None

    @property
    def port(self) -> int:
        return urlparse(self.endpoint_url).port or DEFAULT_PORT

    @property
    def state_file(self) -> Path:
        return self.stack.state_file(self.workspace, self.port)

    @property
    def data_folder(self) -> Path:
        """Terraform's working data; the usual `.terraform` for the default port, so that runs by hand need no init."""
        if self.port == DEFAULT_PORT:
            return self.stack.folder / ".terraform"
        return self.workspace.instance(self.port) / "terraform" / self.stack.name

    def init(self, force: bool = False) -> bool:
        """Run `init` if anything that it depends on changed; returns whether it ran. Raises Problem on an error."""
        if not force and self._initialised():
            return False
        with self._folder():
            finished = self._run(["init", "-input=false", "-no-color"])
        if finished.code != 0:
            raise Problem(f"terraform init failed in {self._shown}.", error_part(finished.lines))
        write_atomically(self.data_folder / _INIT_STAMP, json.dumps({"inputs": self._init_inputs()}))
        return True

    def apply(self, on_progress: OnProgress | None = None) -> ApplyProgress:
        """Apply the stack. Raises Problem with Terraform's diagnostics on an error."""
        progress = self._stream("apply", on_progress)
        if progress.errors and any("terraform init" in error for error in progress.errors):
            self.init(force=True)
            progress = self._stream("apply", on_progress)
        return self._finished("apply", progress)

    def destroy(self, on_progress: OnProgress | None = None) -> ApplyProgress:
        """Destroy what the state names. Raises Problem with Terraform's diagnostics on an error."""
        return self._finished("destroy", self._stream("destroy", on_progress))

    def plan_has_changes(self) -> bool:
        """Run `plan`; returns whether it would change anything. Raises Problem on an error."""
        with self._folder():
            finished = self._run(["plan", "-input=false", "-no-color", "-detailed-exitcode", *self._common()])
        if finished.code not in (0, 2):
            raise Problem(f"terraform plan failed in {self._shown}.", error_part(finished.lines))
        return finished.code == 2

    def outputs(self) -> Json:
        """Names and values of the stack's outputs, without sensitive ones."""
        if not self.stack.has_remote_backend:
            return state_outputs(self.state_file)
        with self._folder():
            finished = self._run(["output", "-json", "-no-color"])
        if finished.code != 0:
            raise Problem(f"terraform output failed in {self._shown}.", error_part(finished.lines))
        text = "\n".join(finished.lines)
        outputs = json.loads(text[text.index("{") :])
        return {name: output["value"] for name, output in outputs.items() if not output.get("sensitive")}

    def environment(self) -> dict[str, str]:
        """The environment of a run: the user's, with the endpoint, and without credentials of a real account."""
        environment = {name: value for name, value in self.environ.items() if name not in _DROPPED_VARIABLES}
        key = self.environ.get("AWS_ACCESS_KEY_ID", "")
        region = self.environ.get("AWS_DEFAULT_REGION") or self.environ.get("AWS_REGION") or "us-east-1"
        host = urlparse(self.endpoint_url).hostname or "127.0.0.1"
        environment |= {
            "AWS_ACCESS_KEY_ID": key if len(key) == 12 and key.isdigit() else "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "LOCALSTACK_HOSTNAME": host,
            "EDGE_PORT": str(self.port),
            "S3_HOSTNAME": host,
            "TF_CMD": self.terraform.command,
            "TF_DATA_DIR": str(self.data_folder),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            "USE_EXEC": "1",
            "DISABLE_DEPRECATION_NOTICE": "1",
        }
        if self.providers.config_file is not None:
            environment["TF_CLI_CONFIG_FILE"] = str(self.providers.config_file)
        if self.providers.kind == "network" and not environment.get("TF_PLUGIN_CACHE_DIR"):
            cache = self.workspace.home / "providers"
            cache.mkdir(parents=True, exist_ok=True)
            environment["TF_PLUGIN_CACHE_DIR"] = str(cache)
            environment["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "1"
        # Collecting garbage takes a quarter of a short run's processor time, Terraform's and the provider's.
        environment.setdefault("GOGC", "400")
        if self.stack.declares("endpoint_url"):
            environment["TF_VAR_endpoint_url"] = self.endpoint_url
        return environment

    @property
    def _shown(self) -> str:
        folder = self.stack.folder
        return str(folder.relative_to(self.workspace.root) if folder.is_relative_to(self.workspace.root) else folder)

    def _common(self) -> list[str]:
        arguments = [f"-parallelism={PARALLELISM}"]
        if not self.stack.has_remote_backend and self.port != DEFAULT_PORT:
            arguments.append(f"-state={self.state_file}")
        return arguments

    def _init_inputs(self) -> str:
        lock = self.stack.folder / LOCK_NAME
        files = [
            path for folder in self.stack.folders for path in sorted(folder.glob("*.tf")) if path.name != OVERRIDE_NAME
        ]
        files += [lock] if lock.is_file() else []
        facts = [digest_of(files, self.stack.folder), self.terraform.version, self.providers.describe()]
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()

    def _initialised(self) -> bool:
        stamp = read_json(self.data_folder / _INIT_STAMP) or {}
        return stamp.get("inputs") == self._init_inputs() and (self.data_folder / "providers").is_dir()

    def _stream(self, command: str, on_progress: OnProgress | None) -> ApplyProgress:
        progress = ApplyProgress()
        held = contextlib.ExitStack()

        def read(line: str) -> None:
            progress.read(line)
            if progress.planned:
                held.close()  # Terraform has read the folder: another run may have it while this one makes its changes
            if on_progress is not None:
                on_progress(progress)

        self.state_file.parent.mkdir(parents=True, exist_ok=True)
        backup = [] if self.stack.has_remote_backend else ["-backup=-"]
        with held:
            held.enter_context(self._folder())
            finished = self._run([command, "-json", "-auto-approve", "-input=false", *backup, *self._common()], read)
        if finished.code != 0 and not progress.errors:
            progress.errors.append(
                error_part(progress.other_lines) or f"terraform ended with exit code {finished.code}"
            )
        return progress

    def _finished(self, command: str, progress: ApplyProgress) -> ApplyProgress:
        if progress.errors:
            count = "one error" if len(progress.errors) == 1 else f"{len(progress.errors)} errors"
            raise Problem(f"terraform {command} ended with {count} in {self._shown}.", "\n\n".join(progress.errors))
        return progress

    @contextlib.contextmanager
    def _folder(self) -> Iterator[None]:
        """Hold the stack's folder. An override file found here is left over from a run that was killed."""
        override = self.stack.folder / OVERRIDE_NAME
        with self.workspace.lock(f"stack {self.stack.folder}", self.on_wait):
            override.unlink(missing_ok=True)
            try:
                yield
            finally:
                override.unlink(missing_ok=True)

    def _run(self, arguments: Sequence[str], on_line: Callable[[str], None] | None = None) -> Finished:
        return run_terraform([*_tflocal_command(), *arguments], self.stack.folder, self.environment(), on_line)


def _tflocal_command() -> list[str]:
    beside = Path(sys.executable).parent / "tflocal"
    found = str(beside) if beside.is_file() else shutil.which("tflocal")
    if found is None:
        raise Problem("tflocal was not found; install it into this environment: pip install terraform-local.")
    # Through our interpreter: the script's first line may name a virtual environment that has moved.
    return [sys.executable, found]
