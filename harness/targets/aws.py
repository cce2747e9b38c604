"""A real AWS account as a target: the stack is applied under a prefix of its own, and destroyed at the end.

Everything is real: time, money, and what a crash leaves behind (`harness sweep`). docs/aws.md tells how to use it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from harness.account.contents import Contents
from harness.account.ending import end_run
from harness.account.runs import Run, Runs
from harness.account.terraform import AccountTerraform
from harness.clients import Aws
from harness.problem import Problem
from harness.targets.capabilities import AWS
from harness.targets.target import Show, Target, unseen


@dataclass
class AccountTarget(Target):
    """A run with its plan kept; nothing is made before `start`."""

    runs: Runs
    run: Run
    terraform: AccountTerraform
    _contents: Contents | None = field(default=None, init=False)
    _used: bool = field(default=False, init=False)

    name = AWS

    @cached_property
    def aws(self) -> Aws:
        return Aws(None, self.run.region)

    @property
    def prefix(self) -> str:
        return self.run.prefix

    def start(self, show: Show = unseen) -> None:
        """Apply. What that made before it failed is there until `stop`."""
        self.run = self.runs.applying(self.run)
        self.terraform.apply()

    def stop(self) -> bool:
        """Destroy and sweep. Raises Problem where something may be left."""
        try:
            ending = end_run(self.runs, self.run, self.terraform)
        except BaseException as error:  # a second Ctrl-C: the record stays
            error.add_note(self._left)
            raise
        if ending.troubles:
            raise Problem(self._left, "\n".join(ending.troubles))
        return True

    def remember(self, snapshot: str | None = None) -> None:
        self._contents = Contents.of(self.aws.client, self.terraform.resources(), self.prefix)

    def clean(self) -> bool:
        """Empty the stack's buckets, tables and queues. What is on its way somewhere cannot be called back."""
        if self._used:
            self.empty()
        self._used = True
        return False

    def empty(self) -> None:
        if self._contents is not None:
            self._contents.empty()

    @property
    def _left(self) -> str:
        return f"Run {self.run.id} may have left something in account {self.run.account}: harness sweep."
