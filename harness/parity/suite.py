"""The conformance suite in a pytest process of its own, on one target."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.parity.outcome import Run, read_run
from harness.problem import Problem

SUITE = Path("tests") / "conformance"
_NEEDED = ("pytest", "pytest_timeout", "xdist", "hypothesis")
_TEST_SECONDS = 60
"""Bound of one test on an endpoint that the suite did not start; on our own it is the project's."""
_OK = (0, 1)
_INTERRUPTED, _USAGE, _NO_TESTS = 2, 4, 5  # pytest's exit codes
_TELL_SECONDS = 10.0
_POLL_SECONDS = 0.2
_GRACE_SECONDS = 15.0
_TAIL_LINES = 15
# What would change the run: the developer's account, options, an emulator of his.
_NOT_PASSED_ON = ("AWS_", "PYTEST_", "HARNESS_")

Progress = Callable[[int, int], None]
"""Told (tests that are done, tests that there are) from time to time."""


@dataclass(frozen=True)
class Suite:
    """The suite of the checkout at `root`. `only` are files or folders of it (`test_s3_objects.py`, `lambda_`, one test
    as `test_s3_objects.py::test_ranges`), and expressions in pytest's words for -k; nothing is all of it."""

    root: Path
    only: tuple[str, ...] = ()
    workers: int = 1

    @classmethod
    def find(cls, root: Path, only: Sequence[str] = (), workers: int = 1) -> Suite:
        """Raises Problem where there is no suite, or not what it needs."""
        if not (root / SUITE).is_dir() or not (root / "tests" / "conftest.py").is_file():
            raise Problem(
                f"There is no {SUITE} in {root}: the suite is not in the package, so parity runs from a checkout of "
                "pipeline-harness."
            )
        missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise Problem(f"The suite needs {', '.join(missing)}: make setup, or pip install -e '.[dev]'.")
        return cls(root, tuple(only), workers)

    def run(self, target: str, url: str | None, folder: Path, progress: Progress = lambda done, of: None) -> Run:
        """Run it on the endpoint, or on emulators of its own where `url` is None; `folder` gets its files.

        Raises Problem when the run came to no end: a target that stopped answering, a suite that cannot be collected.
        """
        record, log = folder / "tests.jsonl", folder / "pytest.log"
        began = time.monotonic()
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "pytest", *self._arguments(record, url)],
                cwd=self.root,
                env=child_environment(os.environ, self.root),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                self._wait(child, target, record, progress)
            finally:
                _end(child)
        run = read_run(target, record)
        run.seconds = time.monotonic() - began
        self._check(run, child.returncode, log)
        return run

    def _arguments(self, record: Path, url: str | None) -> list[str]:
        arguments = [*self._chosen(), "-p", "harness.parity.plugin", "--parity-record", str(record)]
        # Long values are told in one line, not shortened by what differs; nothing is left in the checkout.
        arguments += ["-o", "verbosity_assertions=2", "--tb=line", "-p", "no:cacheprovider"]
        if url is None:
            arguments += ["-n", str(self.workers)] if self.workers > 1 else []
        else:
            # One endpoint holds one state, which every test empties: no two tests at a time.
            arguments += ["--parity-endpoint", url, f"--timeout={_TEST_SECONDS}"]
        return arguments

    def _chosen(self) -> list[str]:
        """Only what is asked for is collected, so that a small part takes seconds."""
        paths = [only for only in self.only if (self.root / SUITE / only.partition("::")[0]).exists()]
        words = [f"({only})" for only in self.only if only not in paths]
        chosen = [str(SUITE / path) for path in paths] or [str(SUITE)]
        return [*chosen, "-k", " or ".join(words)] if words else chosen

    def _wait(self, child: subprocess.Popen[bytes], target: str, record: Path, progress: Progress) -> None:
        told = time.monotonic()
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_POLL_SECONDS)
                return
            if time.monotonic() - told >= _TELL_SECONDS:
                told = time.monotonic()
                so_far = read_run(target, record)
                progress(len(so_far.shown), so_far.expected)

    def _check(self, run: Run, code: int, log: Path) -> None:
        """Raise Problem unless the run is whole."""
        if run.stopped:
            done = f"after {len(run.shown)} of {run.expected} tests"
            raise Problem(f"No comparison: {run.stopped} {done} (log: {log}).")
        if code == _NO_TESTS:
            what = (
                f" that is about a target matches --only {' '.join(self.only)}" if self.only else " is about a target"
            )
            raise Problem(f"No conformance test{what}.")
        if code == _USAGE:
            raise Problem(_usage(log))
        if code not in _OK or (run.expected and len(run.shown) < run.expected):
            what = "was interrupted" if code == _INTERRUPTED else f"ended with pytest's exit code {code}"
            done = f"{len(run.shown)} of {run.expected or '?'} tests"
            raise Problem(f"The suite on {run.target} {what} after {done} (log: {log}).", _tail(log))


def child_environment(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Without what would lead the suite elsewhere; with the checkout's code, installed or not."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_NOT_PASSED_ON)}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": str(root)}


def _usage(log: Path) -> str:
    """What pytest says of an argument."""
    lines = [line.removeprefix("ERROR: ").strip() for line in log.read_text(errors="replace").splitlines()]
    said = " ".join(line for line in lines if line)[:300]
    return f"pytest refuses to start: {said}"


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])


def _end(child: subprocess.Popen[bytes]) -> None:
    """End what still runs: pytest unwinds on SIGINT, so that its emulators end too; then the whole group."""
    if child.poll() is None:
        for number, seconds in ((signal.SIGINT, _GRACE_SECONDS), (signal.SIGKILL, _GRACE_SECONDS)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(seconds)
                break
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
