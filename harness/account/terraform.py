"""Terraform itself, not tflocal, on the account of the ambient credentials, with the state of one run.

The stack's folder belongs to one run of Terraform at a time until that has read it: a `tflocal` at the same moment
would lead this one to an emulator. What is planned is saved, and just that is applied.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from harness.account.runs import RUN_TAG, Run, Runs
from harness.json_object import Json
from harness.problem import Problem
from harness.provision.apply_events import ApplyProgress
from harness.provision.mirror import ProviderSource, find_provider_source
from harness.provision.stack import OVERRIDE_NAME, Stack, state_outputs
from harness.provision.terraform_binary import Terraform, download_terraform, find_terraform
from harness.provision.terraform_process import Finished, error_part, run_terraform
from harness.provision.workspace import Workspace, read_json

# Terraform that is interrupted waits for the requests that are under way; killed before, it forgets what they made.
_GRACE_SECONDS = 300.0
_LOCK_SECONDS = 120
_PATH_STYLE_NAME = "harness_path_style_override.tf"
# A name such as bucket.127.0.0.1 does not exist, so what stands in for AWS on this machine is asked by path.
_PATH_STYLE = 'provider "aws" {\n  s3_use_path_style = true\n}\n'
_DEFAULT_TAGS = "TF_AWS_DEFAULT_TAGS_"
# What would lead Terraform elsewhere than the ambient credentials.
_OWN_WAYS = (
    "access_key",
    "assume_role",
    "assume_role_with_web_identity",
    "endpoints",
    "profile",
    "secret_key",
    "token",
)


@dataclass(frozen=True)
class AccountTerraform:
    """Terraform for one run. Every method raises Problem with Terraform's diagnostics on an error."""

    runs: Runs
    run: Run
    stack: Stack
    terraform: Terraform
    providers: ProviderSource
    environ: Mapping[str, str]

    @classmethod
    def find(cls, runs: Runs, run: Run, stack: Stack, environ: Mapping[str, str]) -> AccountTerraform:
        """With the Terraform of this machine, downloaded where there is none."""
        terraform = find_terraform(runs.workspace, environ) or download_terraform(runs.workspace)
        providers = find_provider_source(runs.workspace, stack.folder, environ)
        return cls(runs, run, stack, terraform, providers, environ)

    def plan(self) -> Json:
        """Plan and keep the plan; returns it as `terraform show -json` tells it."""
        with self._folder():
            self._init()
            planned = self._run(["plan", "-input=false", "-no-color", f"-out={self._plan_file}", *self._own()])
            if planned.code != 0:
                raise Problem(f"terraform plan failed in {self.stack.folder}.", error_part(planned.lines))
            shown = self._run(["show", "-json", str(self._plan_file)])
        text = "\n".join(shown.lines)
        if shown.code != 0 or "{" not in text:
            raise Problem(f"terraform show failed in {self.stack.folder}.", error_part(shown.lines))
        # Terraform may print warnings about its configuration before the object.
        plan: Json = json.JSONDecoder().raw_decode(text[text.index('{"') :])[0]
        return plan

    def apply(self) -> None:
        """Apply the plan that was kept. It holds its configuration: the folder is not read again."""
        self._stream("apply", [*self._state(), str(self._plan_file)])

    def destroy(self) -> None:
        """Destroy what the state of the run names."""
        with self._folder() as held:
            self._init()
            self._stream("destroy", ["-auto-approve", *self._own()], held)

    def outputs(self) -> Json:
        return state_outputs(self.runs.state(self.run))

    def resources(self) -> list[tuple[str, str]]:
        """Type and id of every resource in the state; none where there is no state that can be read."""
        state = read_json(self.runs.state(self.run)) or {}
        return [
            (each["type"], str(instance["attributes"].get("id")))
            for each in state.get("resources", [])
            if each.get("mode") == "managed"
            for instance in each.get("instances", [])
        ]

    def environment(self) -> dict[str, str]:
        """The user's own, credentials included, with the run's region and tags."""
        environment = {name: value for name, value in self.environ.items() if not name.startswith("TF_CLI_ARGS")}
        environment |= {f"{_DEFAULT_TAGS}{name}": value for name, value in self.run.tags.items()}
        environment |= {
            "AWS_REGION": self.run.region,
            "AWS_DEFAULT_REGION": self.run.region,
            "TF_DATA_DIR": str(self._data_folder),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
        }
        if self.providers.config_file is not None:
            environment["TF_CLI_CONFIG_FILE"] = str(self.providers.config_file)
        if self.providers.kind == "network" and not environment.get("TF_PLUGIN_CACHE_DIR"):
            cache = self.runs.workspace.home / "providers"
            cache.mkdir(parents=True, exist_ok=True)
            environment["TF_PLUGIN_CACHE_DIR"] = str(cache)
            environment["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "1"
        return environment

    @property
    def _plan_file(self) -> Path:
        return self.runs.folder(self.run) / "plan"

    @property
    def _data_folder(self) -> Path:
        place = hashlib.sha256(str(self.stack.folder).encode()).hexdigest()[:8]
        return self.runs.home / "terraform" / f"{self.stack.name}-{place}"

    def _state(self) -> list[str]:
        return [f"-state={self.runs.state(self.run)}", f"-lock-timeout={_LOCK_SECONDS}s"]

    def _own(self) -> list[str]:
        return [*self._state(), f"-var=name_prefix={self.run.prefix}"]

    def _init(self) -> None:
        finished = self._run(["init", "-input=false", "-no-color"])
        if finished.code != 0:
            raise Problem(f"terraform init failed in {self.stack.folder}.", error_part(finished.lines))

    def _stream(
        self, command: str, arguments: Sequence[str], held: contextlib.ExitStack | None = None
    ) -> ApplyProgress:
        progress = ApplyProgress()

        def read(line: str) -> None:
            progress.read(line)
            if progress.planned and held is not None:
                held.close()

        finished = self._run([command, "-json", "-input=false", *arguments], read)
        if finished.code != 0:
            errors = progress.errors or [error_part(progress.other_lines) or f"exit code {finished.code}"]
            count = "one error" if len(errors) == 1 else f"{len(errors)} errors"
            raise Problem(f"terraform {command} ended with {count} in {self.stack.folder}.", "\n\n".join(errors))
        return progress

    def _run(self, arguments: Sequence[str], on_line: Callable[[str], None] | None = None) -> Finished:
        command = [self.terraform.command, *arguments]
        return run_terraform(command, self.stack.folder, self.environment(), on_line, _GRACE_SECONDS)

    @contextlib.contextmanager
    def _folder(self) -> Iterator[contextlib.ExitStack]:
        """Hold the stack's folder until the end, or until what is yielded is closed."""
        override = self.stack.folder / _PATH_STYLE_NAME
        with contextlib.ExitStack() as held:
            held.enter_context(Workspace(self.runs.workspace.root).lock(f"stack {self.stack.folder}"))
            (self.stack.folder / OVERRIDE_NAME).unlink(missing_ok=True)
            held.callback(override.unlink, missing_ok=True)
            if is_loopback(self.run.endpoint_url):
                override.write_text(_PATH_STYLE)
            yield held


def check_plan(plan: Mapping[str, Any], run: Run) -> None:
    """Raise Problem where the plan would not do as this run must: its account and region, its tags on everything."""
    providers = plan.get("configuration", {}).get("provider_config", {})
    for provider in providers.values():
        if provider.get("name") != "aws":
            continue
        expressions = provider.get("expressions", {})
        own = sorted(_OWN_WAYS & expressions.keys())
        if own:
            raise Problem(
                f'The stack\'s provider "aws" sets {", ".join(own)}, but a run uses the ambient credentials only; '
                "leave it out of the stack."
            )
        region = _value(expressions.get("region"), plan)
        if region is not None and region != run.region:
            raise Problem(
                f'The stack\'s provider "aws" works in {region}, the ambient credentials in {run.region}; set '
                f"AWS_REGION={region}."
            )
    for change in plan.get("resource_changes", []):
        after = change["change"].get("after") or {}
        if "tags_all" in after and (after["tags_all"] or {}).get(RUN_TAG) != run.id:
            raise Problem(
                f"{change['address']} would be made without the tag {RUN_TAG}; the AWS provider takes it from the "
                "environment since version 5.62."
            )


def is_loopback(url: str | None) -> bool:
    host = urlparse(url or "").hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _value(expression: Any, plan: Mapping[str, Any]) -> str | None:
    """The value of a provider's argument: a constant, or a variable's; None where that cannot be told."""
    if not isinstance(expression, dict):
        return None
    if "constant_value" in expression:
        return str(expression["constant_value"])
    references = expression.get("references", [])
    if len(references) == 1 and references[0].startswith("var."):
        value = plan.get("variables", {}).get(references[0].removeprefix("var."), {}).get("value")
        return str(value) if value is not None else None
    return None
