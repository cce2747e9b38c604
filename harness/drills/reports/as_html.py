"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

from harness.drills.result import Results


def render(results: Results) -> str:
    return f"<!doctype html><title>Drills, seed {results.seed}</title>"
