"""pytest's hooks for `--harness-target=aws`: who we are, which tests run there, the estimate, and whether to go on."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from harness.account.estimate import Estimate
from harness.account.identity import CallerIdentity, who_am_i
from harness.problem import Problem
from harness.targets import AWS, CAPABILITIES, lacks
from harness.testing.account import UNCONFIRMED, prepare
from harness.testing.declared import MARK, declared_seconds
from harness.testing.needs import NEEDS
from harness.testing.options import Options

_FIXTURES = "harness.pytest_plugin"
UNDECLARED = f"takes real time on aws: declare how much, @pytest.mark.{MARK}(seconds=N)"


class AccountRun:
    """Registered as a plugin for this target only."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._identity: CallerIdentity | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        if session.config.getoption("tx", None):
            raise pytest.UsageError(
                "On the target aws all tests share one stack, so they run one after another: leave out -n."
            )
        if not session.config.option.collectonly:
            try:
                self._identity = who_am_i()
            except Problem as problem:
                raise pytest.UsageError(problem.sentence) from None

    def pytest_report_header(self) -> str | None:
        return f"harness: aws {self._identity.describe()}" if self._identity is not None else None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if _uses_target(item) and (reason := _why_not(item)) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        declared = [
            declared_seconds(item) or 0.0 for item in session.items if _uses_target(item) and not _is_skipped(item)
        ]
        if self._identity is None or not declared:
            return
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        try:
            prepared, plan = prepare(self._options, self._identity)
        except Problem as problem:
            raise pytest.UsageError(f"{problem.sentence}\n{problem.detail}".rstrip()) from None
        run = prepared.run
        for line in (
            f"run {run.id}, every name begins with {run.prefix}",
            *Estimate.of(plan, sum(declared)).lines(run.region),
        ):
            if terminal is not None:
                terminal.write_line(f"harness: {line}")
        if not self._options.confirmed:
            prepared.runs.forget(run)
            raise pytest.UsageError(UNCONFIRMED)
        # A CI system that cancels a job must not keep the stack standing: ended as by Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _why_not(item: pytest.Item) -> str | None:
    """Why the test cannot run on an account."""
    for fixture in _own_fixtures(item):
        need = NEEDS.get(fixture)
        if need is not None and need not in CAPABILITIES[AWS]:
            return lacks(AWS, need)
    return UNDECLARED if declared_seconds(item) is None else None


def _uses_target(item: pytest.Item) -> bool:
    return "harness_emulator" in getattr(item, "fixturenames", ())


def _is_skipped(item: pytest.Item) -> bool:
    return item.get_closest_marker("skip") is not None


def _own_fixtures(item: pytest.Item) -> Iterator[str]:
    """Names of the plugin's fixtures that the test uses, also below a fixture of the project of the same name."""
    info = getattr(item, "_fixtureinfo", None)
    for name, definitions in (info.name2fixturedefs if info is not None else {}).items():
        for definition in reversed(definitions):
            if definition.func.__module__ == _FIXTURES:
                yield name
            if name not in definition.argnames:
                break
