"""The note of whoever started this emulator (`.harness/<port>/instance.json`): written again if it disappears.

Without it `harness down` would say that nothing is running. The content is the starter's; here it is bytes.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

log = logging.getLogger(__name__)

_SECONDS = 1.0  # real time between looks


class Record:
    """Looks after the file from `watch` on, while its project's folder is there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content: bytes | None = None

    def watch(self) -> None:
        """Look now, and then each second. Runs on the event loop."""
        self.look()
        asyncio.get_running_loop().call_later(_SECONDS, self.watch)

    def look(self) -> None:
        """Remember what the file says, or write it if it is gone."""
        try:
            self._content = self._path.read_bytes()
        except FileNotFoundError:
            self._write()
        except OSError:
            pass  # next time

    def _write(self) -> None:
        project = self._path.parents[2]  # of .harness/<port>/<name>
        if self._content is None or not project.is_dir():
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.write_bytes(self._content)
        except OSError:
            return
        log.warning("%s was removed under the running emulator: it is written again", self._path)
