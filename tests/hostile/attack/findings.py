"""What an attack found: told once for each kind, with a count and the line that plays it again."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Finding:
    """`kind` is one of KINDS. `where` tells those of one kind apart: service and operation, or an exception's place."""

    kind: str
    where: str
    text: str
    replay: str
    sample: str = ""
    count: int = 1


@dataclass
class Report:
    seed: int
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    """Requests by `service protocol`."""
    answered: Counter[str] = field(default_factory=Counter)
    """Answers by class of status: 2xx, 4xx, …"""
    counts: Counter[str] = field(default_factory=Counter)
    """Rounds, kills, acknowledged records, damage cases, and so on."""
    worst_stall: float = 0.0
    """Seconds."""
    peak_rss: int = 0
    """Bytes."""

    def add(self, kind: str, where: str, text: str, replay: str, sample: str = "") -> None:
        found = self.findings.get((kind, where))
        if found is not None:
            found.count += 1
        else:
            self.findings[kind, where] = Finding(kind, where, text[:600], replay, sample[:1500])

    @property
    def failed(self) -> bool:
        return any(found.kind != "behind" for found in self.findings.values())

    def number(self, kind: str) -> int:
        return sum(found.count for found in self.findings.values() if found.kind == kind)

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "sent": dict(self.sent),
            "answered": dict(self.answered),
            "counts": dict(self.counts),
            "worst_stall_ms": round(self.worst_stall * 1000, 1),
            "peak_rss_mb": round(self.peak_rss / 1e6, 1),
            "findings": [asdict(found) for found in self.ordered()],
        }

    def ordered(self) -> list[Finding]:
        return sorted(self.findings.values(), key=lambda found: (found.kind, -found.count, found.where))

    def as_text(self) -> str:
        rows = [("requests sent", f"{sum(self.sent.values()):,}")]
        rows += [(f"  {name}", f"{count:,}") for name, count in sorted(self.sent.items())]
        rows += [(f"answers {name}", f"{count:,}") for name, count in sorted(self.answered.items())]
        rows += [(name, f"{count:,}") for name, count in sorted(self.counts.items())]
        rows += [("worst stall", f"{self.worst_stall * 1000:.0f} ms"), ("peak RSS", f"{self.peak_rss / 1e6:.0f} MB")]
        rows += [(kind, f"{self.number(kind):,}") for kind in KINDS]
        table = "\n".join(f"{name:<36} {value:>12}" for name, value in rows)
        told = [
            f"\n[{found.kind}] {found.where} ({found.count} times)\n  {found.text}\n  {found.replay}"
            for found in self.ordered()
        ]
        return f"seed {self.seed}\n{table}\n{''.join(told)}\n\n{self.as_markdown()}"

    def as_markdown(self) -> str:
        """The run as a table for docs/reliability.md: totals, then each kind of finding with how often it came."""
        rows = [
            ("requests", f"{sum(self.sent.values()):,}"),
            ("answers 2xx / 4xx / 5xx", " / ".join(f"{self.answered[name]:,}" for name in ("2xx", "4xx", "5xx"))),
            *((name, f"{count:,}") for name, count in sorted(self.counts.items())),
            ("worst wait of other callers", f"{self.worst_stall * 1000:.0f} ms"),
            ("largest process", f"{self.peak_rss / 1e6:.0f} MB"),
            *((f"{kind}: {text}", f"{self.number(kind):,}") for kind, text in KINDS.items()),
        ]
        lines = [f"| seed {self.seed} | |", "| --- | ---: |", *(f"| {name} | {value} |" for name, value in rows)]
        return "\n".join(lines)


KINDS = {
    "death": "the emulator ended",
    "unanswered": "a request was not answered",
    "cut": "a connection was cut before the answer",
    "stall": "other callers waited more than 250 ms",
    "failure": "500",
    "behind": "500 of a service behind (moto) in AWS's shape: told, no fault of the run",
    "shape": "an answer outside AWS's shapes",
    "traceback": "a traceback in the log",
    "memory": "the process grew beyond what it holds",
    "state": "a restart found another state",
    "lost": "acknowledged records were gone",
    "duplicate": "an id came twice",
    "damage": "a damaged folder was not refused with a sentence",
    "disk": "a full disk was not answered clearly",
    "host": "the host's environment changed the emulator",
}
"""Kinds of findings, in words."""
