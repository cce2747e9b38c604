"""Watching for stalls of other callers while a round plays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.hostile.attack.process import Emulator
from tests.hostile.attack.run import Run


@contextmanager
def watched(run: Run, emulator: Emulator) -> Iterator[None]:
    yield
