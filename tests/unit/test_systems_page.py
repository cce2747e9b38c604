"""docs/systems.md: every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "systems.md").read_text()
# `test_name`, `test_beginning_…`, `test_file.py`, `tests/path/test_file.py`
NAMED = re.compile(r"`(?:[\w/]+/)?(test_\w+)(\.py|…)?`")


def test_every_test_named_exists() -> None:
    files = [path for room in ("tests", "lambdas") for path in (ROOT / room).rglob("test_*.py")]
    tests = {name for path in files for name in re.findall(r"^\s*(?:async )?def (test_\w+)\(", path.read_text(), re.M)}
    stems = {path.stem for path in files}
    named = set(NAMED.findall(PAGE))
    assert len(named) > 50
    for name, kind in sorted(named):
        if kind == ".py":
            assert name in stems, name
        elif kind:
            assert any(test.startswith(name) for test in tests), name
        else:
            assert name in tests, name


def test_every_system_has_a_table() -> None:
    sections = re.split(r"^## ", PAGE, flags=re.M)[1:]
    assert [section.split(":")[0] for section in sections] == [
        "submit",
        "iot",
        "triggers-api",
        "log-relay",
        "event-ingestion",
    ]
