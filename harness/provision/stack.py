"""A stack: a Terraform root folder, the files it is made of, and where its state lives."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.json_object import Json
from harness.problem import Problem
from harness.provision.workspace import DEFAULT_PORT, Workspace

STATE_NAME = "terraform.tfstate"
LOCK_NAME = ".terraform.lock.hcl"
OVERRIDE_NAME = "localstack_providers_override.tf"
LOCAL_ACCOUNT = "000000000000"

_STACKS = Path("terraform") / "stacks"
SAM_STACKS = Path("sam")
_SOURCE = re.compile(r'^\s*source\s*=\s*"(\.{1,2}/[^"]*)"', re.MULTILINE)
_PATH_EXPRESSION = re.compile(r"\$\{path\.(?:module|root)\}/([^\"$]+)")
_BACKEND = re.compile(r'^\s*(?:backend\s+"(?!local")|cloud\s*\{)', re.MULTILINE)
_ARN_ACCOUNT = re.compile(rb"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):")
_NOT_INPUT = frozenset(
    {".terraform", ".git", ".venv", ".harness", ".aws-sam", "node_modules", "__pycache__", ".pytest_cache"}
)


@dataclass(frozen=True)
class Stack:
    """A Terraform root folder. `name` is the folder's name."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def folders(self) -> list[Path]:
        """The stack's folder and those of all modules that it refers to by a relative path, directly or not."""
        found: list[Path] = []
        waiting = [self.folder]
        while waiting:
            folder = waiting.pop()
            if folder in found:
                continue
            found.append(folder)
            for text in self._texts(folder):
                waiting += [(folder / source).resolve() for source in _SOURCE.findall(text)]
        return sorted(folder for folder in found if folder.is_dir())

    def declares(self, variable: str) -> bool:
        """Whether the root module declares the input variable."""
        pattern = re.compile(rf'^\s*variable\s+"?{re.escape(variable)}"?\s*\{{', re.MULTILINE)
        return any(pattern.search(text) for text in self._texts(self.folder))

    @cached_property
    def has_remote_backend(self) -> bool:
        """Whether the state is kept elsewhere than in a local file."""
        return any(_BACKEND.search(text) for text in self._texts(self.folder))

    def input_files(self) -> list[Path]:
        """Every file whose content decides what an apply does: the folders of the stack and its modules, and files or
        folders that they name relative to `path.module` or `path.root` (Lambda packages, templates)."""
        files: set[Path] = set()
        for folder in self.folders:
            files.update(files_below(folder))
            for text in self._texts(folder):
                for expression in _PATH_EXPRESSION.findall(text):
                    named = (folder / expression).resolve()
                    if named.is_file():
                        files.add(named)
                    elif expression.endswith("/") and named.is_dir() and not self.folder.is_relative_to(named):
                        files.update(files_below(named))
        return sorted(files)

    def is_empty(self) -> bool:
        return not any(self.folder.glob("*.tf")) and not any(self.folder.glob("*.tf.json"))

    def state_file(self, workspace: Workspace, port: int) -> Path:
        """The stack's own folder for the default port, so that Terraform run by hand finds it; else per instance."""
        if port == DEFAULT_PORT:
            return self.folder / STATE_NAME
        return workspace.instance(port) / f"{self.name}.tfstate"

    def _texts(self, folder: Path) -> Iterator[str]:
        for path in sorted(folder.glob("*.tf")):
            if path.name != OVERRIDE_NAME:
                yield path.read_text(errors="replace")


def resolve_stack(workspace: Workspace, name_or_path: str) -> Stack:
    """Return the stack of that name in `terraform/stacks`, or at that path. Raises Problem when there is none."""
    folder = workspace.root / _STACKS / name_or_path
    if os.sep in name_or_path or not folder.is_dir():
        folder = Path(name_or_path).expanduser().resolve()
    if not folder.is_dir():
        folders = [path for kind in (_STACKS, SAM_STACKS) for path in (workspace.root / kind).glob("*")]
        known = ", ".join(sorted(path.name for path in folders if path.is_dir()))
        raise Problem(
            f"There is no stack {name_or_path}: neither {_STACKS}/{name_or_path} nor a folder of that path exists"
            + (f" (stacks here: {known})." if known else "; use --stack PATH or --no-stack.")
        )
    return Stack(folder)


def digest_of(files: Iterable[Path], root: Path) -> str:
    """SHA-256 over the files' places (relative to `root`) and contents."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{os.path.relpath(path, root)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def state_outputs(state_file: Path) -> Json:
    """Names and values of the outputs in a local state file; sensitive ones are left out."""
    try:
        outputs = json.loads(state_file.read_bytes()).get("outputs", {})
    except (OSError, ValueError):
        return {}
    return {name: output["value"] for name, output in outputs.items() if not output.get("sensitive")}


def discard_stale_state(state_file: Path) -> bool:
    """Remove the state of an emulator that is gone; returns whether there was one.

    Raises Problem when the state names a real AWS account: that state is the only record of real resources.
    """
    if not state_file.is_file():
        return False
    accounts = {account.decode() for account in _ARN_ACCOUNT.findall(state_file.read_bytes())} - {LOCAL_ACCOUNT}
    if accounts:
        raise Problem(
            f"{state_file} belongs to AWS account {', '.join(sorted(accounts))} and not to the emulator; "
            "move it away, or use another port (its state is kept apart)."
        )
    state_file.unlink()
    state_file.with_name(f"{state_file.name}.backup").unlink(missing_ok=True)
    return True


def files_below(folder: Path) -> Iterator[Path]:
    """Every file that is an input of the folder's stack, in no order: not what tools leave behind there."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NOT_INPUT]
        for name in names:
            if not (name in (LOCK_NAME, OVERRIDE_NAME) or name.startswith(STATE_NAME) or name.endswith(".pyc")):
                yield Path(parent) / name
