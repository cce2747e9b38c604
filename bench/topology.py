"""`make up` of the full topology: cold (share of wall time spent in the emulator) and warm."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

from bench.contenders import ROOT, free_port
from harness.targets.admin import Admin

Row = tuple[str, str, str, str, str]


def topology_rows() -> list[Row]:
    """Rows for the table; a row that could not be measured says why."""
    port = free_port()
    try:
        cold, share = _up(port, "--fresh")
        _down(port)
        warm, _ = _up(port)
        clean = _restore(port)
    except subprocess.CalledProcessError as error:
        why = (error.stderr or error.stdout or "").strip().splitlines()[-1:]
        return [("make up, cold", f"cannot: {why}", "", "", "")]
    finally:
        _down(port)
    return [
        (
            "make up, cold (terraform apply of the full stack), s; CPU share of the emulator",
            f"{cold:.0f}; {share:.1%}",
            "",
            "",
            "",
        ),
        ("make up, warm, s", f"{warm:.2f}", "", "", ""),
        ("the full topology clean again for the next test (snapshot restore), s", f"{clean:.3f}", "", "", ""),
    ]


def _up(port: int, *options: str) -> tuple[float, float]:
    """(wall seconds, emulator's CPU seconds over wall seconds)."""
    command = [sys.executable, "-m", "harness.cli", "up", "--port", str(port), *options]
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - begun
    instance = json.loads((ROOT / ".harness" / str(port) / "instance.json").read_text())
    with open(f"/proc/{instance['pid']}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return wall, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") / wall


def _restore(port: int) -> float:
    """Median seconds of 20 restores of the topology's snapshot in a running emulator."""
    admin = Admin(f"http://127.0.0.1:{port}")
    admin.save_snapshot("bench")
    seconds = []
    for _ in range(20):
        begun = time.perf_counter()
        admin.restore_snapshot("bench")
        seconds.append(time.perf_counter() - begun)
    admin.delete_snapshot("bench")
    return statistics.median(seconds)


def _down(port: int) -> None:
    subprocess.run([sys.executable, "-m", "harness.cli", "down", "--port", str(port)], cwd=ROOT, capture_output=True)
