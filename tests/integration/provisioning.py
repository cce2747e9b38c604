"""Terraform on the suite's own emulator, for the tests that look at Terraform itself."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, fields, replace
from pathlib import Path

from harness.testing.suite import Suite
from harness.testing.topology import SuiteRunner

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class PlanningRunner(SuiteRunner):
    """tflocal on the full stack, with plans and with copies of its state."""

    def plan(self) -> tuple[int, str]:
        """`plan -detailed-exitcode`: 0 without changes, 2 with some; and what it printed."""
        with self._folder():
            finished = self._run(["plan", "-input=false", "-no-color", "-detailed-exitcode", *self._common()])
        return finished.code, "\n".join(line for line in finished.lines if "Refreshing state..." not in line)

    def with_own_state(self, folder: Path, **variables: str) -> PlanningRunner:
        """The same stack with a copy of the state, for a run that changes it; and with other variables.

        Without the refresh, which a plan shows to find nothing.
        """
        state = folder / "full.tfstate"
        shutil.copyfile(self.state, state)
        given = {f"TF_VAR_{name}": value for name, value in variables.items()}
        quick = {f"TF_CLI_ARGS_{command}": "-refresh=false" for command in ("apply", "destroy")}
        environ = {**self.environ, **given, **quick}
        return replace(self, state=state, environ=environ)


@dataclass(frozen=True)
class Provisioned:
    """The emulator that holds the full stack, and Terraform on it."""

    runner: PlanningRunner

    @classmethod
    def of(cls, suite: Suite) -> Provisioned:
        assert suite.provisioner is not None
        runner = suite.provisioner.runner()
        runner.init()  # not done yet where the stack came from a snapshot of an earlier run
        return cls(PlanningRunner(**{field.name: getattr(runner, field.name) for field in fields(SuiteRunner)}))
