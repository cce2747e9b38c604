"""`harness up` and `down` from the outside, with small scripts in the places of Terraform and the emulator."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.cli import app
from harness.provision import warm
from harness.provision.workspace import Workspace
from harness.targets import table
from harness.targets.embedded import EmbeddedTarget
from harness.targets.instance import load_instance
from harness.targets.process import process_identity

FAKE = (sys.executable, str(Path(__file__).with_name("fake_emulator.py")))
SUBMIT_URL = "http://127.0.0.1:1/_aws/execute-api/abc/$default/submit"
STATE = json.dumps({"outputs": {"submit_url": {"value": SUBMIT_URL}, "bucket": {"value": "b"}}})
DIAGNOSTIC = {"severity": "error", "summary": "queue is broken"}
ERROR = json.dumps({"type": "diagnostic", "diagnostic": DIAGNOSTIC})

# Counts its applies; fails while $FAKE_ERROR is set; else writes the state where -state says.
FAKE_TERRAFORM = f"""#!/bin/sh
if [ "$1" = version ]; then echo '{{"terraform_version": "1.11.4"}}'; exit 0; fi
if [ "$1" = init ]; then mkdir -p "$TF_DATA_DIR/providers"; exit 0; fi
echo "$1" >>"$FAKE_CALLS"
if [ -n "$FAKE_HANG" ]; then echo $$ >"$FAKE_HANG.part"; mv "$FAKE_HANG.part" "$FAKE_HANG"; exec sleep 300; fi
if [ -n "$FAKE_ERROR" ]; then echo '{ERROR}'; exit 1; fi
for argument; do case "$argument" in -state=*) echo '{STATE}' >"${{argument#-state=}}";; esac; done
"""


class Project:
    """A project folder with one stack, and the commands run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workspace = Workspace(root)
        self.stack = root / "terraform" / "stacks" / "full" / "main.tf"
        self.stack.parent.mkdir(parents=True)
        self.stack.write_text("# one resource")
        (root / ".git").mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(app, [*arguments, "--port", str(self.port)])
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def applies(self) -> int:
        calls = self.root / "calls"
        return len(calls.read_text().splitlines()) if calls.exists() else 0

    def pid(self) -> int | None:
        instance = EmbeddedTarget(self.workspace, self.port).running()
        return instance.pid if instance else None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    project = Project(tmp_path)
    terraform = tmp_path / "bin" / "terraform"
    terraform.parent.mkdir()
    terraform.write_text(FAKE_TERRAFORM)
    terraform.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TF_CMD", str(terraform))
    monkeypatch.setenv("FAKE_CALLS", str(tmp_path / "calls"))
    # The sources may change while a developer runs the tests.
    monkeypatch.setattr(warm, "emulator_digest", lambda: "constant")
    monkeypatch.setattr(table, "EmbeddedTarget", functools.partial(EmbeddedTarget, command=FAKE))
    yield project
    project.run("down")


def test_terraform_error_stops_the_emulator_that_was_started_for_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ERROR", "1")
    result = project.run("up")
    assert result.exit_code == 1
    assert "harness: terraform apply ended with one error in terraform/stacks/full." in result.output
    assert "Error: queue is broken" in result.output
    assert project.pid() is None


def test_terraform_error_keeps_an_emulator_that_ran_before(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.run("up", "--no-stack").exit_code == 0
    pid = project.pid()
    monkeypatch.setenv("FAKE_ERROR", "1")
    assert project.run("up").exit_code == 1
    assert project.pid() == pid
    assert "its last apply failed" in CliRunner().invoke(app, ["status"]).output
    monkeypatch.delenv("FAKE_ERROR")
    assert project.run("up").exit_code == 0
    assert project.applies() == 2


def test_permissions_are_a_matter_of_the_start(project: Project) -> None:
    assert "--iam strict is not a mode" in project.run("up", "--no-stack", "--iam", "strict").output
    assert project.run("up", "--no-stack", "--iam", "enforce").exit_code == 0
    assert project.run("up", "--no-stack").exit_code == 0
    assert project.run("up", "--no-stack", "--iam", "enforce").exit_code == 0
    other = project.run("up", "--no-stack", "--iam", "off")
    assert other.exit_code == 1
    assert "runs with --iam enforce; stop it first" in " ".join(other.output.split())


def test_allowed_hosts_are_a_matter_of_the_start(project: Project) -> None:
    allow = ("--allow-host", "b.example", "--allow-host", "a.example")
    assert project.run("up", "--no-stack", *allow).exit_code == 0
    assert project.run("up", "--no-stack").exit_code == 0
    assert project.run("up", "--no-stack", *allow[2:], *allow[:2]).exit_code == 0
    other = project.run("up", "--no-stack", "--allow-host", "c.example")
    assert other.exit_code == 1
    assert "runs with --allow-host a.example, b.example; stop it first" in " ".join(other.output.split())


def test_allowed_origins_are_a_matter_of_the_start(project: Project) -> None:
    assert project.run("up", "--no-stack", "--allow-origin", "http://localhost:3000").exit_code == 0
    assert project.run("up", "--no-stack").exit_code == 0
    other = project.run("up", "--no-stack", "--allow-origin", "http://localhost:3001")
    assert other.exit_code == 1
    assert "runs with --allow-origin http://localhost:3000; stop it first" in " ".join(other.output.split())
    other = project.run("up", "--no-stack", "--verify-signatures")
    assert "runs with --verify-signatures off; stop it first" in " ".join(other.output.split())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_during_an_apply_leaves_no_process(
    project: Project, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    """The command in a process of its own, stopped while Terraform runs."""
    pid_file = project.root / "terraform.pid"
    monkeypatch.setenv("FAKE_HANG", str(pid_file))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    program = (
        "import functools\n"
        "from harness.cli import app\n"
        "from harness.targets import table\n"
        "from harness.targets.embedded import EmbeddedTarget\n"
        f"table.EmbeddedTarget = functools.partial(EmbeddedTarget, command={FAKE!r})\n"
        f"app(['up', '--port', '{project.port}'])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 30
        while not pid_file.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        emulator = project.pid()
        assert emulator is not None
        process.send_signal(number)
        output = process.communicate(timeout=30)[0].decode()
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code, output
    assert "Traceback" not in output
    assert process_identity(emulator) is None
    assert process_identity(int(pid_file.read_text())) is None


def test_port_in_use_is_one_sentence(project: Project) -> None:
    with socket.create_server(("127.0.0.1", project.port)):
        result = project.run("up", "--no-stack")
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) <= 2
    assert f"Port {project.port} is in use by another program" in result.output


def test_missing_terraform_is_one_sentence_and_starts_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CMD", "no-such-terraform")
    result = project.run("up")
    assert result.exit_code == 1
    assert "TF_CMD names no-such-terraform" in result.output
    assert project.pid() is None


def test_state_of_a_real_account_is_not_overwritten(project: Project) -> None:
    state = project.workspace.instance(project.port) / "full.tfstate"
    state.parent.mkdir(parents=True)
    state.write_text('"arn:aws:sqs:eu-west-1:210987654321:q"')
    result = project.run("up")
    assert result.exit_code == 1
    assert "210987654321" in result.output
    assert state.exists()
    assert project.pid() is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--target", "aws"], "nothing to start on aws"),
        (["--target", "moon"], "There is no target moon"),
        (["--clock", "fast"], "--clock fast is not a clock"),
        (["--stack", "nix"], "There is no stack nix"),
        (["--stack", "full", "--no-stack"], "cannot be used together"),
    ],
)
def test_wrong_options_are_one_sentence(project: Project, arguments: list[str], sentence: str) -> None:
    result = project.run("up", *arguments)
    assert result.exit_code == 1
    assert sentence in result.output


def test_empty_stack_folder_is_told(project: Project) -> None:
    project.stack.unlink()
    result = project.run("up")
    assert result.exit_code == 1
    assert "holds no *.tf file" in result.output


def test_damaged_snapshot_falls_back_to_an_apply(project: Project) -> None:
    project.run("up")
    project.run("down")
    (snapshot,) = project.workspace.snapshots.iterdir()
    snapshot.write_text("damaged")
    result = project.run("up")
    assert result.exit_code == 0
    assert "not possible: its snapshot could not be restored" in result.output
    assert project.applies() == 2


def test_running_emulator_with_other_options_is_not_replaced(project: Project) -> None:
    project.run("up", "--no-stack")
    result = project.run("up", "--no-stack", "--clock", "manual")
    assert result.exit_code == 1
    assert "runs with --clock real" in result.output


def test_up_shows_endpoints_and_a_curl_line(project: Project) -> None:
    output = project.run("up").output
    assert f"http://127.0.0.1:{project.port}" in output
    assert f"submit_url    {SUBMIT_URL}" in output
    assert f"curl -sS -X POST '{SUBMIT_URL}'" in output


def test_second_up_does_nothing(project: Project) -> None:
    project.run("up")
    pid = project.pid()
    result = project.run("up")
    assert result.exit_code == 0
    assert "already running with full, unchanged" in result.output
    assert SUBMIT_URL in result.output
    assert (project.pid(), project.applies()) == (pid, 1)


def test_changed_stack_is_applied_to_the_running_emulator(project: Project) -> None:
    project.run("up")
    pid = project.pid()
    project.stack.write_text("# two resources")
    assert project.run("up").exit_code == 0
    assert (project.pid(), project.applies()) == (pid, 2)


def test_next_start_is_warm_and_fresh_is_not(project: Project) -> None:
    project.run("up")
    project.run("down")
    warm = project.run("up")
    assert "full restored" in warm.output
    assert SUBMIT_URL in warm.output
    assert project.applies() == 1
    project.run("down")
    assert "full applied" in project.run("up", "--fresh").output
    assert project.applies() == 2


def test_changed_stack_is_not_started_warm(project: Project) -> None:
    project.run("up")
    project.run("down")
    project.stack.write_text("# two resources")
    assert "full applied" in project.run("up").output


def test_terraform_state_stays_with_the_state_directory(project: Project) -> None:
    arguments = ("up", "--state-dir", "kept")
    project.run(*arguments)
    project.run("down")
    shutil.rmtree(project.workspace.instance(project.port))
    result = project.run(*arguments)
    assert "full restored" in result.output
    assert SUBMIT_URL in result.output
    assert project.applies() == 1


def test_state_directory_of_a_killed_emulator_is_applied_again(project: Project) -> None:
    project.run("up", "--state-dir", "kept")
    pid = project.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    result = project.run("up", "--state-dir", "kept")
    assert "full applied" in result.output


def test_down_stops_and_says_when_there_is_nothing(project: Project) -> None:
    project.run("up", "--no-stack")
    pid = project.pid()
    assert pid is not None
    assert "stopped" in project.run("down").output
    assert load_instance(project.workspace, project.port) is None
    assert "nothing was running" in project.run("down").output
    assert "nothing is running" in CliRunner().invoke(app, ["status"]).output


def test_down_all_stops_every_port(project: Project) -> None:
    project.run("up", "--no-stack")
    assert CliRunner().invoke(app, ["down", "--all"]).exit_code == 0
    assert project.pid() is None


def test_log_is_printed(project: Project) -> None:
    assert project.run("logs").exit_code == 1
    project.run("up", "--no-stack")
    assert f"ready http://127.0.0.1:{project.port}" in project.run("logs").output


def test_unexpected_error_is_kept_in_a_file(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.cli.look.target_on", lambda *_: 1 / 0)
    result = project.run("logs")
    assert result.exit_code == 1
    assert "internal error (ZeroDivisionError" in result.output
    assert "ZeroDivisionError" in (project.workspace.home / "error.txt").read_text()
    assert os.getcwd() == str(project.root)
