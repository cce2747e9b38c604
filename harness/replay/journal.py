"""The journal of a replay: what was meant to be sent, and what became of it, on disk before the next step.

One JSON object per line, each written and synced whole:

    {"journal": 1}
    {"intent": {"bucket/key@version": [1, 2, 3]}, "to": "firehose:orders"}   before the records go on the wire
    {"done": {"bucket/key@version": [1, 2]}}                                 the target took them
    {"undone": {"bucket/key@version": [3]}}                                  the target certainly did not take them

A record with an intent and no end is unknown: the run was killed, or the answer never came.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal

from harness.json_object import Json
from harness.problem import Problem

State = Literal["new", "unknown", "done"]
RecordId = tuple[str, int]
"""Object (bucket, key and version in one text) and line."""

_VERSION = 1


class Journal:
    """An open journal; a context manager. One process at a time: raises Problem while another one holds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._states: dict[RecordId, State] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._states, length = _load(path)
            # A line that was cut short by a crash was never acted upon: records go out after the sync only.
            os.ftruncate(self._file, length)
            if not length:
                self._write({"journal": _VERSION})
                _sync_folder(path.parent)
        except BlockingIOError:
            os.close(self._file)
            raise Problem(f"Another replay is writing {path}; wait for it, or name another with --journal.") from None
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def state(self, record: RecordId) -> State:
        return self._states.get(record, "new")

    def intend(self, records: Iterable[RecordId], target: str) -> None:
        """Must have returned before the first of the records is sent."""
        self._mark("intent", records, "unknown", {"to": target})

    def done(self, records: Iterable[RecordId]) -> None:
        self._mark("done", records, "done")

    def undone(self, records: Iterable[RecordId]) -> None:
        self._mark("undone", records, "new")

    def _mark(self, event: str, records: Iterable[RecordId], state: State, more: Json | None = None) -> None:
        lines: dict[str, list[int]] = {}
        for record in records:
            lines.setdefault(record[0], []).append(record[1])
        if not lines:
            return
        self._write({event: lines, **(more or {})})
        self._states.update(dict.fromkeys(((key, line) for key, many in lines.items() for line in many), state))

    def _write(self, entry: Json) -> None:
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)


def states(path: Path) -> dict[RecordId, State]:
    """What a journal says, without opening it for writing; empty when there is none."""
    return _load(path)[0] if path.is_file() else {}


def _load(path: Path) -> tuple[dict[RecordId, State], int]:
    """The state of every record, and the length of the file up to its last whole line. Raises Problem."""
    content = path.read_bytes()
    content = content[: content.rfind(b"\n") + 1]
    found: dict[RecordId, State] = {}
    names: dict[str, State] = {"intent": "unknown", "done": "done", "undone": "new"}
    for number, line in enumerate(content.splitlines()):
        try:
            entry = json.loads(line)
            if number == 0:
                if entry["journal"] != _VERSION:
                    raise ValueError("another version")
                continue
            (event,) = entry.keys() & names.keys()
            for key, lines in entry[event].items():
                found.update(dict.fromkeys(((key, int(line)) for line in lines), names[event]))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Problem(f"{path} is no journal of a replay, or is damaged in line {number + 1}.") from None
    return found, len(content)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
