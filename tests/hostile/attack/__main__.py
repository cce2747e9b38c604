"""The command: rounds until the time is over, then a table of what was found."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.hostile.attack.findings import Report
from tests.hostile.attack.rounds import PARTS, SCHEDULE, play


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    report = Report(options.seed)
    end = time.monotonic() + options.hours * 3600
    number = options.round or 0
    while True:
        part = options.part or SCHEDULE[number % len(SCHEDULE)]
        began = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix="attack-"))
        try:
            play(part, options.seed, number, folder, report, scale=options.scale, upto=options.upto)
        except KeyboardInterrupt:
            break
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(
            f"round {number} ({part}) {time.monotonic() - began:.0f} s: {sum(report.sent.values()):,} requests, "
            f"{len(report.findings)} kinds of findings",
            file=sys.stderr,
            flush=True,
        )
        if options.report is not None:
            options.report.write_text(json.dumps(report.as_json(), indent=1) + "\n")
        number += 1
        if options.round is not None or time.monotonic() > end:
            break
    print(report.as_text())
    return 1 if report.failed else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.attack", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=float, default=1.0, help="how long (default: %(default)s)")
    parser.add_argument("--part", choices=sorted(PARTS), help="one kind of round alone")
    parser.add_argument("--round", type=int, help="this round alone: what a finding's line names")
    parser.add_argument("--upto", type=int, help="end the round after so many requests")
    parser.add_argument("--scale", type=float, default=1.0, help="the length of a round (default: %(default)s)")
    parser.add_argument("--report", type=Path, help="write all findings as JSON, after each round")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
