"""The section of pytest's report that names what the stack has and the emulator keeps without effect."""

from __future__ import annotations

from typing import Any

import pytest

from harness.targets.admin import Admin, AdminError
from harness.targets.kept import kept_lines

_OUTPUT = "harness_kept"


class KeptReport:
    """Collects what the emulators of this run keep, of xdist's workers too, and tells it at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._found: set[tuple[tuple[str, str], ...]] = set()

    def look(self, admin: Admin | None) -> None:
        """Note what is kept now: after the stack was applied."""
        if admin is None:
            return
        try:
            self._found |= {tuple(sorted(one.items())) for one in admin.kept()}
        except AdminError:
            return
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = sorted(self._found)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """xdist: a worker has ended."""
        for one in getattr(node, "workeroutput", {}).get(_OUTPUT, ()):
            self._found.add(tuple((name, value) for name, value in one))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        lines = kept_lines(dict(one) for one in sorted(self._found))
        if lines:
            terminalreporter.section("harness: kept without effect")
            for line in lines:
                terminalreporter.write_line(line)
