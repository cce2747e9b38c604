"""The parts of an attack, and how often each has its turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.hostile.attack import damage, disk, host, kills, wire
from tests.hostile.attack.findings import Report
from tests.hostile.attack.run import Run

PARTS: dict[str, Callable[[Run], None]] = {
    "wire": wire.play,
    "kills": kills.play,
    "damage": damage.play,
    "disk": disk.play,
    "host": host.play,
}
SCHEDULE = ("wire", "wire", "kills", "wire", "damage", "wire", "disk", "wire", "host", "wire")


def play(
    part: str, seed: int, number: int, folder: Path, report: Report, *, scale: float = 1.0, upto: int | None = None
) -> None:
    """One round; what it finds is in the report."""
    run = Run(seed, number, part, folder, report, scale, upto)
    report.counts[f"rounds of {part}"] += 1
    PARTS[part](run)
