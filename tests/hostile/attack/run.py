"""What a round has at hand."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.attack.findings import Report


@dataclass
class Run:
    """`part` is the round's kind, `number` its place in the run; `upto` ends it early. `scale` is the length of a round
    as a part of the full one."""

    seed: int
    number: int
    part: str
    folder: Path
    report: Report
    scale: float = 1.0
    upto: int | None = None

    def rng(self, *more: object) -> random.Random:
        return random.Random(":".join(map(str, (self.seed, self.part, self.number, *more))))

    @property
    def emulator_seed(self) -> int:
        return self.rng("emulator").randrange(2**31)

    def replay(self, at: int | None = None) -> str:
        upto = f" UPTO={at + 1}" if at is not None else ""
        return f"make attack SEED={self.seed} PART={self.part} ROUND={self.number}{upto}"

    def found(self, kind: str, where: str, text: str, *, at: int | None = None, sample: str = "") -> None:
        self.report.add(kind, where, text, self.replay(at), sample)
