"""`harness faults`: what is made to go wrong in the running emulator."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from harness.cli.options import Port, default_port, running_target
from harness.cli.show import console
from harness.json_object import Json
from harness.problem import Problem


def list_faults(
    port: Port = default_port,
    kinds: Annotated[bool, typer.Option("--kinds", help="List the faults that there are, not the rules.")] = False,
) -> None:
    """List the rules with their counters."""
    admin = running_target(port).admin
    if kinds:
        for kind in admin.fault_kinds():
            console.print(f"{kind['fault']:<22} {kind['summary']}")
            for name, text in kind["with"].items():
                console.print(f"{'':<22}   {name}: {text}")
        return
    _show(admin.faults())


def add(
    rule: Annotated[str, typer.Argument(help="A rule or a list of rules as JSON; - reads it from standard input.")],
    port: Port = default_port,
) -> None:
    """Add rules: harness faults add '{"fault": "error", "match": {"service": "s3"}, "with": {"code": "SlowDown"}}'."""
    text = sys.stdin.read() if rule == "-" else rule
    try:
        content = json.loads(text)
    except ValueError as error:
        raise Problem(f"The rule is not JSON: {error}.") from None
    _show(running_target(port).admin.add_faults(content))


def clear(
    rule_id: Annotated[str | None, typer.Argument(help="Id of the rule; all rules without one.")] = None,
    port: Port = default_port,
) -> None:
    """Remove one rule or all, and show what they had counted."""
    _show(running_target(port).admin.clear_faults(rule_id))


def _show(rules: list[Json]) -> None:
    if not rules:
        console.print("no faults")
    for rule in rules:
        match = "  ".join(f"{name}={json.dumps(value)}" for name, value in rule.get("match", {}).items())
        counts = f"matched {rule['matched']:>6}  fired {rule['fired']:>6}"
        console.print(f"{rule['id']:<20} {rule['fault']:<22} {rule['state']:<8} {counts}  {match}".rstrip())
