"""What tests ask while the suite is compared: where they run, what that place lacks, and who watches their clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

import pytest

from harness.parity.place import Place
from harness.parity.recorder import Recorder

CLIENT_SECONDS = 20.0
"""How long a client waits for an answer of an endpoint that the suite did not start."""

PATIENCE = 10
"""After so many tests in a row that got no answer, the others are not tried."""

_CAPABILITIES = {
    "clock": "clock",
    "faults": "faults",
    "sinks": "sinks",
    "trace": "trace",
    "snapshots": "snapshots",
    "reset": "reset",
}


class CannotBeShown(pytest.skip.Exception):  # type: ignore[misc, name-defined]
    """The test needs what the place does not have. `needs` is the capability."""

    def __init__(self, sentence: str, needs: str) -> None:
        super().__init__(sentence)
        self.needs = needs


@dataclass
class ParitySession:
    """`place` is None where every worker starts an emulator of its own."""

    place: Place | None
    recorder: Recorder = field(default_factory=Recorder)
    _silent: int = 0

    def has(self, capability: str) -> bool:
        return self.place is None or capability in self.place.capabilities

    def require(self, capability: str) -> None:
        """Raise CannotBeShown where the place does not have it."""
        if not self.has(capability):
            self.lacks(capability)

    def lacks(self, capability: str, why: str = "") -> NoReturn:
        assert self.place is not None
        sentence = f"needs {capability}, which {self.place.url} does not have"
        raise CannotBeShown(f"{sentence}: {why}" if why else sentence, capability)

    def require_admin(self, path: str) -> None:
        """The same for a path of the admin API, without its prefix."""
        self.require(_CAPABILITIES.get(path.partition("/")[0].partition("?")[0], "admin"))

    def empty(self) -> None:
        """Empty the place, as far as tests have used it. Raises Problem."""
        assert self.place is not None
        self.place.empty(self.recorder.services)
        self.recorder.services.clear()

    def hopeless(self, silent: bool) -> str:
        """Told after each test whether it got no answer; why the run must be given up, else an empty text."""
        assert self.place is not None
        self._silent = self._silent + 1 if silent else 0
        if silent and not self.place.answers():
            return f"{self.place.url} stopped answering"
        return f"{self.place.url} gave no answer to {PATIENCE} tests in a row" if self._silent == PATIENCE else ""

    def http_options(self) -> dict[str, Any]:
        """Arguments of an httpx client whose requests are watched."""
        hooks: dict[str, Any] = {"request": [self._sent], "response": [self.recorder.got]}
        options: dict[str, Any] = {"event_hooks": hooks}
        if self.place is not None:
            options["timeout"] = CLIENT_SECONDS
        return options

    def _sent(self, request: Any) -> None:
        _, own, path = request.url.path.partition("/_harness/")
        if own:
            self.require_admin(path)
        self.recorder.sent(request)


SESSION: pytest.StashKey[ParitySession] = pytest.StashKey()


def parity_session(config: pytest.Config) -> ParitySession | None:
    """None in a usual run of the suite."""
    return config.stash.get(SESSION, None)
