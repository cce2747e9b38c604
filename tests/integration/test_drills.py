"""All drills, through the command; and the same seed again."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.drills import all_drills, drills_named, run_drills
from harness.drills.needs import needs
from harness.drills.reports import as_json
from harness.drills.result import Results
from harness.provision.workspace import Workspace

REPEATED = [
    "iot-poor-readings",
    "iot-put-records-partly-fails",
    "iot-destination-down-for-a-day",
    "log-relay-endpoint-down",
    "log-relay-marked-records-fail",
    "events-poison-bisected",
    "submit-stream-answer-lost",
]


def test_every_drill_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 0, nothing but passes in all three forms of the report, and no emulator is left behind."""
    (tmp_path / ".harness").mkdir()
    monkeypatch.chdir(tmp_path)
    files = [tmp_path / f"report.{form}" for form in ("html", "json", "xml")]
    options = [f"{option}={path}" for option, path in zip(("--report", "--json", "--junit"), files, strict=True)]
    ended = CliRunner().invoke(app, ["drill", "all", "--seed", "11", *options])
    assert ended.exit_code == 0, ended.output
    content = json.loads(files[1].read_text())
    played = [drill for drill in all_drills() if "containers" not in needs(drill)]
    skipped = len(all_drills()) - len(played)
    assert content["counts"] == {"pass": len(played), "fail": 0, "unknown": 0, "skipped": skipped}
    assert content["virtual_seconds"] > 5 * 86400
    names = [drill["name"] for drill in content["drills"]]
    html = files[0].read_text()
    assert all(f'id="{name}"' in html for name in names)
    assert "http://" not in html.replace("http://127.0.0.1", "") and "https://" not in html
    assert [case.get("name") for case in ET.parse(files[2]).iter("testcase")] == names
    assert not Workspace(tmp_path).known_ports()


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    drills = drills_named(REPEATED)
    first, second = (run_drills(drills, 3, Workspace(tmp_path)) for _ in range(2))
    assert first.passed
    assert _figures(first) == _figures(second)


def _figures(results: Results) -> Any:
    """The JSON report without what was measured in real time, and without the emulator's port."""
    content = json.loads(as_json.render(results))
    for name in ("real_seconds", "simulated_seconds_per_real_second"):
        del content[name]
    for drill in content["drills"]:
        del drill["real_ms"], drill["ledger"]
        drill["records"]["copies"] = sorted(drill["records"]["copies"].values())
    return content
