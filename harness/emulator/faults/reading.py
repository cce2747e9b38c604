"""Rules from their JSON form:

    {"id": "no-archive", "fault": "error",
     "match": {"service": "s3", "operation": "PutObject", "resource": "archive/*", "caller": "firehose.amazonaws.com"},
     "when": {"nth": [1, 3], "probability": 0.5, "count": 2, "after": 10, "seconds": 60},
     "with": {"code": "SlowDown", "status": 503}}

Everything but `fault` may be left out. What is wrong is said for all members at once, in AWS's words.
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING

from harness.emulator.errors import constraint, validation_error
from harness.emulator.faults import arguments, catalogue
from harness.emulator.faults.fault import CALL, Fault
from harness.emulator.faults.rule import Match, Rule, When
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

EXECUTE_API = "execute-api"
HTTP_SINK = "http-sink"
_NO_AWS_SERVICE = (EXECUTE_API, HTTP_SINK)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MEMBERS = ("id", "fault", "match", "when", "with")
_PATTERNS = ("service", "operation", "resource", "caller", "region")
_TIMES = ("after", "seconds", "from", "until")
_CHECKS = {
    "probability": arguments.number(0, 1),
    "count": arguments.integer(1),
    "after": arguments.number(),
    "seconds": arguments.number(),
    "from": arguments.number(),
    "until": arguments.number(),
}


class BadRule(ValueError):
    """A rule that can't be taken: the text says which member and why."""


class _Reader:
    """Collects what is wrong with one rule."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.problems: list[str] = []

    def wrong(self, path: str, text: str, value: object = None) -> None:
        self.problems.append(constraint(value, f"{self.at}{path}", text))

    def group(self, document: Json, name: str, known: tuple[str, ...]) -> Json:
        """The object under `name`, without the members that nobody knows."""
        group = document.get(name, {})
        if not isinstance(group, dict):
            self.wrong(name, "Member must be an object", group)
            return {}
        for member in group.keys() - set(known):
            self.wrong(f"{name}.{member}", f"Member must be one of: {', '.join(known) or 'none'}")
        return {member: value for member, value in group.items() if member in known}


def read_rule(document: object, world: World, rule_id: str, source: str, at: str = "") -> Rule:
    """The rule of a JSON object; `rule_id` unless it has an id of its own. Raises BadRule."""
    reader = _Reader(at)
    if not isinstance(document, dict):
        raise BadRule(_sentence([constraint(document, at.rstrip(".") or "rule", "Member must be an object")]))
    for member in document.keys() - set(_MEMBERS):
        reader.wrong(member, f"Member must be one of: {', '.join(_MEMBERS)}")
    own_id = document.get("id", rule_id)
    if not isinstance(own_id, str) or not _ID.fullmatch(own_id):
        reader.wrong("id", f"Member must satisfy regular expression pattern: {_ID.pattern}", own_id)
    name = document.get("fault")
    try:
        kind = catalogue.load(name if isinstance(name, str) else "")
    except KeyError:
        text = f"Member must satisfy enum value set: [{', '.join(catalogue.names())}]"
        reader.wrong("fault", "Member must not be null" if name is None else text, name)
        raise BadRule(_sentence(reader.problems)) from None
    match = _read_match(reader, document, kind)
    when = _read_when(reader, document, kind, world.clock.now())
    fault = _read_fault(reader, document, kind)
    if fault is not None and (why := fault.problem(world)):
        reader.wrong("fault", why, name)
    if reader.problems or fault is None:
        raise BadRule(_sentence(reader.problems))
    return Rule(str(own_id), fault, match, when, world.clock.now(), source, {**document, "id": own_id})


def _sentence(problems: list[str]) -> str:
    return str(validation_error(problems).message)


def _read_match(reader: _Reader, document: Json, kind: type[Fault]) -> Match:
    group = reader.group(document, "match", _PATTERNS)
    read: dict[str, tuple[str, ...]] = {}
    for member, value in group.items():
        patterns = value if isinstance(value, list) else [value]
        if not patterns or not all(isinstance(pattern, str) and pattern for pattern in patterns):
            reader.wrong(f"match.{member}", "Member must be a text or a list of texts, none of them empty", value)
        else:
            read[member] = tuple(patterns)
    match = Match(**read)
    _check_services(reader, match, kind)
    if "caller" in read and kind.site != CALL:
        reader.wrong("match.caller", f"The fault {document['fault']} can't tell callers apart", group["caller"])
    return match


def _check_services(reader: _Reader, match: Match, kind: type[Fault]) -> None:
    """A service or operation that there is not, or that the fault can't touch, would wait for ever."""
    services = match.service or tuple(kind.calls)
    operations: set[str] = set()
    for service in services:
        if "*" in service or "?" in service:
            return
        if kind.calls and service not in kind.calls:
            reader.wrong("match.service", f"The fault touches only: {', '.join(kind.calls)}", service)
            return
        found = _operations(service)
        if found is None:
            reader.wrong("match.service", "Member must be a service name as botocore spells it", service)
            return
        operations |= kind.calls.get(service, frozenset()) or found
    for operation in match.operation:
        if services and "*" not in operation and "?" not in operation and operation not in operations:
            reader.wrong("match.operation", f"The fault and its services have no such operation: {services}", operation)


def _operations(service: str) -> set[str] | None:
    from harness.emulator.spec.model import load_model

    if service in _NO_AWS_SERVICE:
        return {"Invoke"} if service == EXECUTE_API else {"Deliver"}
    try:
        return set(load_model(service).operations)
    except KeyError:
        return None


def _read_when(reader: _Reader, document: Json, kind: type[Fault], now: float) -> When:
    group = reader.group(document, "when", ("nth", "probability", "count", *_TIMES))
    nth = group.pop("nth", [])
    nth = nth if isinstance(nth, list) else [nth]
    if nth and not arguments.integers(1).accepts(nth):
        reader.wrong("when.nth", "Member must be an integer of at least 1 or a list of such", nth)
        nth = []
    for member, value in list(group.items()):
        if not _CHECKS[member].accepts(value):
            reader.wrong(f"when.{member}", _CHECKS[member].text, value)
            del group[member]
    for absolute, relative in (("from", "after"), ("until", "seconds")):
        if absolute in group and relative in group:
            reader.wrong(f"when.{absolute}", f"Member must not stand beside {relative}")
    start = group.get("from", now + group.get("after", 0.0))
    end = group.get("until", max(now, start) + group["seconds"] if "seconds" in group else math.inf)
    if end <= max(now, start):
        reader.wrong("when", "The window must end after it begins, and later than now")
    return When(
        frozenset(nth),
        float(group.get("probability", 1.0)),
        group.get("count", 1 if kind.once and not nth else None),
        start if start > now else -math.inf,
        end,
    )


def _read_fault(reader: _Reader, document: Json, kind: type[Fault]) -> Fault | None:
    fields = {field.name: field for field in dataclasses.fields(kind) if "check" in field.metadata}
    group = reader.group(document, "with", tuple(fields))
    complete = True
    for name, field in fields.items():
        check = field.metadata["check"]
        if name not in group:
            if field.default is dataclasses.MISSING:
                reader.wrong(f"with.{name}", "Member must not be null")
                complete = False
        elif not check.accepts(group[name]):
            reader.wrong(f"with.{name}", check.text, group[name])
            complete = False
    return kind(**group) if complete else None
