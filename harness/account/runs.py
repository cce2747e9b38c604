"""Records of runs on an account: `.harness/aws/<run>/run.json`, written before the first resource is made.

What a crashed run left behind is found by its record alone: the account, the prefix of every name, the tags, and the
Terraform state beside it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from harness.account.identity import CallerIdentity
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets.process import process_identity

RUN_TAG = "harness-run"
_RECORD = "run.json"
_NOT_IN_TAGS = re.compile(r"[^\w .:/=+@-]")


@dataclass(frozen=True)
class Run:
    """A run. `stack` is the Terraform folder, `started` epoch seconds, `types` the Terraform types that it makes, `pid`
    and `process` the process that began it. `applying` is False until the first resource may exist."""

    id: str
    account: str
    arn: str
    region: str
    endpoint_url: str | None
    stack: str
    started: float
    pid: int
    process: str | None
    types: tuple[str, ...] = field(default=())
    applying: bool = False

    @property
    def prefix(self) -> str:
        """Before every name: `ph-1a2b3c4d-`. Short, because some names may have 64 characters."""
        return f"ph-{self.id.rpartition('-')[2]}-"

    @property
    def tags(self) -> dict[str, str]:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.started))
        return {RUN_TAG: self.id, "harness-start": moment, "harness-owner": _NOT_IN_TAGS.sub("-", self.arn)[:256]}

    def goes_on(self) -> bool:
        """Whether the process that began it still runs."""
        return self.process is not None and process_identity(self.pid) == self.process

    def is_of(self, identity: CallerIdentity) -> bool:
        """Whether these credentials lead to where it was made."""
        return (self.account, self.endpoint_url) == (identity.account, identity.endpoint_url)

    def describe(self) -> str:
        moment = time.strftime("%Y-%m-%d %H:%M", time.gmtime(self.started))
        place = f" at {self.endpoint_url}" if self.endpoint_url else ""
        return f"{self.id} ({self.prefix}*, begun {moment} UTC in account {self.account}, {self.region}{place})"


@dataclass(frozen=True)
class Runs:
    """The records of one project."""

    workspace: Workspace

    @property
    def home(self) -> Path:
        return self.workspace.home / "aws"

    def begin(self, run_id: str, identity: CallerIdentity, stack: Path) -> Run:
        """A run that has made nothing yet."""
        pid = os.getpid()
        run = Run(
            run_id,
            identity.account,
            identity.arn,
            identity.region,
            identity.endpoint_url,
            str(stack),
            time.time(),
            pid,
            process_identity(pid),
        )
        self.save(run)
        return run

    def applying(self, run: Run) -> Run:
        """From here on resources may exist: the record says so before the first one."""
        changed = replace(run, applying=True)
        self.save(changed)
        return changed

    def save(self, run: Run) -> None:
        note = self.workspace.home / ".gitignore"
        if not note.exists():
            write_atomically(note, "*\n")
        write_atomically(self.folder(run) / _RECORD, json.dumps(asdict(run), indent=2))

    def folder(self, run: Run) -> Path:
        return self.home / run.id

    def state(self, run: Run) -> Path:
        return self.folder(run) / "terraform.tfstate"

    def forget(self, run: Run) -> None:
        shutil.rmtree(self.folder(run), ignore_errors=True)

    def all(self) -> Iterator[Run]:
        """Oldest first; a record that cannot be read is among the `unreadable`."""
        return (run for run in map(_read, self._records()) if run is not None)

    def unreadable(self) -> Iterator[Path]:
        """Records that are damaged, or were written by another version."""
        return (path for path in self._records() if _read(path) is None)

    def _records(self) -> list[Path]:
        return sorted(self.home.glob(f"*/{_RECORD}"))


def new_run_id() -> str:
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"


def _read(path: Path) -> Run | None:
    content = read_json(path)
    try:
        return Run(**{**content, "types": tuple(content["types"])}) if content is not None else None
    except (KeyError, TypeError):
        return None
