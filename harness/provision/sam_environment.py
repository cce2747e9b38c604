"""SAM CLI: the pinned release from PyPI, in an environment of its own that is made on first use (`.harness/sam-cli`).

Not in ours, because its dependencies are pinned to other versions.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.problem import Problem
from harness.provision.workspace import Workspace, write_atomically

REQUIREMENTS = Path("sam") / "requirements.txt"
_STAMP = "installed.txt"
_TAIL_LINES = 15


@dataclass(frozen=True)
class SamEnvironment:
    """The environment in `folder`, which holds what `requirements` (the text of the file) pins."""

    folder: Path
    requirements: str

    @classmethod
    def of(cls, workspace: Workspace) -> SamEnvironment:
        """Raises Problem when the project does not pin a SAM CLI."""
        pinned = workspace.root / REQUIREMENTS
        if not pinned.is_file():
            raise Problem(f"There is no {REQUIREMENTS} that pins SAM CLI, such as aws-sam-cli==1.170.0.")
        return cls(workspace.home / "sam-cli", pinned.read_text())

    @property
    def bin(self) -> Path:
        """Holds `sam`, and the Python and pip that `sam build` takes."""
        return self.folder / "bin"

    @property
    def command(self) -> list[str]:
        """Not the script `sam`: its first line names the place where the environment was made."""
        return [str(self.bin / "python"), "-m", "samcli"]

    def is_installed(self) -> bool:
        stamp = self.folder / _STAMP
        return stamp.is_file() and stamp.read_text() == self._wanted and (self.bin / "python").exists()

    def install(self, environ: Mapping[str, str]) -> None:
        """Make the environment anew. Raises Problem when the packages cannot be had."""
        try:
            _run([sys.executable, "-m", "venv", "--clear", str(self.folder)], environ)
            pinned = self.folder / "requirements.txt"
            pinned.write_text(self.requirements)
            # --no-compile: few of its many modules are ever imported.
            _run([str(self.bin / "python"), "-m", "pip", "install", "-q", "--no-compile", "-r", str(pinned)], environ)
        except subprocess.CalledProcessError as error:
            tail = "\n".join(str(error.output).splitlines()[-_TAIL_LINES:])
            raise Problem(
                f"SAM CLI could not be installed into {self.folder} with pip; check the network and pip's settings.",
                tail,
            ) from None
        write_atomically(self.folder / _STAMP, self._wanted)

    @property
    def _wanted(self) -> str:
        return f"# Python {sys.version.split()[0]}\n{self.requirements}"


def _run(command: list[str], environ: Mapping[str, str]) -> None:
    subprocess.run(
        command,
        env=dict(environ),
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
