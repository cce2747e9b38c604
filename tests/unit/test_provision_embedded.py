"""The supervisor of the emulator process, with a small script in the emulator's place."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets import embedded
from harness.targets.embedded import EmbeddedTarget
from harness.targets.instance import load_instance, running_instance
from harness.targets.process import end_process, process_identity

FAKE = (sys.executable, str(Path(__file__).with_name("fake_emulator.py")))


@pytest.fixture
def target(tmp_path: Path) -> Iterator[EmbeddedTarget]:
    target = EmbeddedTarget(Workspace(tmp_path), 0, command=FAKE)
    yield target
    target.stop()


def record(target: EmbeddedTarget) -> Path:
    return target.workspace.instance(target.port) / "instance.json"


def test_process_that_ends_at_once_shows_its_log(target: EmbeddedTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_FAKE_FAIL", "1")
    with pytest.raises(Problem, match=r"ended at once \(exit code 1\)") as raised:
        target.start()
    assert raised.value.detail == "cannot start: no reason given"
    assert target.running() is None
    assert not record(target).exists()


def test_process_that_never_gets_ready_is_ended(target: EmbeddedTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_READY_SECONDS", 0.2)
    target.command = (sys.executable, "-c", "import time; time.sleep(300)")
    with pytest.raises(Problem, match="not ready"):
        target.start()
    assert target._child is not None
    assert target._child.returncode is not None
    assert target.running() is None


def test_port_of_another_program_is_refused_and_left_alone(target: EmbeddedTarget) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        target.port = other.getsockname()[1]
        with pytest.raises(Problem, match=rf"Port {target.port} is in use by another program"):
            target.start()
    assert not record(target).exists()


def test_port_of_another_folders_emulator_is_refused(target: EmbeddedTarget, tmp_path: Path) -> None:
    instance = target.start()
    other = EmbeddedTarget(Workspace(tmp_path / "elsewhere"), instance.port, command=FAKE)
    with pytest.raises(
        Problem, match=rf"in use by an emulator that was not started from .*elsewhere \(pid {instance.pid}\)"
    ):
        other.start()
    assert not other.stop()
    assert target.running() == instance


def test_answer_of_another_process_is_not_taken_for_ready(
    target: EmbeddedTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_FAKE_PID", "1")
    with pytest.raises(Problem, match=r"answered by another process \(pid 1\)"):
        target.start()
    assert target.running() is None


def test_record_of_a_process_that_is_gone_is_stale(target: EmbeddedTarget) -> None:
    instance = target.start()
    assert target._child is not None
    target._child.kill()
    target._child.wait()
    assert target.running() is None
    assert not record(target).exists()
    assert target.start().pid != instance.pid


def test_later_process_with_the_same_pid_is_never_stopped(target: EmbeddedTarget) -> None:
    target.start()
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    try:
        content = json.loads(record(target).read_text())
        own, content["pid"] = content["pid"], bystander.pid
        record(target).write_text(json.dumps(content))
        assert not target.stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
        end_process(own, process_identity(own) or "", 5, target._child)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": 1}'])
def test_damaged_record_counts_as_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / ".harness" / "4599" / "instance.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert running_instance(Workspace(tmp_path), 4599) is None


def test_stubborn_process_is_killed_with_its_group(target: EmbeddedTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_FAKE_STUBBORN", "1")
    monkeypatch.setattr(embedded, "_STOP_SECONDS", 0.2)
    instance = target.start()
    assert target.stop()
    assert process_identity(instance.pid) is None


def test_started_by_one_command_and_stopped_by_another(target: EmbeddedTarget) -> None:
    instance = target.start()
    assert os.getpgid(instance.pid) == instance.pid
    later = EmbeddedTarget(target.workspace, instance.port)
    assert later.running() == load_instance(target.workspace, instance.port) == instance
    assert later.admin.health()["pid"] == instance.pid
    # Only the parent can reap it, so the later command sees a zombie, which counts as gone.
    assert later.stop()
    assert later.running() is None
    assert not later.stop()
