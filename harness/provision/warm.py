"""Warm start: after an apply, the emulator's snapshot and the Terraform state are kept under a key over every input.

A later start with the same key restores both and needs no Terraform run. Anything that differs, and anything that is
damaged, falls back to an apply.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import harness.emulator
from harness.provision.stack import LOCK_NAME, Stack, digest_of
from harness.provision.terraform_binary import Terraform
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets.admin import Admin, AdminError
from harness.version import VERSION

KEPT = 5
_RECORD = "record.json"
_STATE = "terraform.tfstate"
_VARIABLE_PREFIXES = ("TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ACCESS_KEY_ID")
_PACKAGES = ("moto", "botocore", "terraform-local")


@dataclass(frozen=True)
class WarmInputs:
    """What decides the outcome of an apply, read before it starts.

    `digest` leaves out the provider lock file, which the first `init` writes: the key adds it.
    """

    stack: Stack
    digest: str

    @classmethod
    def read(
        cls,
        workspace: Workspace,
        stack: Stack,
        terraform: Terraform,
        environ: Mapping[str, str],
        instance: Mapping[str, str],
    ) -> WarmInputs:
        """Hash all inputs. `instance` holds facts about the emulator that change the outcome: port, clock, seed."""
        packages = sorted((workspace.root / "build" / "lambdas").glob("*.zip"))
        facts = {
            "files": digest_of(sorted({*stack.input_files(), *packages}), workspace.root),
            "emulator": emulator_digest(),
            "harness": VERSION,
            "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
            "terraform": terraform.version,
            "variables": {name: value for name, value in environ.items() if name.startswith(_VARIABLE_PREFIXES)},
            "stack": str(stack.folder),
            "instance": dict(instance),
        }
        return cls(stack, hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest())

    def key(self) -> str:
        """The cache key, with the provider versions that the lock file chooses now."""
        lock = self.stack.folder / LOCK_NAME
        providers = lock.read_bytes() if lock.is_file() else b""
        return hashlib.sha256(self.digest.encode() + b"\0" + providers).hexdigest()[:32]


@dataclass(frozen=True)
class WarmStore:
    """The kept applies of a workspace, in `.harness/warm/<key>/`; the snapshots themselves are the emulator's."""

    workspace: Workspace

    def has(self, key: str) -> bool:
        return (self.workspace.warm / key / _RECORD).is_file()

    def save(self, key: str, admin: Admin, state_file: Path) -> None:
        """Keep the emulator's state and the Terraform state under `key`; forget all but the newest five.

        Raises AdminError when the emulator cannot make the snapshot.
        """
        state = state_file.read_bytes() if state_file.is_file() else b""
        folder = self.workspace.warm / key
        shutil.rmtree(folder, ignore_errors=True)
        admin.save_snapshot(f"warm-{key}")
        write_atomically(folder / _STATE, state)
        record = {
            "state_sha256": hashlib.sha256(state).hexdigest(),
            "saved": time.time(),
            "state_file": str(state_file),
        }
        write_atomically(folder / _RECORD, json.dumps(record))
        self._forget_old(admin)

    def restore(self, key: str, admin: Admin, state_file: Path) -> str | None:
        """Restore what was kept under `key`; returns None on success, else why it could not be used.

        A failure leaves the emulator empty and the entry deleted, so that an apply can follow.
        """
        folder = self.workspace.warm / key
        record = read_json(folder / _RECORD) or {}
        try:
            state = (folder / _STATE).read_bytes()
        except OSError:
            state = None
        if state is None or hashlib.sha256(state).hexdigest() != record.get("state_sha256"):
            why = "its Terraform state is damaged"
        else:
            try:
                admin.restore_snapshot(f"warm-{key}")
            except AdminError as error:
                why = f"its snapshot could not be restored: {error.sentence}"
                admin.reset()
            else:
                if state:
                    write_atomically(state_file, state)
                return None
        self._forget(key, admin)
        return why

    def _forget_old(self, admin: Admin) -> None:
        entries = [(float((read_json(path) or {}).get("saved", 0)), path.parent.name) for path in self._records()]
        for _, key in sorted(entries, reverse=True)[KEPT:]:
            self._forget(key, admin)

    def _records(self) -> list[Path]:
        return list(self.workspace.warm.glob(f"*/{_RECORD}"))

    def _forget(self, key: str, admin: Admin) -> None:
        shutil.rmtree(self.workspace.warm / key, ignore_errors=True)
        try:
            admin.delete_snapshot(f"warm-{key}")
        except AdminError as error:
            if error.status != 404:
                raise


def emulator_digest() -> str:
    """SHA-256 over the emulator's source files."""
    folder = Path(harness.emulator.__file__).parent
    return digest_of(sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"), folder)
