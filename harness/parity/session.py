"""What tests ask while the suite is compared: where they run, what that target lacks, and who watches their clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

import pytest

from harness.parity.recorder import Recorder
from harness.targets import lacks, needed_for
from harness.targets.endpoint import EndpointTarget

CLIENT_SECONDS = 20.0
"""How long a client waits for an answer of an endpoint that the suite did not start."""

PATIENCE = 10
"""After so many tests in a row that got no answer, the others are not tried."""


class CannotBeShown(pytest.skip.Exception):  # type: ignore[misc, name-defined]
    """The test needs what the target does not have. `needs` is the capability."""

    def __init__(self, sentence: str, needs: str) -> None:
        super().__init__(sentence)
        self.needs = needs


@dataclass
class ParitySession:
    """`target` is None where every worker starts an emulator of its own."""

    target: EndpointTarget | None
    recorder: Recorder = field(default_factory=Recorder)
    _silent: int = 0

    def has(self, capability: str) -> bool:
        return self.target is None or capability in self.target.capabilities

    def require(self, capability: str) -> None:
        """Raise CannotBeShown where the target does not have it."""
        if not self.has(capability):
            self.lacks(capability)

    def lacks(self, capability: str, why: str = "") -> NoReturn:
        assert self.target is not None
        sentence = lacks(self.target.url, capability)
        raise CannotBeShown(f"{sentence}: {why}" if why else sentence, capability)

    def require_admin(self, path: str) -> None:
        """The same for a path of the admin API, without its prefix."""
        self.require(needed_for(path))

    def empty(self) -> None:
        """Empty the target, as far as tests have used it. Raises Problem."""
        assert self.target is not None
        self.target.empty(self.recorder.services)
        self.recorder.services.clear()

    def hopeless(self, silent: bool) -> str:
        """Told after each test whether it got no answer; why the run must be given up, else an empty text."""
        assert self.target is not None
        self._silent = self._silent + 1 if silent else 0
        if silent and not self.target.alive():
            return f"{self.target.url} stopped answering"
        return f"{self.target.url} gave no answer to {PATIENCE} tests in a row" if self._silent == PATIENCE else ""

    def http_options(self) -> dict[str, Any]:
        """Arguments of an httpx client whose requests are watched."""
        hooks: dict[str, Any] = {"request": [self._sent], "response": [self.recorder.got]}
        options: dict[str, Any] = {"event_hooks": hooks}
        if self.target is not None:
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
