"""What tests need of a target, whichever it is: clients, a first state, and words for what more it can do."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from harness.json_object import Json
from harness.ledger import Settle
from harness.targets.admin import Admin
from harness.testing.aws import Aws


class SuiteTarget(Protocol):
    """One target for all tests of this process.

    `name` is the target's, `capabilities` what it can do (the words are in `harness.targets`), `admin` the admin API
    that those need, None where there is none. `seed` is None where nothing follows one. `outputs` are the stack's, None
    without a stack. `log` is the target's own log, where there is one.
    """

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> frozenset[str]: ...

    @property
    def aws(self) -> Aws: ...

    @property
    def admin(self) -> Admin | None: ...

    @property
    def seed(self) -> int | None: ...

    @property
    def outputs(self) -> Json | None: ...

    @property
    def log(self) -> Path | None: ...

    def clean(self) -> None:
        """Back to the first state, as far as the target can."""

    def now(self) -> float:
        """The target's time in epoch seconds."""

    def settle(self, seconds: float | None) -> Settle:
        """How a ledger waits there, in a test that declared so many seconds of real time."""

    def owns(self, name: str) -> bool:
        """Whether a resource of that name is the tests'."""

    def log_size(self) -> int: ...

    def log_since(self, position: int) -> str: ...

    def forget(self) -> None:
        """Remove the files of a run whose tests all passed, after the target has ended."""
