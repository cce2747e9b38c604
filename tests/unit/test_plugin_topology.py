"""What keeps a stack from being applied for tests, and what becomes of emulators whose tests were killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.problem import Problem
from harness.provision.workspace import write_atomically
from harness.targets.embedded import EmbeddedTarget
from harness.targets.process import process_identity
from harness.targets.settings import EmulatorSettings
from harness.testing.opening import end_abandoned
from harness.testing.options import Options
from harness.testing.topology import Provisioner, SuiteWorkspace, Unobtainable, provisioning_environment

FAKE = (sys.executable, str(Path(__file__).with_name("fake_emulator.py")))


def provisioner(root: Path, environ: dict[str, str] | None = None, run: str | None = None) -> Provisioner:
    workspace = SuiteWorkspace(root)
    options = Options(root, str(root / "terraform"), run=run)
    return Provisioner(
        options, workspace, EmbeddedTarget(workspace, 40001, EmulatorSettings("manual", 7)), environ or {}
    )


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    folder = tmp_path / "terraform"
    folder.mkdir()
    (folder / "main.tf").write_text('resource "aws_sqs_queue" "jobs" {}\n')
    return folder


def test_a_folder_without_terraform_is_refused(tmp_path: Path) -> None:
    (tmp_path / "terraform").mkdir()
    with pytest.raises(Problem, match=r"holds no \*\.tf file; name another stack with --harness-stack"):
        provisioner(tmp_path).stack()


def test_a_stack_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="There is no stack"):
        provisioner(tmp_path).stack()


def test_what_failed_for_one_worker_fails_for_the_others_at_once(tmp_path: Path, stack: Path) -> None:
    """Even when the cause is gone meanwhile; the next run tries again."""
    with pytest.raises(Unobtainable, match="TF_CMD names no-terraform"):
        provisioner(tmp_path, {"TF_CMD": "no-terraform"}, "run 1").provide()
    (stack / "main.tf").unlink()
    with pytest.raises(Unobtainable, match="TF_CMD names no-terraform"):
        provisioner(tmp_path, run="run 1").provide()
    with pytest.raises(Problem, match=r"holds no \*\.tf file"):
        provisioner(tmp_path, run="run 2").provide()


def test_the_developers_account_is_kept_from_terraform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("TF_VAR_stage", "test")
    environ = provisioning_environment()
    assert {name: value for name, value in environ.items() if name.startswith("AWS_")} == {"AWS_REGION": "eu-west-1"}
    assert environ["TF_VAR_stage"] == "test"


def test_the_emulator_of_a_killed_test_process_is_ended(tmp_path: Path) -> None:
    """And its files are removed; one whose owner lives is left alone."""
    workspace = SuiteWorkspace(tmp_path)
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = {"pid": killed.pid, "identity": process_identity(killed.pid)}
    target = EmbeddedTarget(workspace, 0, command=FAKE)
    instance = target.start()
    try:
        write_atomically(workspace.instance(target.port) / "owner.json", json.dumps(owner))
        end_abandoned(workspace)
        assert process_identity(instance.pid) is not None

        killed.kill()
        killed.communicate()
        end_abandoned(workspace)
        assert process_identity(instance.pid) is None
        assert not workspace.instance(target.port).exists()
    finally:
        target.stop()
