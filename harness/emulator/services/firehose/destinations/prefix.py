"""Prefix expressions and object keys (A11). Texts of refusals: AWS's own, as aws-cdk and others recorded them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from harness.emulator.services.firehose.conversion.java_time import PatternError, compile_pattern
from harness.json_object import Json

MAX_EVALUATED = 512
TOO_LONG = f"Length of evaluated prefix cannot be greater than {MAX_EVALUATED}"
RANDOM_LENGTH = 11
QUERY = "partitionKeyFromQuery"
LAMBDA = "partitionKeyFromLambda"
_EXPRESSION = re.compile(r"!\{([^{}:]*):([^{}]*)\}")
_HOUR = "%Y/%m/%d/%H/"


class Expression(NamedTuple):
    """`!{namespace:value}` in a prefix."""

    namespace: str
    value: str


_RANDOM_STRING = Expression("firehose", "random-string")
_ERROR_TYPE = Expression("firehose", "error-output-type")

Piece: TypeAlias = str | Expression
"""Literal text, or an expression."""

# A part of a prefix: from the moment, a maker of random strings and the error type to text.
Part = Callable[[datetime, Callable[[], str], str], str]


class PrefixError(ValueError):
    """A prefix that Firehose refuses; the text says why."""


class Prefix:
    """A parsed prefix. Partition keys are left out when it is evaluated: `name_partition` fills them in before."""

    __slots__ = ("_parts", "pieces")

    def __init__(self, pieces: list[Piece], member: str = "Prefix") -> None:
        self.pieces = pieces
        self._parts = [_part(piece, member) for piece in pieces]

    @property
    def expressions(self) -> list[Expression]:
        return [piece for piece in self.pieces if isinstance(piece, Expression)]

    def keys(self, namespace: str) -> set[str]:
        """Names of the partition keys that come from `namespace`."""
        return {value for space, value in self.expressions if space == namespace}

    def evaluate(self, moment: datetime, random_string: Callable[[], str], error_type: str = "") -> str:
        return "".join([part(moment, random_string, error_type) for part in self._parts])

    def longest(self) -> int:
        """Characters of the evaluated prefix, without partition keys, at most."""
        moment = datetime(2000, 12, 31, 23, 59, 59, tzinfo=UTC)
        return len(self.evaluate(moment, lambda: "x" * RANDOM_LENGTH, "format-conversion-failed"))


def parse_prefix(text: str, member: str = "Prefix") -> Prefix:
    """Raises PrefixError for an unknown namespace, a bad date pattern or a `!{` that starts no expression."""
    pieces: list[Piece] = []

    def literal(piece: str) -> None:
        if "!{" in piece:
            raise PrefixError(f"Invalid expression usage in {member}: {text}")
        if piece:
            pieces.append(piece)

    position = 0
    for match in _EXPRESSION.finditer(text):
        literal(text[position : match.start()])
        position = match.end()
        pieces.append(Expression(match[1], match[2]))
    literal(text[position:])
    return Prefix(pieces, member)


def _part(piece: Piece, member: str) -> Part:
    if isinstance(piece, str):
        return lambda _moment, _random, _error: piece
    namespace, value = piece
    if namespace == "timestamp":
        try:
            render = compile_pattern(value)
        except PatternError as error:
            raise PrefixError(f"{_bad_value(member)}: {error}") from error
        return lambda moment, _random, _error: render(moment)
    if piece == _RANDOM_STRING:
        return lambda _moment, random_string, _error: random_string()
    if piece == _ERROR_TYPE:
        return lambda _moment, _random, error_type: error_type
    if namespace == "firehose":
        raise PrefixError(f"{_bad_value(member)}: {value}")
    if namespace in (QUERY, LAMBDA):
        return lambda _moment, _random, _error: ""
    raise PrefixError(f"Namespace to the left of colon ({namespace}) is an invalid keyword!")


def _bad_value(member: str) -> str:
    return f"Invalid conversion character used in the value of the expression in {member}"


# -- partitions (A13) -----------------------------------------------------------------------------------------------


def name_partition(prefix: Prefix, values: dict[tuple[str, str], str]) -> str:
    """The prefix with its partition keys filled in, as text: two records with the same text share a partition.

    Raises KeyError for a key without a value.
    """
    pieces: list[str | tuple[str, ...]] = []
    text = ""
    for piece in prefix.pieces:
        if isinstance(piece, str):
            text += piece
        elif piece.namespace in (QUERY, LAMBDA):
            text += values[piece]
        else:
            pieces += [text, tuple(piece)] if text else [tuple(piece)]  # orjson takes no named ones
            text = ""
    if text:
        pieces.append(text)
    return orjson.dumps(pieces).decode()


def partition_prefix(name: str) -> Prefix:
    """The prefix of a partition, from its name."""
    return Prefix([piece if isinstance(piece, str) else Expression(*piece) for piece in orjson.loads(name)])


# -- keys of objects ------------------------------------------------------------------------------------------------


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
    zone(settings.get("CustomTimeZone"))
    prefix = parse_prefix(settings.get("Prefix") or "")
    error_text = settings.get("ErrorOutputPrefix") or ""
    error_prefix = parse_prefix(error_text, "ErrorOutputPrefix")
    if _ERROR_TYPE in prefix.expressions:
        raise PrefixError("Prefix must not contain any occurrence of !{firehose:error-output-type}")
    if prefix.expressions and not error_text:
        raise PrefixError("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions")
    if error_prefix.keys(QUERY) or error_prefix.keys(LAMBDA):
        raise PrefixError("Dynamic Partitioning Namespaces can't be part of an error prefix expression")
    if error_prefix.expressions and _ERROR_TYPE not in error_prefix.expressions:
        raise PrefixError("ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}")
    if prefix.longest() > MAX_EVALUATED:
        raise PrefixError(TOO_LONG)
    if error_prefix.longest() > MAX_EVALUATED:
        raise PrefixError(TOO_LONG.replace("prefix", "ErrorOutputPrefix"))


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
