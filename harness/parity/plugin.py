"""pytest's side of a comparison: chooses the tests that are about a target, and writes down what each one showed.

    pytest tests/conformance -p harness.parity.plugin --parity-record FILE [--parity-endpoint URL]

Not loaded unless it is named: a usual run of the suite does not know of it. `tests/conftest.py` asks `parity_session`.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from harness.json_object import Json
from harness.parity.outcome import NO_ANSWER, Shown
from harness.parity.phase import PASSED, PhaseOutcome, outcome_of, worse
from harness.parity.session import SESSION, ParitySession, parity_session
from harness.problem import Problem
from harness.targets.probe import probe

_SHARED = "_session_aws"
"""The fixture of the suite that stands for the target. A test without it is about emulators of its own."""

OWN = "emulator_only"
"""The mark of tests that use the target and yet are about this emulator's own process."""

_OUTCOME: pytest.StashKey[PhaseOutcome] = pytest.StashKey()
_WRITER: pytest.StashKey[Writer] = pytest.StashKey()
_APART: pytest.StashKey[list[str]] = pytest.StashKey()
_PROPERTY = "harness.parity"


class Writer:
    """Appends to a run's file, a line an object, so that what was seen survives the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text("")

    def write(self, content: Json) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(content) + "\n")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("parity", "pipeline-harness: the conformance suite on any target")
    group.addoption("--parity-record", metavar="FILE", help="write what every test showed, one JSON object a line")
    group.addoption("--parity-endpoint", metavar="URL", help="run against this endpoint instead of starting emulators")


def pytest_configure(config: pytest.Config) -> None:
    endpoint, record = config.getoption("parity_endpoint"), config.getoption("parity_record")
    is_worker = hasattr(config, "workerinput")
    if endpoint and (is_worker or config.getoption("tx", None)):
        raise pytest.UsageError("One endpoint cannot serve several workers: leave out --parity-endpoint or -n.")
    try:
        target = probe(endpoint) if endpoint else None
    except Problem as problem:
        raise pytest.UsageError(problem.sentence) from None
    # The same examples on both targets, and what fails on a peer is not kept among the examples of usual runs.
    settings.register_profile("parity", settings.default, derandomize=True, database=None)
    settings.load_profile("parity")
    config.stash[SESSION] = ParitySession(target)
    config.stash[_APART] = []
    if record and not is_worker:
        config.stash[_WRITER] = Writer(Path(record))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = [item for item in items if _is_about_a_target(item)]
    apart = [item for item in items if item not in set(chosen)]
    if apart:
        config.hook.pytest_deselected(items=apart)
    items[:] = chosen
    config.stash[_APART] = [item.nodeid for item in apart]


def _is_about_a_target(item: pytest.Item) -> bool:
    return _SHARED in getattr(item, "fixturenames", ()) and item.get_closest_marker(OWN) is None


def pytest_collection_finish(session: pytest.Session) -> None:
    # With pytest-xdist only its workers collect.
    if session.items:
        _write(session.config, {"tests": len(session.items)})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    _write(node.config, {"tests": len(ids)})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    session = _session(item.config)
    session.recorder.begin()
    item.stash[_OUTCOME] = PASSED
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    session = _session(item.config)
    if call.excinfo is not None:
        item.stash[_OUTCOME] = worse(item.stash[_OUTCOME], outcome_of(call.excinfo.value, session.target))
    if report.when == "teardown":
        outcome, recorder = item.stash[_OUTCOME], session.recorder
        shown = Shown(item.nodeid, outcome.outcome, outcome.reason, outcome.needs, recorder.calls, recorder.last)
        # Among the properties it comes from a worker's process to the one that writes.
        report.user_properties.append((_PROPERTY, json.dumps(shown.to_json())))
        if session.target is not None and (why := session.hopeless(outcome.outcome == NO_ANSWER)):
            item.session.shouldstop = why
            _write(item.config, {"stopped": why})
    return report


class _Reports:
    """`pytest_runtest_logreport` knows no config: the instance does."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == _PROPERTY and report.when == "teardown":
                _write(self.config, json.loads(str(value)))


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(_Reports(session.config), "harness-parity-reports")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell which tests are apart: a worker tells the process that writes."""
    apart = session.config.stash[_APART]
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_PROPERTY] = apart
    elif apart:
        _write(session.config, {"apart": apart})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    apart = getattr(node, "workeroutput", {}).get(_PROPERTY)
    if apart:
        _write(node.config, {"apart": apart})


def _session(config: pytest.Config) -> ParitySession:
    session = parity_session(config)
    assert session is not None
    return session


def _write(config: pytest.Config, content: Json) -> None:
    writer = config.stash.get(_WRITER, None)
    if writer is not None:
        writer.write(content)
