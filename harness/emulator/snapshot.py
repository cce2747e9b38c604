"""A snapshot: the state of a world at one moment, as one file of frames (`store/frames.py`).

The head tells the stored form and whose services are in it, so that what can't be read is refused before anything is
unpickled; then come the moment (time and random numbers), the store and the upstream.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import Any

from harness.emulator.store import form
from harness.emulator.store.frames import Damaged, FrameFile, beginning, frame

_KIND = "world"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`now` in epoch seconds, `rng` as `Random.getstate` gives it; `here` must match for a restore (`World.here`)."""

    now: float
    rng: Any
    store: bytes
    upstream: bytes | None
    here: frozenset[str] | None = None

    def packed(self) -> bytes:
        """The file's content."""
        head = {
            "kind": _KIND,
            **form.written_by(),
            "here": None if self.here is None else sorted(self.here),
            "upstream": self.upstream is not None,
        }
        moment = pickle.dumps((self.now, self.rng), pickle.HIGHEST_PROTOCOL)
        return b"".join((beginning(head), frame(moment), frame(self.store), frame(self.upstream or b"")))

    def rows(self) -> dict[str, list[tuple[Any, Any]]]:
        """The rows of the store's tables. Raises ValueError, a sentence's end, for what is not known here."""
        try:
            rows: dict[str, list[tuple[Any, Any]]] = pickle.loads(self.store)
        except Exception as error:  # a pickle that does not fit this code fails in any way
            raise ValueError(f"it was written by other code: {type(error).__name__}: {error}") from error
        return rows

    @classmethod
    def unpacked(cls, content: bytes) -> Snapshot:
        """Raises ValueError, a sentence's end, for what is damaged, no snapshot, or of another form (OtherForm)."""
        if content.startswith(pickle.PROTO):
            form.check({})  # what snapshots were before the stored form had a number
        file = FrameFile(io.BytesIO(content), "it")
        head = file.facts
        if head is None or head.get("kind") != _KIND:
            raise Damaged("it is not a snapshot")
        form.check(head)
        parts = list(file)
        if len(parts) != 3 or file.torn:
            raise Damaged("it is cut short")
        now, rng = pickle.loads(parts[0])
        here = None if head["here"] is None else frozenset(head["here"])
        return cls(now, rng, parts[1], parts[2] if head["upstream"] else None, here)
