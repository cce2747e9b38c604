"""The end of a run: its stack is destroyed, what services made beside it is removed, its record is forgotten last."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from harness.account.leftovers import Mark, Swept, remove_leftovers
from harness.account.runs import Run, Runs
from harness.account.terraform import AccountTerraform
from harness.aws_resources.logs import remove_execution_logs
from harness.aws_resources.s3 import empty_bucket
from harness.problem import Problem
from harness.provision.stack import Stack


@dataclass
class Ending:
    """What became of a run: what was removed beside Terraform's destroy, and sentences about what may still be there.
    The record is kept as long as there are any. `not_looked_for` names Terraform types that the run may have made and
    that nobody could look for."""

    removed: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    not_looked_for: list[str] = field(default_factory=list)


def end_run(runs: Runs, run: Run, terraform: AccountTerraform | None, why_not: str | None = None) -> Ending:
    """Destroy and sweep. `terraform` is None where there is nothing for it to destroy, or where `why_not` says why it
    cannot."""
    ending = Ending()
    clients = Clients(run)
    resources = terraform.resources() if terraform is not None else []
    trouble = why_not
    if terraform is not None and resources:
        _empty_buckets(clients, run, resources)
        trouble = _destroy(terraform)
    swept = remove_leftovers(clients, run)
    _remove_execution_logs(clients, resources, swept)
    if trouble is not None and terraform is not None and swept.removed:
        trouble = _destroy(terraform)  # what stood in its way may be gone now
    ending.removed, ending.troubles = swept.removed, swept.troubles
    if trouble is not None:
        ending.troubles.insert(0, trouble)
    if not ending.troubles:
        runs.forget(run)
    return ending


class Clients:
    """boto3 clients of the ambient credentials, in the run's region. They try again: nothing is measured here."""

    def __init__(self, run: Run) -> None:
        self._region = run.region
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            import boto3

            self._made[service] = boto3.Session(region_name=self._region).client(service)
        return self._made[service]


def stack_of(run: Run) -> Stack | None:
    """The stack of a recorded run; None where its folder is gone."""
    folder = Path(run.stack)
    return Stack(folder) if folder.is_dir() else None


def _destroy(terraform: AccountTerraform) -> str | None:
    """Returns why something may be left."""
    try:
        terraform.destroy()
    except Problem as problem:
        return f"{problem.sentence} {problem.detail}".strip()
    return None


def _empty_buckets(clients: Clients, run: Run, resources: list[tuple[str, str]]) -> None:
    """Terraform does not destroy a bucket with objects unless the stack says so; the tests' objects go first."""
    for kind, name in resources:
        if kind == "aws_s3_bucket" and Mark.of(run).names(name):
            try:
                empty_bucket(clients("s3"), name)
            except (BotoCoreError, ClientError, Problem):
                continue  # the destroy says what is wrong


def _remove_execution_logs(clients: Clients, resources: list[tuple[str, str]], swept: Swept) -> None:
    for kind, name in resources:
        if kind == "aws_api_gateway_rest_api":
            try:
                swept.removed += [f"log group {group}" for group in remove_execution_logs(clients, name)]
            except (BotoCoreError, ClientError) as error:
                swept.troubles.append(f"the execution logs of the REST API {name} cannot be removed: {error}")
