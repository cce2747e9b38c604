"""JSONPath as mapping templates use it, compiled once: members, indexes, slices, wildcards, recursive descent (D4).

A path without wildcards is definite and gives one value; any other gives the list of what it finds. Filters and
functions are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from harness.emulator.budget import Budget
from harness.emulator.services.apigateway.vtl.errors import VtlError

Step = Callable[[Any, Budget], Iterable[Any]]

_NAME = re.compile(r"[^.\[\]()*'\"\s?@,]+")
_SUBSCRIPT = re.compile(
    r"""\s*(?:
        (?P<star>\*)
      | (?P<slice>-?\d*\s*:\s*-?\d*)
      | (?P<index>-?\d{1,9}(?:\s*,\s*-?\d{1,9})*)
      | (?P<names>(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:\s*,\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))*)
    )\s*\]""",
    re.VERBOSE,
)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")

NOTHING = object()
"""What a definite path finds where there is nothing."""


class JsonPath:
    """A compiled path. Raises VtlError for a path that does not parse or is not emulated."""

    __slots__ = ("_names", "_steps", "definite")

    def __init__(self, path: str) -> None:
        self.definite = True
        self._steps: list[Step] = []
        self._names: list[str] | None = []
        self._compile(path.strip())

    def find(self, document: Any, budget: Budget) -> Any:
        """The value (definite) or the list of values found; NOTHING if a definite path leads nowhere.

        Raises BudgetExceeded: `$..*..*` finds everything many times.
        """
        if self._names is not None:  # the common case: members only
            value = document
            for name in self._names:
                if not isinstance(value, dict) or name not in value:
                    return NOTHING
                value = value[name]
            return value
        found: list[Any] = [document]
        for step in self._steps:
            before, found = found, []
            for item in before:
                found += step(item, budget)
                budget.step()
        if self.definite:
            return found[0] if found else NOTHING
        return found

    def _add(self, step: Step, name: str | None = None, definite: bool = True) -> None:
        self._steps.append(step)
        if name is None or not definite:
            self._names = None
        elif self._names is not None:
            self._names.append(name)
        self.definite = self.definite and definite

    def _compile(self, path: str) -> None:
        position = 1 if path.startswith("$") else 0
        if position == 0:
            path = "$." + path  # as Jayway does
            position = 1
        while position < len(path):
            if path.startswith("..", position):
                self._add(_descend, definite=False)
                position += 2
                if path.startswith("[", position):
                    continue
                position = self._member(path, position)
            elif path[position] == ".":
                position += 1
                if path.startswith("[", position):
                    continue
                position = self._member(path, position)
            elif path[position] == "[":
                position = self._subscript(path, position + 1)
            else:
                raise VtlError(f"bad JSONPath {path!r} at {position}")

    def _member(self, path: str, position: int) -> int:
        if path.startswith("*", position):
            self._add(_children, definite=False)
            return position + 1
        match = _NAME.match(path, position)
        if match is None:
            raise VtlError(f"bad JSONPath {path!r} at {position}")
        if path.startswith("(", match.end()):
            raise VtlError(f"JSONPath function {match.group()}() in {path!r} is not emulated")
        self._add(_named(match.group()), match.group())
        return match.end()

    def _subscript(self, path: str, position: int) -> int:
        match = _SUBSCRIPT.match(path, position)
        if match is None:
            kind = "filter" if path[position:].lstrip().startswith(("?", "(", "@")) else "subscript"
            raise VtlError(f"JSONPath {kind} in {path!r} at {position} is not emulated")
        if match["star"]:
            self._add(_children, definite=False)
        elif match["slice"]:
            start, _, end = match["slice"].partition(":")
            bounds = slice(*(int(bound) if bound.strip() else None for bound in (start, end)))
            self._add(_sliced(bounds), definite=False)
        elif match["index"]:
            indexes = [int(index) for index in match["index"].split(",")]
            self._add(_indexed(indexes), definite=len(indexes) == 1)
        else:
            names = [re.sub(r"\\(.)", r"\1", a or b) for a, b in _QUOTED.findall(match["names"])]
            if len(names) == 1:
                self._add(_named(names[0]), names[0])
            else:
                self._add(_chosen(names))  # Jayway: an object of those members
        return match.end()


def _named(name: str) -> Step:
    return lambda value, _: (value[name],) if isinstance(value, dict) and name in value else ()


def _chosen(names: list[str]) -> Step:
    def step(value: Any, budget: Budget) -> Iterable[Any]:
        return ({name: value[name] for name in names if name in value},) if isinstance(value, dict) else ()

    return step


def _indexed(indexes: list[int]) -> Step:
    def step(value: Any, budget: Budget) -> Iterable[Any]:
        if not isinstance(value, list):
            return ()
        return [value[index] for index in indexes if -len(value) <= index < len(value)]

    return step


def _sliced(bounds: slice) -> Step:
    return lambda value, _: value[bounds] if isinstance(value, list) else ()


def _children(value: Any, budget: Budget) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _descend(value: Any, budget: Budget) -> Iterable[Any]:
    """The value itself and everything below it, parents first."""
    pending = [value]
    found = []
    while pending:
        item = pending.pop()
        budget.step()
        found.append(item)
        pending.extend(reversed(list(_children(item, budget))))
    return found


@lru_cache(maxsize=2048)
def compile_path(path: str) -> JsonPath:
    """The compiled path, remembered. Raises VtlError."""
    return JsonPath(path)
