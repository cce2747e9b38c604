"""The trace of a record as lines of text (docs/trace.md has its JSON form)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def journey(answer: Mapping[str, Any], began: float) -> str:
    """Every hop with the virtual seconds since `began`, and where the record ended."""
    return "\n".join(line for match in answer.get("matches", [answer]) for line in _lines(match, began))


def _lines(match: Mapping[str, Any], began: float) -> Iterator[str]:
    name = match.get("object") or match.get("sequence_number") or ""
    yield f"{match['kind']} {name}".rstrip()
    for hop in match["hops"]:
        faults = f"  fault: {', '.join(hop['faults'])}" if hop.get("faults") else ""
        yield f"  {hop['time'] - began:+10.3f} s  {hop['service']:<10} {hop['event']:<10} {hop['text']}{faults}"
    for fate in match["fates"]:
        details = [f" {label} {fate[key]}" for label, key in (("in", "where"), ("because", "why")) if fate.get(key)]
        yield f"  fate: {fate['fate']}{''.join(details)}"
    if not match["fates"]:
        yield "  fate: unknown"
