"""The files of Lambda processes: unpacked code, and folders that killed emulators left."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from harness.emulator.services.lambda_.execution.disk import Disk, fingerprint, unpack


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def archive(*members: tuple[str, str, int]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, text, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            package.writestr(info, text)
    return buffer.getvalue()


def test_code_is_unpacked_once_and_removed(temporary: Path) -> None:
    disk = Disk()
    folder = disk.code("a" * 64, archive(("index.py", "1", 0o644)))
    (folder / "mark").touch()
    assert disk.code("a" * 64, b"not read again") == folder and (folder / "mark").exists()
    disk.remove()
    assert list(temporary.iterdir()) == []
    assert disk.code("a" * 64, archive(("index.py", "2", 0o644))).joinpath("index.py").read_text() == "2"


def test_a_broken_archive_leaves_no_folder_of_its_name(temporary: Path) -> None:
    disk = Disk()
    with pytest.raises(zipfile.BadZipFile):
        disk.code("b" * 64, b"nonsense")
    assert not list(temporary.glob("*/code/" + "b" * 64))


def test_modes_and_paths(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    unpack(
        archive(("run.sh", "", 0o755), ("../escape", "", 0o644), ("/absolute", "", 0), ("hidden", "", 0o044)), target
    )
    assert stat.S_IMODE((target / "run.sh").stat().st_mode) == 0o755
    assert (target / "hidden").stat().st_mode & 0o400
    assert not (tmp_path / "escape").exists()
    assert {path.name for path in target.iterdir()} == {"run.sh", "escape", "absolute", "hidden"}


def test_the_packages_folder_has_aws_packages_only(temporary: Path) -> None:
    found = {path.name.partition(".")[0] for path in Disk().packages().iterdir()}
    assert {"boto3", "botocore", "urllib3"} <= found
    assert "moto" not in found and "harness" not in found


def test_folders_of_killed_emulators_are_removed_and_those_of_living_ones_stay(temporary: Path) -> None:
    abandoned = temporary / "harness-lambda-abandoned"
    abandoned.mkdir()
    (abandoned / "lock").touch()
    os.utime(abandoned / "lock", (0, 0))
    living, other = Disk(), Disk()
    home = living.home()
    os.utime(home.parent / "lock", (0, 0))
    other.home()
    assert not abandoned.exists() and home.exists()


def test_fingerprint(tmp_path: Path) -> None:
    before = fingerprint(str(tmp_path))
    (tmp_path / "a.py").write_text("1")
    after = fingerprint(str(tmp_path))
    assert before != after == fingerprint(str(tmp_path))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("1")
    assert fingerprint(str(tmp_path)) == after
    assert fingerprint(str(tmp_path / "missing")) == 0
