"""The state folder: what a kill leaves, what damage is, and who holds it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.store import form, journal
from harness.emulator.store.frames import Damaged, FrameFile, beginning, frame
from harness.emulator.store.journal import InUse, StateFolder


class Read:
    """What a restart finds in the folder."""

    def __init__(self, path: Path) -> None:
        self.snapshot: list[bytes] = []
        self.entries: list[bytes] = []
        self.folder = StateFolder(path)
        try:
            self.journals = self.folder.read(self.snapshot.extend, self.entries.append)
        except BaseException:
            self.folder.release()
            raise


def restart(path: Path) -> Read:
    """Read and go on writing."""
    found = Read(path)
    found.folder.begin()
    return found


def files(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir() if entry.name not in ("lock", "reserve")}


def test_entries_come_back_in_order_over_many_starts(tmp_path: Path) -> None:
    for start in range(3):
        found = restart(tmp_path)
        assert found.entries == [b"entry %d" % n for n in range(2 * start)]
        found.folder.append(b"entry %d" % (2 * start))
        found.folder.append(b"entry %d" % (2 * start + 1))
        found.folder.release()


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=6), st.data())
def test_a_torn_tail_is_a_prefix(
    tmp_path_factory: pytest.TempPathFactory, entries: list[bytes], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("state")
    found = restart(path)
    for entry in entries:
        found.folder.append(entry)
    found.folder.release()
    whole = (path / "journal-0").read_bytes()
    kept = data.draw(st.integers(0, len(whole)))
    (path / "journal-0").write_bytes(whole[:kept])

    again = Read(path)
    assert again.entries == entries[: len(again.entries)]
    lost = len(b"".join(frame(entry) for entry in entries[len(again.entries) :]))
    torn = again.folder.begin()
    if again.entries or kept >= len(whole) - lost:
        assert kept - torn == len(whole) - lost
    again.folder.append(b"after")
    again.folder.release()
    last = Read(path)
    assert last.entries == [*again.entries, b"after"]
    last.folder.release()


@given(st.data())
def test_damage_is_found_and_nothing_is_overwritten(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Any flipped bit that is not in a torn tail is either found or makes no difference to what is read."""
    path = tmp_path_factory.mktemp("state")
    found = restart(path)
    entries = [b"one", b"two" * 5, b"three"]
    for entry in entries:
        found.folder.append(entry)
    found.folder.release()
    content = bytearray((path / "journal-0").read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    (path / "journal-0").write_bytes(content)
    before = files(path)
    with pytest.raises(Damaged):
        Read(path)
    assert files(path) == before


@pytest.mark.parametrize("file", ["journal-0", "world.snapshot"])
def test_another_stored_form_is_refused_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    folder = restart(tmp_path).folder
    if file == "world.snapshot":
        folder.finish([b"part"])
    folder.release()
    before = files(tmp_path)
    assert set(before) == {file}
    monkeypatch.setattr(form, "FORM", form.FORM + 1)
    with pytest.raises(form.OtherForm, match=f"it has the stored form {form.FORM - 1} of .*Nothing was changed"):
        Read(tmp_path)
    assert files(tmp_path) == before


def test_another_version_of_the_same_form_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = restart(tmp_path).folder
    folder.append(b"entry")
    folder.release()
    monkeypatch.setattr(form, "VERSION", "99.0.0")
    found = Read(tmp_path)
    assert found.entries == [b"entry"]
    found.folder.release()


def test_the_second_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    first = restart(tmp_path)
    with pytest.raises(InUse, match=f"process {os.getpid()}"):
        StateFolder(tmp_path)
    first.folder.release()
    StateFolder(tmp_path).release()


def _grown(path: Path) -> StateFolder:
    folder = restart(path).folder
    folder.append(b"old")
    return folder


def test_a_snapshot_takes_the_place_of_what_was_before_it(tmp_path: Path) -> None:
    folder = _grown(tmp_path)
    temporary = folder.turn()
    folder.append(b"new")
    folder.write_snapshot(temporary, folder.generation, [b"state"])
    assert read_copy(tmp_path) == ([], [b"old", b"new"])
    folder.adopt(temporary, 1)
    assert sorted(files(tmp_path)) == ["journal-1", "world.snapshot"]
    assert folder.size == (tmp_path / "journal-1").stat().st_size
    folder.release()
    found = restart(tmp_path)
    assert (found.snapshot, found.entries, found.journals) == ([b"state"], [b"new"], 1)
    found.folder.release()


def read_copy(path: Path) -> tuple[list[bytes], list[bytes]]:
    """What a restart would find if the process died now."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "state"
        shutil.copytree(path, copy)
        found = Read(copy)
        found.folder.begin()
        found.folder.release()
        return found.snapshot, found.entries


def test_a_graceful_end_leaves_one_snapshot(tmp_path: Path) -> None:
    folder = _grown(tmp_path)
    folder.finish([b"state"])
    folder.release()
    assert sorted(files(tmp_path)) == ["world.snapshot"]
    found = Read(tmp_path)
    assert (found.snapshot, found.entries, found.journals) == ([b"state"], [], 0)
    found.folder.release()


@pytest.mark.parametrize("cut", ["snapshot", "journal-1", "journal-2"])
def test_missing_and_cut_files_are_damage(tmp_path: Path, cut: str) -> None:
    folder = _grown(tmp_path)
    temporary = folder.turn()
    folder.write_snapshot(temporary, 1, [b"state"])
    folder.adopt(temporary, 1)
    folder.turn()
    folder.turn()
    folder.release()
    if cut == "snapshot":
        content = (tmp_path / "world.snapshot").read_bytes()
        (tmp_path / "world.snapshot").write_bytes(content[:-3])
        told = "world.snapshot is cut short"
    elif cut == "journal-1":
        content = (tmp_path / cut).read_bytes()
        (tmp_path / cut).write_bytes(content[:-3])
        told = "journal-1 is cut short"
    else:
        (tmp_path / cut).unlink()
        told = "journal-2 is missing"
    before = files(tmp_path)
    with pytest.raises(Damaged, match=told):
        Read(tmp_path)
    assert files(tmp_path) == before


def test_a_full_disk_keeps_the_entry_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _grown(tmp_path)

    def full(handle: int, content: bytes) -> None:
        os.write(handle, content[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(journal, "write_all", full)
        with pytest.raises(OSError, match="No space"):
            folder.append(b"first")
        with pytest.raises(OSError, match="No space"):
            folder.append(b"second")
        assert read_copy(tmp_path) == ([], [b"old"])
    folder.flush()
    folder.append(b"third")
    assert read_copy(tmp_path) == ([], [b"old", b"first", b"second", b"third"])
    folder.release()


def test_a_file_of_something_else_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"something else altogether")
    with pytest.raises(Damaged, match="a does not begin as it should"):
        FrameFile.open(tmp_path / "a")
    (tmp_path / "b").write_bytes(beginning({})[:8] + frame(b"not json"))
    with pytest.raises(Damaged, match="b does not begin as it should"):
        FrameFile.open(tmp_path / "b")
