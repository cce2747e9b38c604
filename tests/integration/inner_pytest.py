"""pytest in a project of its own, as a user of the plugin runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.integration.provisioning import ROOT

_TIMEOUT_SECONDS = 280


@dataclass(frozen=True)
class Finished:
    """A run that ended."""

    code: int
    said: str


def run_pytest(folder: Path, *arguments: str, **variables: str) -> Finished:
    """Run pytest in the folder. An account of the developer's is in the environment, and must not be used."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    environ |= {
        "PYTHONPATH": str(ROOT),
        "AWS_PROFILE": "no-such-profile",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environ | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_SECONDS,
    )
    return Finished(finished.returncode, finished.stdout)


def emulators_left(folder: Path) -> list[Path]:
    """Records of emulators that were started for the folder's tests and not ended."""
    return list((folder / ".harness" / "pytest").glob("*/instance.json"))
