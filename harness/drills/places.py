"""The emulator that drills run on: one process with manual time, reset between drills."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.provision.workspace import Workspace
from harness.targets.embedded import EmbeddedTarget


@contextlib.contextmanager
def running_emulator(workspace: Workspace, seed: int, state_dir: Path | None = None) -> Iterator[EmbeddedTarget]:
    """A fresh emulator on a port that the system chooses, until the end of the block.

    Raises Problem when it does not start. Its log is kept when the block fails.
    """
    target = EmbeddedTarget(workspace, 0, clock="manual", seed=seed, state_dir=state_dir)
    target.start()
    try:
        yield target
    finally:
        target.stop()
    shutil.rmtree(workspace.instance(target.port), ignore_errors=True)
