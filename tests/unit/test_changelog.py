"""Change fragments and the release that they become (`scripts/changelog.py`)."""

from __future__ import annotations

import datetime
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DATE = datetime.date(2027, 1, 2)
BEFORE = "# Changelog\n\n## 0.1.0 (2026-11-29)\n\n- The emulator.\n"


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("changelog", ROOT / "scripts" / "changelog.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


changelog = _loaded()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "CHANGELOG.md").write_text(BEFORE)
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "README.md").write_text("# Changes\n")
    return tmp_path


def test_a_release_takes_the_fragments_in_the_order_of_their_names(project: Path) -> None:
    (project / "changes" / "streams.md").write_text("Streams\nflow. " + "They flow. " * 20)
    (project / "changes" / "apis.md").write_text("APIs answer.\n")
    changelog.release(project, "0.2.0", DATE)
    written = (project / "CHANGELOG.md").read_text()
    assert written.startswith("# Changelog\n\n## 0.2.0 (2027-01-02)\n\n- APIs answer.\n- Streams flow. They flow. ")
    assert written.endswith("They flow.\n\n## 0.1.0 (2026-11-29)\n\n- The emulator.\n")
    assert max(map(len, written.splitlines())) <= 120
    assert [path.name for path in (project / "changes").iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("version", "name", "text", "told"),
    [
        ("0.1.0", "apis.md", "APIs answer.", "CHANGELOG.md has 0.1.0: raise VERSION"),
        ("0.2.0", "README.md", "# Changes", "no fragment in changes/: nothing to release"),
        ("0.2.0", "Two Words.md", "APIs answer.", "changes/Two Words.md is no fragment"),
        ("0.2.0", "apis.md", "- APIs answer.", "changes/apis.md is no fragment"),
        ("0.2.0", "apis.md", "", "changes/apis.md is no fragment"),
        ("0.2.0", "apis.md", "APIs answer", "changes/apis.md is no fragment"),
    ],
)
def test_what_can_not_be_released_changes_nothing(project: Path, version: str, name: str, text: str, told: str) -> None:
    (project / "changes" / name).write_text(text)
    with pytest.raises(changelog.CannotRelease, match=told):
        changelog.release(project, version, DATE)
    assert (project / "CHANGELOG.md").read_text() == BEFORE
    assert (project / "changes" / name).read_text() == text


def test_the_fragments_here_can_be_released() -> None:
    changelog.fragments(ROOT)
