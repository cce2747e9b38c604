"""Assemble the change fragments in changes/ into CHANGELOG.md, as the release that harness/version.py names.

A fragment is a file of one change as users see it: one or a few plain sentences, without a bullet. `make changelog`
writes them below a head with the date, in the order of their names, and removes them.
"""

from __future__ import annotations

import datetime
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TITLE = "# Changelog\n"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.md")
_EXPLAINS = "README.md"


class CannotRelease(Exception):
    """The text is a sentence."""


def fragments(root: Path) -> list[Path]:
    """The fragments, by name. Raises CannotRelease for one that is no fragment."""
    found = sorted(path for path in (root / "changes").iterdir() if path.name != _EXPLAINS)
    for path in found:
        text = path.read_text("utf-8").strip()
        if not _NAME.fullmatch(path.name) or not text or text.startswith(("-", "*", "#")) or not text.endswith("."):
            raise CannotRelease(f"changes/{path.name} is no fragment: changes/{_EXPLAINS} tells what one is.")
    return found


def release(root: Path, version: str, date: datetime.date) -> str:
    """Write the fragments into CHANGELOG.md and remove them; returns what was written. Raises CannotRelease."""
    changelog = root / "CHANGELOG.md"
    before = changelog.read_text("utf-8")
    if f"\n## {version} " in before:
        raise CannotRelease(f"CHANGELOG.md has {version}: raise VERSION in harness/version.py first.")
    found = fragments(root)
    if not found:
        raise CannotRelease("There is no fragment in changes/: nothing to release.")
    entries = [
        textwrap.fill(path.read_text("utf-8"), 120, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        for path in found
    ]
    section = f"## {version} ({date.isoformat()})\n\n" + "\n".join(entries) + "\n"
    changelog.write_text(before.replace(_TITLE, f"{_TITLE}\n{section}", 1), "utf-8")
    for path in found:
        path.unlink()
    return section


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from harness.version import VERSION

    try:
        print(release(ROOT, VERSION, datetime.datetime.now(datetime.UTC).date()))
    except CannotRelease as problem:
        sys.exit(str(problem))
