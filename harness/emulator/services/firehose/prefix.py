"""Prefix expressions and object keys (A11)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from harness.emulator.services.firehose.java_time import PatternError, compile_pattern
from harness.emulator.services.firehose.model import Json

MAX_EVALUATED = 512
RANDOM_LENGTH = 11
_EXPRESSION = re.compile(r"!\{([^{}:]*):([^{}]*)\}")
_HOUR = "%Y/%m/%d/%H/"

# A part of a prefix: from the moment, a maker of random strings and the error type to text.
Part = Callable[[datetime, Callable[[], str], str], str]


class PrefixError(ValueError):
    """A prefix that Firehose refuses; the text says why."""


@dataclass(slots=True)
class Prefix:
    """A parsed prefix. `expressions` are the namespaces (with the name, for `firehose:…`) that it uses."""

    parts: list[Part]
    expressions: set[str]

    def evaluate(self, moment: datetime, random_string: Callable[[], str], error_type: str = "") -> str:
        return "".join([part(moment, random_string, error_type) for part in self.parts])


def parse_prefix(text: str) -> Prefix:
    """Raises PrefixError for an unknown namespace, a bad date pattern or a `!{` that starts no expression."""
    parts: list[Part] = []
    expressions: set[str] = set()

    def literal(piece: str) -> None:
        if "!{" in piece:
            raise PrefixError(f"'!{{' may only start an expression !{{namespace:value}}, in: {text}")
        if piece:
            parts.append(lambda _moment, _random, _error: piece)

    position = 0
    for match in _EXPRESSION.finditer(text):
        literal(text[position : match.start()])
        position = match.end()
        namespace, value = match.groups()
        expressions.add(f"{namespace}:{value}" if namespace == "firehose" else namespace)
        parts.append(_expression(namespace, value))
    literal(text[position:])
    return Prefix(parts, expressions)


def _expression(namespace: str, value: str) -> Part:
    if namespace == "timestamp":
        try:
            render = compile_pattern(value)
        except PatternError as error:
            raise PrefixError(f"invalid timestamp pattern '{value}': {error}") from error
        return lambda moment, _random, _error: render(moment)
    if (namespace, value) == ("firehose", "random-string"):
        return lambda _moment, random_string, _error: random_string()
    if (namespace, value) == ("firehose", "error-output-type"):
        return lambda _moment, _random, error_type: error_type
    if namespace in ("partitionKeyFromQuery", "partitionKeyFromLambda"):
        raise PrefixError(f"{namespace} can only be used when dynamic partitioning is enabled")
    raise PrefixError(f"unknown expression !{{{namespace}:{value}}}")


def zone(name: str | None) -> tzinfo:
    """The time zone of CustomTimeZone; UTC when empty. Raises PrefixError for an unknown one."""
    if not name or name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PrefixError(f"CustomTimeZone {name} is not a known time zone") from error


def check_prefixes(settings: Json) -> None:
    """The rules that tie Prefix, ErrorOutputPrefix and CustomTimeZone together. Raises PrefixError."""
    moment = datetime(2000, 12, 31, 23, 59, 59, tzinfo=zone(settings.get("CustomTimeZone")))
    prefix = parse_prefix(settings.get("Prefix") or "")
    error_text = settings.get("ErrorOutputPrefix") or ""
    error_prefix = parse_prefix(error_text)
    if "firehose:error-output-type" in prefix.expressions:
        raise PrefixError("Prefix cannot contain !{firehose:error-output-type}")
    if prefix.expressions and not error_text:
        raise PrefixError("ErrorOutputPrefix can't be null when Prefix contains expressions")
    if error_prefix.expressions and "firehose:error-output-type" not in error_prefix.expressions:
        raise PrefixError("ErrorOutputPrefix with expressions must contain !{firehose:error-output-type}")
    for name, parsed in (("Prefix", prefix), ("ErrorOutputPrefix", error_prefix)):
        longest = parsed.evaluate(moment, lambda: "x" * RANDOM_LENGTH, "format-conversion-failed")
        if len(longest) > MAX_EVALUATED:
            raise PrefixError(f"the evaluated {name} is longer than {MAX_EVALUATED} characters")


def record_prefix(settings: Json, moment: datetime, random_string: Callable[[], str]) -> str:
    """The folder of delivered records. Without any expression the hour is appended, without adding a slash.

    Sources disagree on a prefix whose only expression is random-string; the newest probe shows nothing appended.
    """
    prefix = parse_prefix(settings.get("Prefix") or "")
    text = prefix.evaluate(moment, random_string)
    return text if prefix.expressions else text + moment.strftime(_HOUR)


def error_prefix(settings: Json, error_type: str, moment: datetime, random_string: Callable[[], str]) -> str:
    """The folder of records that failed in the way `error_type` (`processing-failed`)."""
    text = settings.get("ErrorOutputPrefix")
    if text:
        return parse_prefix(text).evaluate(moment, random_string, error_type)
    return f"{settings.get('Prefix') or ''}{error_type}/{moment.strftime(_HOUR)}"


def moment_of(settings: Json, arrival: int) -> datetime:
    """The instant of a key from the oldest record's arrival (epoch milliseconds), to the second, in its zone."""
    return datetime.fromtimestamp(arrival // 1000, zone(settings.get("CustomTimeZone")))


def object_key(folder: str, stream: str, version: int, moment: datetime, unique: str, extension: str) -> str:
    """`<folder><stream>-<version>-<yyyy-MM-dd-HH-mm-ss>-<unique><extension>`."""
    return f"{folder}{stream}-{version}-{moment:%Y-%m-%d-%H-%M-%S}-{unique}{extension}"
