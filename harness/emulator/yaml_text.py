"""YAML as callers write it: the one place where it is parsed, with libyaml where PyYAML was built with it.

PyYAML's wheels have libyaml. Where it is missing (a build from source without its headers) Python parses, ten times as
slowly: the same documents are read, and what takes longer than the budget is refused. No document nests deeper than
`MAX_DEPTH`: libyaml's composer recurses on the C stack, which no RecursionError guards.

Import this module where YAML is met: no start should pay for it.
"""

from __future__ import annotations

from typing import Any

import yaml

from harness.emulator.budget import Budget

MAX_DEPTH = 200
_FEW_STEPS = 50_000
_STEPS = 1_000_000
"""Of a short text, to which two for each byte are added, and of any. A step is a node that is composed, constructed, or
copied by a merge key."""
_SECONDS = 5.0
_DIGITS = 1000
"""Of a number: base 60 is computed digit by digit, which grows with the square."""
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")

BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class InvalidYaml(Exception):
    """`place` is the fault's line and column, counted from 1; None if it has none. `aliases`: there are some, which the
    reader forbade."""

    def __init__(self, text: str, place: tuple[int, int] | None = None, *, aliases: bool = False) -> None:
        super().__init__(text)
        self.place = place
        self.aliases = aliases


class Loader(BaseLoader):  # type: ignore[misc]
    """Values of plain YAML types. A subclass says what scalars and tags mean, and whether aliases may be."""

    aliases = True

    def __init__(self, stream: str | bytes) -> None:
        super().__init__(stream)
        self._budget = Budget(steps=min(_STEPS, _FEW_STEPS + 2 * len(stream)), size=0, seconds=_SECONDS)
        self._depth = 0

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Called by both composers before they go into a node."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidYaml("nested too deeply")
        self._budget.step()

    def ascend_resolver(self) -> None:
        self._depth -= 1

    def get_single_node(self) -> Any:
        root = super().get_single_node()
        if not self.aliases:
            _check_single(root)
        return root

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        self._budget.step()
        if node.tag in _NUMBERS and len(node.value) > _DIGITS:
            raise InvalidYaml("a number is too long")
        return super().construct_object(node, deep)

    def flatten_mapping(self, node: Any) -> None:
        """Merge keys copy: what they would copy is paid for first."""
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                continue
            for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(merged, yaml.MappingNode):
                    self.flatten_mapping(merged)
                    self._budget.step(1 + len(merged.value))
        super().flatten_mapping(node)


def load(text: str | bytes, loader: type[Loader]) -> Any:
    """The one document of a text; None for an empty one. Raises InvalidYaml, BudgetExceeded."""
    try:
        return yaml.load(text, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidYaml(str(error), _place(text, mark) if mark else None) from error
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        # The last ones are what PyYAML raises at a value that does not fit its explicit tag.
        raise InvalidYaml(str(error)) from error


def _place(text: str | bytes, mark: yaml.Mark) -> tuple[int, int]:
    """libyaml puts the end of a text on a line of its own."""
    lines = text.splitlines()
    if lines and mark.line >= len(lines):
        return len(lines), len(lines[-1]) + 1
    return mark.line + 1, mark.column + 1


def _check_single(root: Any) -> None:
    """Raises InvalidYaml if a node is at two places: an alias."""
    seen: set[int] = set()
    ahead = [root] if root is not None else []
    while ahead:
        node = ahead.pop()
        if id(node) in seen:
            raise InvalidYaml("aliases", aliases=True)
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            ahead += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            ahead += node.value
