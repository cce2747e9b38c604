"""Reading times by Joda-Time patterns, as HiveJsonSerDe.TimestampFormats gives them (A2).

The letters that describe a timestamp are known; a pattern with another one is refused, never misread.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

Parser = Callable[[str], int]
"""From text to epoch nanoseconds. Raises ValueError."""

MILLIS = "millis"
"""The special pattern: epoch milliseconds."""

_MONTHS = [name.lower() for name in calendar.month_abbr]
_NUMBERS = {"y": "year", "Y": "year", "M": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}
_LONGEST = {"y": 9, "Y": 9}


class PatternError(ValueError):
    """The pattern has a letter that is not emulated, or one of them twice."""


def compile_parser(pattern: str) -> Parser:
    """Raises PatternError."""
    if pattern == MILLIS:
        return lambda text: int(text) * 1_000_000
    names: set[str] = set()
    expression = ""
    for token in _tokens(pattern):
        if token[0].isascii() and token[0].isalpha():
            name, part = _field(token)
            if name in names:
                raise PatternError(f"{token[0]} appears twice")
            names.add(name)
            expression += f"(?P<{name}>{part})"
        elif token.startswith("'"):
            expression += re.escape(token[1:-1].replace("''", "'") or "'")
        else:
            expression += re.escape(token)
    compiled = re.compile(expression, re.IGNORECASE)

    def parse(text: str) -> int:
        match = compiled.fullmatch(text)
        if match is None:
            raise ValueError(f'Invalid format: "{text}"')
        return _nanoseconds(match.groupdict())

    return parse


def _tokens(pattern: str) -> list[str]:
    return [match[0] for match in re.finditer(r"'(?:[^']|'')*'|([A-Za-z])\1*|.", pattern, re.DOTALL)]


def _field(token: str) -> tuple[str, str]:
    """The name of the regular expression's group, and what it matches."""
    letter = token[0]
    if letter == "M" and len(token) >= 3:
        return "monthname", "[a-z]{3,9}"
    if letter in _NUMBERS:
        return _NUMBERS[letter], rf"\d{{1,{_LONGEST.get(letter, 2)}}}"
    if letter == "S":
        return "fraction", r"\d{1,9}"
    if letter == "h":
        return "hour12", r"\d{1,2}"
    if letter == "a":
        return "half", "am|pm"
    if letter == "Z":
        return "offset", r"Z|[+-]\d{2}:?\d{2}"
    if letter == "E":
        return "weekday", "[a-z]{3,9}"
    raise PatternError(f"the letter {letter}")


def _nanoseconds(found: dict[str, str]) -> int:
    month = int(found.get("month", 1))
    if "monthname" in found:
        month = _MONTHS.index(found["monthname"][:3].lower())
    hour = int(found.get("hour", 0))
    if "hour12" in found:
        hour = int(found["hour12"]) % 12 + (12 if found.get("half", "am").lower() == "pm" else 0)
    zone: timezone = UTC
    offset = found.get("offset", "Z").replace(":", "")
    if offset not in ("Z", "z"):
        minutes = int(offset[1:3]) * 60 + int(offset[3:5])
        zone = timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
    moment = datetime(
        int(found.get("year", 1970)),
        month,
        int(found.get("day", 1)),
        hour,
        int(found.get("minute", 0)),
        int(found.get("second", 0)),
        tzinfo=zone,
    )
    return int(moment.timestamp()) * 1_000_000_000 + int(found.get("fraction", "0").ljust(9, "0"))
