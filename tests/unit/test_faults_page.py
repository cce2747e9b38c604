"""docs/faults.md: its rules are accepted, and every fault is shown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from harness.emulator.clock import Clock
from harness.emulator.faults import catalogue
from harness.emulator.world import World

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


def shown() -> list[dict[str, Any]]:
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)]
    return [rule for block in blocks for rule in (block if isinstance(block, list) else [block])]


def test_every_rule_on_the_page_is_accepted() -> None:
    world = World(clock=Clock("manual"), seed=7)
    world.faults.may_kill = True
    assert len(world.faults.add(shown())) == len(shown())


def test_every_fault_is_on_the_page() -> None:
    assert {rule["fault"] for rule in shown()} == set(catalogue.names())
