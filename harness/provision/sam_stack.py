"""A SAM stack: a folder with a `template.yaml` and the `samconfig.toml` that names its CloudFormation stack."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.problem import Problem
from harness.provision.stack import SAM_STACKS, files_below
from harness.provision.workspace import Workspace

TEMPLATE = "template.yaml"
CONFIG = "samconfig.toml"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class SamStack:
    """A SAM project. `name` is the folder's name."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def stack_name(self) -> str:
        """Of the CloudFormation stack. Raises Problem where samconfig.toml has none."""
        name = self._parameters("global").get("stack_name") or self._parameters("deploy").get("stack_name")
        if not name:
            raise Problem(f"{self.folder / CONFIG} has no stack_name; `sam deploy --guided` writes one.")
        return str(name)

    @cached_property
    def region(self) -> str:
        """Where samconfig.toml has `sam deploy` go."""
        return str(self._parameters("deploy").get("region") or DEFAULT_REGION)

    def input_files(self) -> Iterator[Path]:
        """Every file that may decide what a build and a deploy do."""
        yield from sorted(files_below(self.folder))

    def _parameters(self, command: str) -> Mapping[str, Any]:
        default: Mapping[str, Any] = self._config.get("default", {})
        parameters: Mapping[str, Any] = default.get(command, {}).get("parameters", {})
        return parameters

    @cached_property
    def _config(self) -> Mapping[str, Any]:
        try:
            return tomllib.loads((self.folder / CONFIG).read_text())
        except FileNotFoundError:
            return {}
        except tomllib.TOMLDecodeError as error:
            raise Problem(f"{self.folder / CONFIG} is not TOML: {error}.") from None


def find_sam_stack(workspace: Workspace, name_or_path: str) -> SamStack | None:
    """The SAM project `sam/<name>`, or the one at that path; None when there is none."""
    folder = workspace.root / SAM_STACKS / name_or_path
    if os.sep in name_or_path or not folder.is_dir():
        folder = Path(name_or_path).expanduser().resolve()
    return SamStack(folder) if (folder / TEMPLATE).is_file() else None
