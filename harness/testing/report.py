"""What the report of a failed test tells beyond its traceback."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from harness.json_object import Json
from harness.targets import DEFAULT_TARGET, Capability
from harness.targets.admin import AdminError
from harness.testing.journey import journey
from harness.testing.ledger import TestedLedger
from harness.testing.suite import Suite
from harness.waiting import NotInTime, wait_for

Section = tuple[str, str]

_LOG_LINES = 30
_FUNCTIONS = 5
_LOGS_ARRIVE_SECONDS = 5.0
_LOGS_LOOK_SECONDS = 0.25
_ENTRY = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ([A-Z]+) ")
# How Lambda logs a failed invocation (F of the platform's own lines), and what its runtimes write for an error.
_FAILURE = re.compile(
    r"\[ERROR\]|Task timed out after|Status: (?:error|timeout)|\tERROR\t"
    r'|"status": ?"(?:error|timeout|failure)"|"level": ?"ERROR"|Runtime exited'
)


@dataclass
class Using:
    """A test that uses the target: when it began there (and in real time), how long the target's own log was, and its
    ledgers."""

    suite: Suite
    began: float
    log_position: int
    ledgers: list[TestedLedger] = field(default_factory=list)
    told: bool = False
    real_began: float = field(default_factory=time.time)


def sections(using: Using, test: str, shown: str) -> Iterator[Section]:
    """Titles and texts that belong below `shown`, the text of the failure. Nothing here raises: what cannot be read
    says so."""
    yield "harness", _tried(lambda: _heading(using, test))
    for ledger in using.ledgers:
        # A ledger that did not balance has said so in the failure itself.
        if (verdict := ledger.verdict()) and verdict.partition("\n")[0] not in shown:
            yield "harness: ledger", verdict
        trace = _tried(lambda ledger=ledger: _trace(using, ledger))  # type: ignore[misc]
        if trace:
            yield "harness: trace of the first lost record", trace
    try:
        yield from _arrived(using)
    except Exception as error:
        yield "harness: functions", f"their logs cannot be read: {error}"
    if errors := logged_errors(using.suite.target.log_since(using.log_position)):
        yield "harness: errors of the emulator", f"{errors}\n(all of it: {using.suite.target.log})"
    yield from _containers(using)


def _containers(using: Using) -> Iterator[Section]:
    """The last lines that each container wrote during the test."""
    containers = using.suite.target.containers
    for name in containers.names if containers is not None else ():
        text = _tried(lambda name=name: containers.log(name, using.real_began))  # type: ignore[misc, union-attr]
        yield f"harness: container {name}", "\n".join(text.splitlines()[-_LOG_LINES:]) or "it wrote nothing"


def logged_errors(log: str) -> str:
    """The errors in an emulator's log, tracebacks included; at most its last lines."""
    kept: list[str] = []
    wanted = False
    for line in log.splitlines():
        if entry := _ENTRY.match(line):
            wanted = entry[1] in ("ERROR", "CRITICAL")
        elif line.startswith("Traceback"):
            wanted = True
        if wanted:
            kept.append(line)
    return "\n".join(kept[-_LOG_LINES:])


def failed(lines: list[str]) -> bool:
    """Whether a function's log tells of a failure."""
    return any(_FAILURE.search(line) for line in lines)


def _heading(using: Using, test: str) -> str:
    suite, name = using.suite, using.suite.target.name
    if suite.admin is None:
        return f"target {name}, {suite.now() - using.began:.1f} s into the test"
    where = "" if name == DEFAULT_TARGET else f"--harness-target {name} "
    again = f'seed {suite.seed}; again: pytest {where}--harness-seed {suite.seed} "{test}"'
    try:
        now = suite.now()
    except AdminError as error:
        return f"{again}\n{error.sentence}"
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [again, f"clock {moment}, {now - using.began:.1f} s into the test; emulator {suite.aws.url}"]
    lines += [
        f"fault {rule['id']} ({rule['fault']}): matched {rule['matched']}, fired {rule['fired']}"
        for rule in suite.admin.faults()
    ]
    return "\n".join(lines)


def _trace(using: Using, ledger: TestedLedger) -> str:
    """Where the first lost record went, if the emulator can tell."""
    lost = ledger.first_lost()
    admin = using.suite.admin
    if lost is None or admin is None:
        return ""
    for record_id in (lost.token, lost.outcome.sequence):
        if record_id:
            try:
                return journey(admin.trace(record_id), using.began)
            except AdminError as error:
                if error.status != 404:
                    return error.sentence
    return ""


def _arrived(using: Using) -> list[Section]:
    """The logs of failed functions; where time is real they may take a while, and none may come at all."""
    seconds = 0.0 if Capability.CLOCK in using.suite.target.capabilities else _LOGS_ARRIVE_SECONDS
    try:
        return wait_for(
            lambda: list(_failed_functions(using)),
            seconds=seconds,
            what="No log of a failed function came",
            every=_LOGS_LOOK_SECONDS,
        )
    except NotInTime:
        return []


def _failed_functions(using: Using) -> Iterator[Section]:
    """The log tails of functions that failed since the test began."""
    aws = using.suite.aws
    functions = [
        each
        for page in aws.client("lambda").get_paginator("list_functions").paginate()
        for each in page["Functions"]
        if each["FunctionName"].startswith(using.suite.target.prefix)
    ]
    shown = 0
    for function in functions:
        lines = _log(aws.client("logs"), _group_of(function), using.began)
        if failed(lines) and shown < _FUNCTIONS:
            shown += 1
            yield f"harness: log of {function['FunctionName']}", "\n".join(lines[-_LOG_LINES:])


def _group_of(function: Json) -> str:
    named: str | None = function.get("LoggingConfig", {}).get("LogGroup")
    return named or f"/aws/lambda/{function['FunctionName']}"


def _log(logs: Any, group: str, since: float) -> list[str]:
    """The lines of a log group from a moment on, oldest first; none when there is no such group."""
    try:
        pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=int(since * 1000)))
    except logs.exceptions.ResourceNotFoundException:
        return []
    events = sorted((event for page in pages for event in page["events"]), key=lambda event: event["timestamp"])
    return [line for event in events for line in str(event["message"]).replace("\r", "\n").splitlines()]


def _tried(tell: Callable[[], str]) -> str:
    try:
        return tell()
    except Exception as error:
        return f"cannot be told: {type(error).__name__}: {error}"
