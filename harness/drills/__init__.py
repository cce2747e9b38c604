"""Drills: named failures, played through in virtual time, with a verdict and a report."""

from harness.drills.catalogue import all_drills, drills_named
from harness.drills.drill import Drill
from harness.drills.result import Result, Results
from harness.drills.run import run_drills
from harness.drills.verdict import Verdict

__all__ = ["Drill", "Result", "Results", "Verdict", "all_drills", "drills_named", "run_drills"]
