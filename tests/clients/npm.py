"""Packages from npm for tests of clients: installed once for all runs, in `build/`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / "build" / "clients"
_INSTALL_SECONDS = 240


def project(name: str) -> Path:
    """The folder `tests/clients/<name>` with its packages installed beside copies of its scripts.

    Skips the test where Node or the network is missing; in CI that is a failure.
    """
    source = HERE / name
    manifest = (source / "package.json").read_bytes()
    folder = CACHE / f"{name}-{hashlib.sha256(manifest).hexdigest()[:12]}"
    if not (folder / "node_modules").is_dir():
        _install(source, folder)
    for script in source.glob("*.mjs"):
        copy = folder / script.name
        if not copy.exists() or copy.read_bytes() != script.read_bytes():
            _put(script, copy)
    return folder


def node(script: Path, url: str, *arguments: str) -> str:
    """What a script prints, run with the environment that leads any AWS SDK to `url`. Fails with what it said."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(script.parent),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    ended = subprocess.run(
        ["node", str(script), *arguments], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def _install(source: Path, folder: Path) -> None:
    """Into a folder of its own first: processes of one run may install at the same time."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        _missing("Node.js and npm are not on PATH")
    making = folder.with_name(f"{folder.name}.{os.getpid()}.{time.monotonic_ns()}")
    making.mkdir(parents=True)
    shutil.copy(source / "package.json", making)
    command = [str(npm), "install", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        ended = subprocess.run(command, cwd=making, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
        if ended.returncode:
            _missing(f"npm could not install the packages of {source.name}: {ended.stderr.strip()[-300:]}")
        try:
            making.rename(folder)
        except OSError:
            assert (folder / "node_modules").is_dir()
    except subprocess.TimeoutExpired:
        _missing(f"npm did not install the packages of {source.name} within {_INSTALL_SECONDS} s")
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _put(script: Path, copy: Path) -> None:
    making = copy.with_name(f"{copy.name}.{os.getpid()}")
    shutil.copy(script, making)
    making.replace(copy)


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"a client can't be tested: {reason}")
    pytest.skip(f"NOT TESTED: {reason}")
