"""Reading `terraform apply -json` and `destroy -json`: how far the run is, and what went wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from harness.json_object import Json


@dataclass
class ApplyProgress:
    """What a run has told so far. `planned`: the plan is made; `total`: how many changes it announced."""

    planned: bool = False
    total: int = 0
    done: int = 0
    running: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    other_lines: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Take one line of output. A line that is not one of Terraform's JSON events is kept in `other_lines`."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict) or "type" not in event:
            if line.strip():
                self.other_lines.append(line.rstrip())
            return
        self._take(event)

    def slowest(self, count: int) -> list[tuple[str, float]]:
        """The resources that took longest, as (address, seconds)."""
        return sorted(self.seconds.items(), key=lambda item: -item[1])[:count]

    def _take(self, event: Json) -> None:
        kind = event["type"]
        if kind == "diagnostic":
            diagnostic = event["diagnostic"]
            chosen = self.errors if diagnostic.get("severity") == "error" else self.warnings
            chosen.append(format_diagnostic(diagnostic))
        elif kind == "planned_change" and event["change"]["action"] not in ("no-op", "read"):
            self.total += 2 if event["change"]["action"] == "replace" else 1
        elif kind == "change_summary":
            self.planned = True
        elif kind in ("apply_start", "apply_complete", "apply_errored"):
            hook = event["hook"]
            if hook["action"] == "read":
                return
            address = hook["resource"]["addr"]
            if kind == "apply_start":
                self.running[address] = hook["action"]
                return
            self.running.pop(address, None)
            if kind == "apply_complete":
                self.done += 1
                self.seconds[address] = self.seconds.get(address, 0.0) + float(hook.get("elapsed_seconds", 0))


def format_diagnostic(diagnostic: Json) -> str:
    """A diagnostic as Terraform prints it without colour: summary, place, detail."""
    lines = [f"{str(diagnostic.get('severity', 'error')).capitalize()}: {diagnostic.get('summary', '')}"]
    place = diagnostic.get("range")
    subject = diagnostic.get("address") or (diagnostic.get("snippet") or {}).get("context") or ""
    if place:
        lines.append(f"  {place['filename']} line {place['start']['line']}" + (f", in {subject}" if subject else ""))
    elif subject:
        lines.append(f"  in {subject}")
    lines += [f"  {line}" for line in str(diagnostic.get("detail", "")).strip().splitlines()]
    return "\n".join(lines)
