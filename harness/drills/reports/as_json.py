"""The report as JSON. But for `real_*` and `simulated_*`, the same seed gives the same figures."""

from __future__ import annotations

import json
from typing import get_args

from harness.drills.result import Results
from harness.drills.verdict import Word
from harness.version import VERSION


def render(results: Results) -> str:
    return json.dumps(
        {
            "version": VERSION,
            "seed": results.seed,
            "passed": results.passed,
            "counts": {word: results.count(word) for word in get_args(Word)},
            "virtual_seconds": round(results.virtual_seconds, 3),
            "real_seconds": round(results.real_seconds, 2),
            "simulated_seconds_per_real_second": round(results.simulated_per_second, 1),
            "drills": [result.to_json() for result in results.results],
        },
        indent=2,
    )
