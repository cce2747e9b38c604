"""The ledger of a test: checked as its target waits, and remembered for the report of a failure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.ledger import Ledger, Report, Sent, Settle
from harness.sinks.base import Sink


class TestedLedger(Ledger):
    """A ledger whose `check` waits as `settle` does, unless told otherwise."""

    __test__ = False  # no test class, whatever its name says

    def __init__(self, seed: int | None, settle: Settle) -> None:
        super().__init__(seed)
        self._settle = settle
        self.report: Report | None = None

    def check(
        self,
        sinks: Sequence[Sink],
        settle: Settle | None = None,
        *,
        allow_duplicates: bool = False,
        require_order: bool = False,
    ) -> Report:
        self.report = super().check(
            sinks, settle or self._settle, allow_duplicates=allow_duplicates, require_order=require_order
        )
        return self.report

    def verdict(self) -> str:
        """What is known by now: the last report, or that there was none."""
        if self.report is not None:
            return str(self.report)
        return f"ledger: {len(self.sent)} records sent, never checked" if self.sent else ""

    def first_lost(self) -> Sent | None:
        return self.report.lost[0] if self.report is not None and self.report.lost else None
