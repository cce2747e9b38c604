"""The whole set of drills: how much virtual time passes per second of real time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.contenders import ROOT

Row = tuple[str, str, str, str, str]
_NAME = "drills, simulated seconds per real second (real seconds of the whole set)"


def drill_row() -> Row:
    """The row for the table; if a drill fails, it says so."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "harness.cli", "drill", "all", "--json", str(report)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if ended.returncode:
            return (_NAME, "cannot: a drill does not pass", "", "", "")
        figures = json.loads(report.read_text())
    speed, real = figures["simulated_seconds_per_real_second"], figures["real_seconds"]
    return (_NAME, f"{speed:,.0f} ({real:.0f} s, {figures['counts']['pass']} drills)", "", "", "")
