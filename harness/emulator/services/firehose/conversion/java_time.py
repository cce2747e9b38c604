"""Date patterns of Java's DateTimeFormatter, as Firehose prefixes use them (A11).

Letters that are common in prefixes are rendered as Java does in locale en_US; a letter outside this list, or more
letters than Java allows, is an error: never a wrong folder name in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

Render = Callable[[datetime], str]


class PatternError(ValueError):
    """The pattern is not one of Java's, or uses a letter that is not emulated."""


def _week_year(moment: datetime) -> int:
    # US weeks begin on Sunday and week 1 holds 1 January: the year of a week is the year of its Saturday.
    return (moment + timedelta(days=(5 - moment.weekday()) % 7)).year


def _week(moment: datetime) -> int:
    year = _week_year(moment)
    first = datetime(year, 1, 1)
    first_sunday = first - timedelta(days=(first.weekday() + 1) % 7)
    return (moment.replace(tzinfo=None) - first_sunday).days // 7 + 1


def _offset(moment: datetime, colon: bool, zulu: bool, hours_only: bool = False) -> str:
    delta = moment.utcoffset() or timedelta()
    minutes = int(delta.total_seconds() // 60)
    if zulu and minutes == 0:
        return "Z"
    sign = "-" if minutes < 0 else "+"
    hour, minute = divmod(abs(minutes), 60)
    if hours_only and minute == 0:
        return f"{sign}{hour:02d}"
    return f"{sign}{hour:02d}{':' if colon else ''}{minute:02d}"


def _number(value: Callable[[datetime], int], count: int) -> Render:
    return lambda moment: f"{value(moment):0{count}d}"


def _year(value: Callable[[datetime], int], count: int) -> Render:
    if count == 2:
        return lambda moment: f"{value(moment) % 100:02d}"
    return _number(value, count)


def _text(full: str, short: str, count: int) -> Render:
    if count == 5:
        return lambda moment: moment.strftime(full)[:1]
    form = full if count == 4 else short
    return lambda moment: moment.strftime(form)


# letter → (the number it shows, how many letters Java allows)
_NUMBERS: dict[str, tuple[Callable[[datetime], int], int]] = {
    "d": (lambda m: m.day, 2),
    "D": (lambda m: m.timetuple().tm_yday, 3),
    "H": (lambda m: m.hour, 2),
    "k": (lambda m: m.hour or 24, 2),
    "K": (lambda m: m.hour % 12, 2),
    "h": (lambda m: m.hour % 12 or 12, 2),
    "m": (lambda m: m.minute, 2),
    "s": (lambda m: m.second, 2),
    "w": (_week, 2),
    # Firehose evaluates with second precision: fractions are zeros even if the pattern asks for them.
    "S": (lambda m: 0, 9),
    "n": (lambda m: 0, 19),
    "A": (lambda m: (m.hour * 3600 + m.minute * 60 + m.second) * 1000, 19),
    "N": (lambda m: (m.hour * 3600 + m.minute * 60 + m.second) * 1_000_000_000, 19),
}


def _field(letter: str, count: int) -> Render:
    if letter in "yu":
        return _year(lambda moment: moment.year, count)
    if letter == "Y":
        return _year(_week_year, count)
    if letter in "ML" and count <= 5:
        return _number(lambda moment: moment.month, count) if count <= 2 else _text("%B", "%b", count)
    if letter in "Qq" and count <= 2:
        return _number(lambda moment: (moment.month - 1) // 3 + 1, count)
    if letter == "E" and count <= 5:
        return _text("%A", "%a", count)
    if letter == "a" and count == 1:
        return lambda moment: "AM" if moment.hour < 12 else "PM"
    if letter in "Xx" and count <= 3:
        return lambda moment: _offset(moment, count == 3, letter == "X", count == 1)
    if letter == "Z" and count <= 3:
        return lambda moment: _offset(moment, False, False)
    if letter == "z" and count <= 3:
        return lambda moment: moment.tzname() or "UTC"
    if letter in _NUMBERS:
        value, most = _NUMBERS[letter]
        if count <= most:
            return _number(value, count)
        raise PatternError(f"Too many pattern letters: {letter}")
    if letter in "MLQqEaXxZz":
        raise PatternError(f"Too many pattern letters: {letter}")
    raise PatternError(f"Unknown pattern letter: {letter}")


def compile_pattern(pattern: str) -> Render:
    """A function from a moment (with its time zone) to text. Raises PatternError."""
    if not pattern:
        raise PatternError("the pattern is empty")
    parts: list[Render] = []

    def literal(text: str) -> None:
        parts.append(lambda _moment: text)

    index = 0
    while index < len(pattern):
        char = pattern[index]
        if char == "'":
            end, text = _quoted(pattern, index)
            literal(text)
            index = end
        elif char.isascii() and char.isalpha():
            end = index
            while end < len(pattern) and pattern[end] == char:
                end += 1
            parts.append(_field(char, end - index))
            index = end
        elif char in "{}#[]":
            raise PatternError(f"Pattern includes reserved character: '{char}'")
        else:
            literal(char)
            index += 1
    return lambda moment: "".join([part(moment) for part in parts])


def _quoted(pattern: str, start: int) -> tuple[int, str]:
    """The text of a quoted stretch that begins at `start`, and where it ends; '' is a quote."""
    if pattern.startswith("''", start):
        return start + 2, "'"
    text = ""
    index = start + 1
    while index < len(pattern):
        if pattern[index] != "'":
            text += pattern[index]
            index += 1
        elif pattern.startswith("''", index):
            text += "'"
            index += 2
        else:
            return index + 1, text
    raise PatternError("Pattern ends with an incomplete string literal")
