"""Every section that code, tests and pages cite stands in `docs/reference`."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_REFERENCE = _ROOT / "docs" / "reference"
_SECTION = r"[A-FW]\d{1,2}"
_HEADING = re.compile(rf"^## ({_SECTION})\. ", re.MULTILINE)
# (A9), (A9, E1), (A9; D3); "section A7", "sections A7 and A8"; "A9:" and "A9," at the begin of a docstring or a line.
_CITED = re.compile(
    rf"\(({_SECTION}(?:[,;] {_SECTION})*)[),;:]"
    rf"|\bsections? ({_SECTION}(?:(?:, | and ){_SECTION})*)\b"
    rf'|(?:^|""")\s*({_SECTION}(?:, {_SECTION})*)[:.] '
)


def cited(text: str) -> list[tuple[int, str]]:
    """(line, section) of every citation in a text."""
    return [
        (number, section)
        for number, line in enumerate(text.splitlines(), 1)
        for found in _CITED.finditer(line)
        for section in re.findall(_SECTION, found.group())
    ]


@cache
def sections() -> dict[str, str]:
    """Section → the page that holds it."""
    return {
        section: page.name
        for page in sorted(_REFERENCE.glob("*.md"))
        for section in _HEADING.findall(page.read_text("utf-8"))
    }


def tracked() -> list[Path]:
    """Python files and pages under version control; those of three folders where there is no git."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py", "*.md"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if names.returncode == 0:
        return [_ROOT / name for name in names.stdout.split("\0") if name]
    return [path for folder in ("harness", "tests", "docs") for path in (_ROOT / folder).rglob("*.[pm][yd]")]


def test_the_reference_has_all_its_parts() -> None:
    assert {section[0] for section in sections()} == set("ABCDEFW")
    assert {"A20", "B13", "C10", "D9", "E4", "F3", "W4"} <= sections().keys()


def test_a_section_stands_on_one_page_only() -> None:
    found = [section for page in _REFERENCE.glob("*.md") for section in _HEADING.findall(page.read_text("utf-8"))]
    assert len(found) == len(set(found))


def test_every_cited_section_exists() -> None:
    missing = [
        f"{path.relative_to(_ROOT)}:{line} cites {section}"
        for path in tracked()
        if path.exists() and path != Path(__file__)
        for line, section in cited(path.read_text("utf-8"))
        if section not in sections()
    ]
    assert missing == []


def test_citations_are_found_in_the_whole_house() -> None:
    """Were the pattern to find nothing, nothing could be missing."""
    found = {section for path in tracked() if path.exists() for _, section in cited(path.read_text("utf-8"))}
    assert len(found) > 40


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("as Firehose does (A12)", ["A12"]),
        ("so it is (A9, E1).", ["A9", "E1"]),
        ("texts: section A7, and others", ["A7"]),
        ('    """D9: a route refers to', ["D9"]),
        ("the matrix (A4x) and AB12 and A12", []),
        ("(F1; 6 000 was recorded)", ["F1"]),
    ],
)
def test_what_counts_as_a_citation(text: str, expected: list[str]) -> None:
    assert [section for _, section in cited(text)] == expected
