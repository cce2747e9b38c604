"""Patterns that a caller wrote, compiled and matched: the one place where a caller's text becomes a regular expression.

They run on `regex`, a backtracking engine whose matches end after a given time: the callers' dialects (Java's, ECMA's)
have look-around and back-references, which no linear-time engine reads, and google-re2 has no wheels for Python 3.14 on
macOS. A match holds the event loop, so the time is short. What a pattern means is `re`'s: its parser judges the syntax,
and what `regex` would read otherwise (fuzzy counts, POSIX classes) is written so that both read the same.
"""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any

import regex

from harness.emulator.budget import BudgetExceeded

SECONDS = 0.05
"""CPU time of one match, search or replacement."""
MAX_PATTERN = 10_000
"""Characters."""
MAX_SUBJECT = 10 * 1024 * 1024
"""Characters of the text that a pattern is held against: API Gateway's largest payload."""
_MAX_UNROLLED = 20_000
"""Elements after counted repetitions are written out, which is what `regex` does when it compiles."""

_parser: Any = importlib.import_module("re._parser")
_COUNT = re.compile(r"\{(?:\d+(?:,\d*)?|,\d*)\}")


class BadPattern(ValueError):
    """A pattern that does not parse, or that is too large."""


class Pattern:
    """A compiled pattern. Each method raises BudgetExceeded where it would take more than `SECONDS`."""

    __slots__ = ("_compiled",)

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def fits(self, text: str) -> bool:
        """Whether the pattern matches the whole text."""
        return self._run(self._compiled.fullmatch, text) is not None

    def all_fit(self, texts: Iterable[str]) -> bool:
        """Whether the pattern matches each of the texts; together they have the time of one."""
        ends = time.thread_time() + SECONDS
        for text in texts:
            if not self.fits(text):
                return False
            if time.thread_time() > ends:
                raise _too_long()
        return True

    def occurs(self, text: str) -> bool:
        """Whether the pattern matches somewhere in the text."""
        return self._run(self._compiled.search, text) is not None

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """All matches from left to right; the time is that of all of them."""
        found = self._run(self._compiled.finditer, text)
        while True:
            try:
                match = next(found, None)
            except (TimeoutError, MemoryError) as error:
                raise _too_long() from error
            if match is None:
                return
            yield match

    def replaced(self, literal: str, text: str, most: int) -> str:
        """The text with `literal` in the place of the first `most` matches."""
        return str(self._run(partial(self._compiled.sub, literal.replace("\\", "\\\\")), text, count=most))

    @staticmethod
    def _run(method: Callable[..., Any], text: str, **options: int) -> Any:
        if len(text) > MAX_SUBJECT:
            raise BudgetExceeded(f"a pattern is held against more than {MAX_SUBJECT} characters")
        try:
            return method(text, timeout=SECONDS, **options)
        except (TimeoutError, MemoryError) as error:
            raise _too_long() from error


def _too_long() -> BudgetExceeded:
    return BudgetExceeded(f"a pattern works for more than {SECONDS * 1000:g} ms")


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str, *, ascii_only: bool = False) -> Pattern:
    """The pattern ready to match. `ascii_only`: `\\w`, `\\d`, `\\s` mean ASCII, as in Java. Raises BadPattern."""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"the pattern is longer than {MAX_PATTERN} characters")
    flags = re.ASCII if ascii_only else 0
    try:
        plain = _plain(pattern)
        if _unrolled(_parser.parse(plain, flags)) > _MAX_UNROLLED:
            raise BadPattern("the pattern's repetitions are too large")
        return Pattern(regex.compile(plain, regex.V0 | (regex.ASCII if ascii_only else 0)))
    except (re.error, regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise BadPattern(str(error)) from error


def _plain(pattern: str) -> str:
    """The pattern without what `regex` knows and `re` reads as text: `a{e<=1}` and `[[:alpha:]]`."""
    out: list[str] = []
    position, in_class = 0, -1
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            out.append(pattern[position : position + 2])
            position += 2
            continue
        if in_class >= 0:
            if char == "[":
                out.append("\\")
            elif char == "]" and position > in_class:
                in_class = -1
        elif char == "[":
            # A bracket that closes at once is a member of the class.
            in_class = position + 1 + pattern.startswith("^", position + 1)
        elif char == "{":
            count = _COUNT.match(pattern, position)
            if count is None:
                out.append("\\")
            else:
                # `{,}` is text to `regex`, and any number of times to `re`.
                out.append("{0,}" if count.group() == "{,}" else count.group())
                position = count.end()
                continue
        out.append(char)
        position += 1
    return "".join(out)


def _unrolled(parsed: Any) -> int:
    """Elements of a parsed pattern, each as often as its repetitions ask for at least."""
    total = 0
    for _, argument in parsed:
        total += 1
        if isinstance(argument, tuple) and len(argument) == 3 and isinstance(argument[2], _parser.SubPattern):
            least, greatest, repeated = argument  # `regex` writes the least, and a loop for what may follow
            total += _unrolled(repeated) * max(int(least) + (greatest > least), 1)
        else:
            total += sum(map(_unrolled, _below(argument)))
        if total > _MAX_UNROLLED:
            return total
    return total


def _below(argument: Any) -> Iterator[Any]:
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for item in argument:
            yield from _below(item)
