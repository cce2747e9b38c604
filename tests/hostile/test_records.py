"""The record of a running emulator: nobody else removes it, and it comes back if somebody does."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.emulator.record import Record
from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets import process
from harness.targets.embedded import EmbeddedTarget
from harness.targets.instance import forget_instance, load_instance, record_file, remove_files, running_instance

BOUND = 30.0


@pytest.fixture
def target(tmp_path: Path) -> Iterator[EmbeddedTarget]:
    """A running emulator in a workspace of its own."""
    running = EmbeddedTarget(Workspace(tmp_path), 0)
    running.start()
    yield running
    running.stop()


def test_an_emulator_that_lost_its_folder_writes_it_again(target: EmbeddedTarget) -> None:
    before = load_instance(target.workspace, target.port)
    shutil.rmtree(target.workspace.instance(target.port))
    deadline = time.monotonic() + BOUND
    while load_instance(target.workspace, target.port) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert load_instance(target.workspace, target.port) == before
    assert target.stop(), "`harness down` finds it"


def test_a_second_start_on_the_port_leaves_the_first_ones_files(target: EmbeddedTarget) -> None:
    before = load_instance(target.workspace, target.port)
    log = (target.workspace.instance(target.port) / "emulator.log").read_bytes()
    with pytest.raises(Problem):
        EmbeddedTarget(target.workspace, target.port).start()
    assert load_instance(target.workspace, target.port) == before
    assert (target.workspace.instance(target.port) / "emulator.log").read_bytes() == log


def test_only_its_own_record_is_forgotten(target: EmbeddedTarget) -> None:
    mine = load_instance(target.workspace, target.port)
    assert mine is not None
    forget_instance(target.workspace, replace(mine, pid=mine.pid + 1))
    forget_instance(target.workspace, replace(mine, identity="start 1"))
    remove_files(target.workspace, target.port)  # as after a run that had the same port before
    assert running_instance(target.workspace, target.port) == mine


def test_what_can_not_be_told_is_not_forgotten(target: EmbeddedTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = load_instance(target.workspace, target.port)

    def no_more_files(self: Path) -> str:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        if sys.platform == "linux":
            patch.setattr(Path, "read_text", no_more_files)
        assert running_instance(target.workspace, target.port) == mine
    with monkeypatch.context() as patch:  # a command in a container does not see the process, but its port
        patch.setattr("harness.targets.instance.process_identity", lambda pid: None)
        assert running_instance(target.workspace, target.port) == mine
        with pytest.raises(Problem, match="another container"):
            target.stop()
    assert process.process_identity(os.getpid()) is not None


def test_a_record_is_not_written_into_a_project_that_is_gone(tmp_path: Path) -> None:
    path = record_file(Workspace(tmp_path / "project"), 4599)
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    record = Record(path)
    record.look()
    path.unlink()
    record.look()
    assert path.read_text() == "{}"
    shutil.rmtree(tmp_path / "project")
    record.look()
    assert not (tmp_path / "project").exists()


def test_the_folders_are_the_users_own(target: EmbeddedTarget) -> None:
    assert target.workspace.home.stat().st_mode & 0o777 == 0o700
