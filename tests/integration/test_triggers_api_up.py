"""`harness up --stack triggers-api`: the real SAM CLI below the command that users run."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.integration.provisioning import ROOT
from tests.integration.triggers_api import SamSuite


def harness(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the command in that project; returns its exit code and what it printed."""
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "harness.cli", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    return finished.returncode, finished.stdout


def project(sam: SamSuite, folder: Path) -> Path:
    """A project with this one stack, built before, so that its packages need not be fetched again."""
    built, here = sam.runner.stack.folder, folder / "sam" / "triggers-api"
    shutil.copytree(built, here)
    graph = here / ".aws-sam" / "build.toml"
    graph.write_text(graph.read_text().replace(str(built), str(here)))
    shutil.copy(ROOT / "sam" / "requirements.txt", folder / "sam")
    (folder / ".harness").mkdir()
    (folder / ".harness" / "sam-cli").symlink_to(sam.runner.sam.folder)
    return folder


def test_up_deploys_once_and_then_starts_warm(sam: SamSuite, tmp_path: Path) -> None:
    """Built and deployed; unchanged while it runs; restored by the next start; the printed URL answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    folder = project(sam, tmp_path)
    up = ["up", "--stack", "triggers-api", "--port", port, "--clock", "manual"]

    def health(printed: str) -> int:
        found = re.search(rf"curl -sS (http://127\.0\.0\.1:{port}/_aws/execute-api/\w+/prod/v1/health)", printed)
        assert found is not None, printed
        return httpx.get(found[1], timeout=60).status_code

    try:
        code, printed = harness(folder, *up)
        assert code == 0, printed
        assert "triggers-api applied" in printed
        assert health(printed) == 200
        code, printed = harness(folder, *up)
        assert (code, "already running with triggers-api, unchanged" in printed) == (0, True), printed
        harness(folder, "down", "--port", port)
        code, printed = harness(folder, *up)
        assert (code, "triggers-api restored" in printed) == (0, True), printed
        assert health(printed) == 200
    finally:
        harness(folder, "down", "--port", port)
