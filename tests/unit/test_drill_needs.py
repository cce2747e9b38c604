"""What drills ask of their target follows from what they do; a target that lacks it skips them with the reason."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.drills import all_drills, drills_named, run_drills
from harness.drills.drill import Act, Answers, Send, rule
from harness.drills.needs import lacking, needs
from harness.provision.workspace import Workspace
from harness.targets import CAPABILITIES, Capability
from tests.unit.drills_at_hand import drill, results


@pytest.mark.parametrize(
    ("members", "capability", "why"),
    [
        ({}, "clock", "its plan moves time"),
        ({"faults": [rule("a", "latency"), rule("b", "error")]}, "faults", "error, latency"),
        ({"scripts": [Answers("h", [])]}, "sinks", "HTTP endpoint"),
        ({"system": "log-relay"}, "sinks", "HTTP endpoint"),
        ({"durable": True}, "restart", "killed"),
        ({"plan": [Act(print, "x", container="edge"), Send(10)]}, "containers", "container edge"),
    ],
)
def test_needs_follow_from_what_a_drill_does(members: dict[str, object], capability: str, why: str) -> None:
    plain = drill()
    assert why in needs(drill(**members))[Capability(capability)]
    assert members == {} or capability not in needs(plain)
    (sentence,) = [each for each in lacking(drill(**members), "moon", {"reset", "clock"} - {capability}) if why in each]
    assert sentence.startswith(f"needs {capability} (") and sentence.endswith("which the target moon does not have")


def test_every_target_knows_what_it_can_play() -> None:
    """All but the drills on containers run on the embedded target, all on containers, none in real time."""
    drills = all_drills()
    on_containers = [each.name for each in drills if "containers" in needs(each)]
    assert len(on_containers) >= 4
    assert [d.name for d in drills if lacking(d, "embedded", CAPABILITIES["embedded"])] == on_containers
    assert not [d.name for d in drills if lacking(d, "localstack", CAPABILITIES["localstack"])]
    assert all(lacking(d, "aws", CAPABILITIES["aws"]) for d in drills)


def test_skipped_drills_start_nothing_and_pass_nothing(tmp_path: Path) -> None:
    """No emulator is started for them; a run in which nothing was played has not passed."""
    found = run_drills(drills_named(["edge-killed"]), 7, Workspace(tmp_path))
    assert found.words == {"skipped": 1} and not found.passed
    assert "needs containers" in found.results[0].verdict.reasons[0]
    assert not Workspace(tmp_path).home.exists()


def test_what_was_skipped_does_not_fail_the_rest() -> None:
    assert results("pass", "skipped").passed
    assert not results("pass", "skipped", "unknown").passed


def test_the_reason_is_in_every_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Console, HTML, JSON and JUnit say why."""
    monkeypatch.chdir(tmp_path)
    files = {form: tmp_path / f"report.{form}" for form in ("html", "json", "xml")}
    options = [f"--report={files['html']}", f"--json={files['json']}", f"--junit={files['xml']}"]
    ended = CliRunner().invoke(app, ["drill", "run", "iot-bucket-gone", "--target", "aws", *options])
    assert ended.exit_code == 1
    reason = "needs clock (its plan moves time), which the target aws does not have"
    assert reason in " ".join(ended.output.split()) and "1 drills: 1 skipped" in ended.output
    assert reason in files["html"].read_text() and 'class="word skipped"' in files["html"].read_text()
    content = json.loads(files["json"].read_text())
    assert content["counts"]["skipped"] == 1 and reason in content["drills"][0]["reasons"]
    (suite,) = ET.parse(files["xml"]).iter("testsuite")
    assert suite.get("skipped") == "1"
    (skipped,) = suite.iter("skipped")
    assert reason in str(skipped.get("message"))
    assert not list(suite.iter("failure")) and not list(suite.iter("error"))


def test_an_unknown_target_is_one_sentence() -> None:
    ended = CliRunner().invoke(app, ["drill", "run", "iot-bucket-gone", "--target", "moon"])
    assert ended.exit_code == 1 and "There is no target moon" in ended.output
