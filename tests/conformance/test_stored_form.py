"""Snapshots and state folders of another stored form: refused with what to do, by API and CLI, and left as they are."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.emulator.store.form import FORM
from harness.emulator.store.frames import FrameFile, beginning
from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets.embedded import EmbeddedTarget
from harness.targets.settings import EmulatorSettings
from harness.version import VERSION

pytestmark = pytest.mark.emulator_only
TOLD = (
    f"it has the stored form 99 of version 9.0.0, and version {VERSION} reads form {FORM}. Nothing was "
    "changed; version 9.0.0 reads it. "
)


def make_foreign(path: Path) -> bytes:
    """Give the file another stored form; returns its content."""
    file = FrameFile.open(path)
    file.close()
    assert file.facts is not None
    content = beginning({**file.facts, "form": 99, "version": "9.0.0"}) + path.read_bytes()[file.end :]
    path.write_bytes(content)
    return content


def test_another_stored_form_is_refused_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = tmp_path / "state"
    target = EmbeddedTarget(Workspace(tmp_path), 0, settings=EmulatorSettings(clock="manual", state_dir=str(state)))
    target.start()
    try:
        target.admin.save_snapshot("old")
        target.aws.client("kinesis").create_stream(StreamName="present", ShardCount=1)
        snapshot = target.workspace.snapshots / "old.snapshot"
        content = make_foreign(snapshot)
        told = (
            f"snapshot old can't be restored: {TOLD}Remove it with harness snapshot rm old, or put the present "
            "state in its place with harness snapshot save old."
        )
        answer = httpx.post(f"{target.endpoint_url}/_harness/snapshots/old")
        assert (answer.status_code, answer.json()["message"]) == (409, told)
        ran = CliRunner().invoke(app, ["snapshot", "load", "old", "--port", str(target.port)])
        assert ran.exit_code == 1
        assert told in " ".join(ran.output.split())
        assert snapshot.read_bytes() == content
        assert target.aws.client("kinesis").list_streams()["StreamNames"] == ["present"]
    finally:
        target.stop()

    before = {"world.snapshot": make_foreign(state / "world.snapshot")}
    with pytest.raises(Problem) as raised:
        target.start()
    assert f"The state in {state} can't be used: {TOLD}Remove it or choose another --state-dir." in raised.value.detail
    assert {path.name: path.read_bytes() for path in state.iterdir() if path.name != "lock"} == before
