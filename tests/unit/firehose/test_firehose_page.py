"""docs/firehose.md: every row names a test that exists, or says what is refused or differs."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "firehose.md"
FOLDERS = {"unit": ROOT / "tests" / "unit" / "firehose", "conformance": ROOT / "tests" / "conformance"}
NAME = re.compile(r"`(unit|conformance)/(\w+)::(test_\w+)`")
WORDS = ("Refused", "Not ", "Differs", "Only ")


@cache
def names_in(path: Path) -> set[str]:
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def rows() -> list[tuple[str, str]]:
    cells = [line.strip().strip("|").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [(cell[0].strip(), cell[-1].strip()) for cell in cells if cell[0].strip() not in ("Fact", "---")]


def test_every_test_named_exists() -> None:
    named = {match for _, held_by in rows() for match in NAME.findall(held_by)}
    missing = [
        f"{room}/{file}::{test}"
        for room, file, test in sorted(named)
        if test not in names_in(FOLDERS[room] / f"test_firehose_{file}.py")
    ]
    assert named
    assert not missing


def test_every_row_has_a_test_or_a_word() -> None:
    assert not [fact for fact, held_by in rows() if not NAME.search(held_by) and not held_by.startswith(WORDS)]


def test_every_section_is_there() -> None:
    sections = re.findall(r"^## A(\d+) ", PAGE.read_text(), re.MULTILINE)
    assert sections == [str(number) for number in range(1, 21)]
