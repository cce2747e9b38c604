"""Expressions and references, compiled into closures over the scope (the variables of one rendering)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from harness.emulator.budget import Budget
from harness.emulator.services.apigateway.vtl.errors import VtlError
from harness.emulator.services.apigateway.vtl.methods import call_method, get_index, get_property, set_member
from harness.emulator.services.apigateway.vtl.values import JavaList, arithmetic, compare, equal, truth, weigh

Scope = dict[str, Any]
Expression = Callable[[Scope], Any]
Assignment = Callable[[Scope, Any], None]

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+(?:[eE][+-]?\d+)?)?")
_NOT = re.compile(r"not\b")
_WORD = re.compile(r"(?:true|false|null)\b")
_LEVELS: list[list[tuple[str, str]]] = [
    [("||", "or"), ("or", "or")],
    [("&&", "and"), ("and", "and")],
    [("==", "=="), ("!=", "!="), ("eq", "=="), ("ne", "!=")],
    [("<=", "<="), (">=", ">="), ("<", "<"), (">", ">"), ("le", "<="), ("ge", ">="), ("lt", "<"), ("gt", ">")],
    [("+", "+"), ("-", "-")],
    [("*", "*"), ("/", "/"), ("%", "%")],
]
_MAX_DEPTH = 60
_MAX_LENGTH = 200
"""Operators of one level in a row, or members of one reference: each is a call inside the next."""
_MAX_RANGE = 10_000
BUDGET = "#budget"
"""Where the scope keeps what the rendering may cost; no reference can have this name."""


class Reference:
    """`$!{a.b(c)[d]}`: its value, how it is assigned, and how it was written."""

    __slots__ = ("assign", "end", "quiet", "root", "source", "value")

    def __init__(
        self, value: Expression, assign: Assignment | None, root: str, quiet: bool, source: str, end: int
    ) -> None:
        self.value = value
        self.assign = assign
        self.root = root
        self.quiet = quiet
        self.source = source
        self.end = end


class Parser:
    """Reads expressions from `text`. `interpolate` compiles a double-quoted string that holds references.

    Its methods raise VtlError, and BudgetExceeded where reading costs too much.
    """

    def __init__(self, text: str, interpolate: Callable[[str], Expression], budget: Budget) -> None:
        self.text = text
        self.interpolate = interpolate
        self.budget = budget
        self._depth = 0

    # -- references -------------------------------------------------------------------------------------------

    def reference(self, start: int) -> Reference | None:
        """The reference that begins with the `$` at `start`; None if that is no reference but text."""
        text = self.text
        position = start + 1
        quiet = text.startswith("!", position)
        position += quiet
        formal = text.startswith("{", position)
        position += formal
        match = IDENTIFIER.match(text, position)
        if match is None:
            return None
        root = match.group()
        position = match.end()
        value: Expression = _variable(root)
        assign: Assignment | None = _assign_variable(root)
        depth = 0
        while position < len(text):
            self.budget.step()
            depth += 1
            if depth > _MAX_LENGTH:
                raise VtlError("the reference is nested too deeply")
            char = text[position]
            if char == "." and (match := IDENTIFIER.match(text, position + 1)):
                name, position = match.group(), match.end()
                if text.startswith("(", position):
                    arguments, position = self.arguments(position)
                    value, assign = _method(value, name, arguments), None
                else:
                    value, assign = _property(value, name), _assign_member(value, _constant(name))
            elif char == "[":
                key, after = self.expression(position + 1)
                after = self.space(after)
                if not text.startswith("]", after):
                    raise VtlError(f"expected ] at {self.where(after)}")
                value, assign = _indexed(value, key), _assign_member(value, key)
                position = after + 1
            else:
                break
        if formal:
            if text.startswith("|", position):
                raise VtlError(f"alternate references are not emulated: {text[start : position + 1]}")
            if not text.startswith("}", position):
                return None
            position += 1
        return Reference(value, assign, root, quiet, text[start:position], position)

    def arguments(self, position: int) -> tuple[list[Expression], int]:
        """The arguments in parentheses, from `(` on."""
        items, position = self._items(position + 1, ")")
        return items, position

    def _items(self, position: int, closing: str) -> tuple[list[Expression], int]:
        items: list[Expression] = []
        position = self.space(position)
        if self.text.startswith(closing, position):
            return items, position + 1
        while True:
            item, position = self.expression(position)
            items.append(item)
            position = self.space(position)
            if self.text.startswith(closing, position):
                return items, position + 1
            if not self.text.startswith(",", position):
                raise VtlError(f"expected , or {closing} at {self.where(position)}")
            position += 1

    # -- operators --------------------------------------------------------------------------------------------

    def expression(self, position: int, level: int = 0) -> tuple[Expression, int]:
        """The expression at `position`, and where it ends. Raises VtlError."""
        self._depth += 1
        self.budget.step()
        if self._depth > _MAX_DEPTH * len(_LEVELS):
            raise VtlError("the expression is nested too deeply")
        try:
            if level == len(_LEVELS):
                return self._unary(position)
            left, position = self.expression(position, level + 1)
            length = 0
            while (found := self._operator(position, level)) is not None:
                length += 1
                if length > _MAX_LENGTH:
                    raise VtlError("the expression is too long")
                operator, after = found
                right, position = self.expression(after, level + 1)
                left = _binary(operator, left, right)
            return left, position
        finally:
            self._depth -= 1

    def _operator(self, position: int, level: int) -> tuple[str, int] | None:
        position = self.space(position)
        for spelling, operator in _LEVELS[level]:
            if self.text.startswith(spelling, position):
                after = position + len(spelling)
                if spelling.isalpha() and IDENTIFIER.match(self.text, after):
                    continue
                return operator, after
        return None

    def _unary(self, position: int) -> tuple[Expression, int]:
        position = self.space(position)
        text = self.text
        if text.startswith("!", position) or _NOT.match(text, position):
            self._depth += 1
            if self._depth > _MAX_DEPTH * len(_LEVELS):
                raise VtlError("the expression is nested too deeply")
            operand, after = self._unary(position + (1 if text[position] == "!" else 3))
            self._depth -= 1
            return (lambda scope: not truth(operand(scope))), after
        return self._primary(position)

    def _primary(self, position: int) -> tuple[Expression, int]:
        text = self.text
        char = text[position : position + 1]
        if char == "$":
            reference = self.reference(position)
            if reference is None:
                raise VtlError(f"bad reference at {self.where(position)}")
            return reference.value, reference.end
        if char == "(":
            inner, after = self.expression(position + 1)
            after = self.space(after)
            if not text.startswith(")", after):
                raise VtlError(f"expected ) at {self.where(after)}")
            return inner, after + 1
        if char in ("'", '"'):
            return self._string(position)
        if char == "[":
            return self._list(position)
        if char == "{":
            return self._map(position)
        if match := _NUMBER.match(text, position):
            number = float(match.group()) if "." in match.group() else _integer(match.group())
            return _constant(number), match.end()
        if match := _WORD.match(text, position):
            return _constant({"true": True, "false": False, "null": None}[match.group()]), match.end()
        raise VtlError(f"expected an expression at {self.where(position)}")

    # -- literals ---------------------------------------------------------------------------------------------

    def _string(self, position: int) -> tuple[Expression, int]:
        quote = self.text[position]
        pieces: list[str] = []
        position += 1
        while True:
            end = self.text.find(quote, position)
            if end < 0:
                raise VtlError(f"unterminated string at {self.where(position)}")
            pieces.append(self.text[position:end])
            position = end + 1
            if not self.text.startswith(quote, position):  # a doubled quote stands for one
                break
            pieces.append(quote)
            position += 1
        value = "".join(pieces)
        if quote == '"' and ("$" in value or "#" in value):
            return self.interpolate(value), position
        return _constant(value), position

    def _list(self, position: int) -> tuple[Expression, int]:
        start = self.space(position + 1)
        if self.text.startswith("]", start):
            return (lambda _: JavaList()), start + 1
        first, after = self.expression(start)
        after = self.space(after)
        if self.text.startswith("..", after):
            last, after = self.expression(after + 2)
            after = self.space(after)
            if not self.text.startswith("]", after):
                raise VtlError(f"expected ] at {self.where(after)}")
            return (lambda scope: _range(first(scope), last(scope), scope[BUDGET])), after + 1
        items, after = self._items(start, "]")

        def build(scope: Scope) -> JavaList:
            scope[BUDGET].step(1 + len(items))
            return JavaList(item(scope) for item in items)

        return build, after

    def _map(self, position: int) -> tuple[Expression, int]:
        entries: list[tuple[Expression, Expression]] = []
        position = self.space(position + 1)
        while not self.text.startswith("}", position):
            key, position = self.expression(position)
            position = self.space(position)
            if not self.text.startswith(":", position):
                raise VtlError(f"expected : at {self.where(position)}")
            value, position = self.expression(position + 1)
            entries.append((key, value))
            position = self.space(position)
            if self.text.startswith(",", position):
                position = self.space(position + 1)
            elif not self.text.startswith("}", position):
                raise VtlError(f"expected , or }} at {self.where(position)}")

        def build(scope: Scope) -> dict[Any, Any]:
            built: dict[Any, Any] = {}
            scope[BUDGET].step(1 + len(entries))
            for key, value in entries:
                set_member(built, key(scope), value(scope))
            return built

        return build, position + 1

    # -- places -----------------------------------------------------------------------------------------------

    def space(self, position: int) -> int:
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def where(self, position: int) -> str:
        line = self.text.count("\n", 0, position) + 1
        column = position - self.text.rfind("\n", 0, position)
        return f"line {line}, column {column}"


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise VtlError(f"the number {digits[:20]}… is too long")
    return int(digits)


def _range(first: Any, last: Any, budget: Budget) -> JavaList | None:
    if not isinstance(first, int) or not isinstance(last, int):
        return None
    if abs(last - first) > _MAX_RANGE:
        raise VtlError(f"the range [{first}..{last}] is too long")
    budget.take(8 * abs(last - first))
    return JavaList(range(first, last + 1) if last >= first else range(first, last - 1, -1))


def _constant(value: Any) -> Expression:
    return lambda _: value


def _variable(name: str) -> Expression:
    return lambda scope: scope.get(name)


def _assign_variable(name: str) -> Assignment:
    def assign(scope: Scope, value: Any) -> None:
        scope[name] = value

    return assign


def _assign_member(target: Expression, key: Expression) -> Assignment:
    return lambda scope, value: set_member(target(scope), key(scope), value)


def _property(target: Expression, name: str) -> Expression:
    return lambda scope: get_property(target(scope), name)


def _indexed(target: Expression, key: Expression) -> Expression:
    return lambda scope: get_index(target(scope), key(scope))


def _method(target: Expression, name: str, arguments: list[Expression]) -> Expression:
    if len(arguments) == 1:
        argument = arguments[0]
        return lambda scope: call_method(target(scope), name, [argument(scope)], scope[BUDGET])
    return lambda scope: call_method(target(scope), name, [argument(scope) for argument in arguments], scope[BUDGET])


def _binary(operator: str, left: Expression, right: Expression) -> Expression:
    if operator == "or":
        return lambda scope: truth(left(scope)) or truth(right(scope))
    if operator == "and":
        return lambda scope: truth(left(scope)) and truth(right(scope))
    if operator == "==":
        return lambda scope: _same(left(scope), right(scope), scope[BUDGET])
    if operator == "!=":
        return lambda scope: not _same(left(scope), right(scope), scope[BUDGET])
    if operator in ("<", "<=", ">", ">="):
        return lambda scope: compare(operator, left(scope), right(scope))
    return lambda scope: arithmetic(operator, left(scope), right(scope), scope[BUDGET])


def _same(left: Any, right: Any, budget: Budget) -> bool:
    weigh(left, budget)
    weigh(right, budget)
    return equal(left, right)
