"""Values as Java sees them: printing, truth, equality, arithmetic (D4; Apache Velocity 1.7 user guide)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import orjson

from harness.emulator.budget import Budget
from harness.emulator.services.apigateway.vtl.errors import VtlError

_MAX_BITS = 4096


class Missing(str):
    """What `$input.path` finds where there is nothing: prints and compares as an empty string, but is false in #if."""

    __slots__ = ()


MISSING = Missing("")


class JavaList(list[Any]):
    """A list made in the template: prints `[a, b]`. A list from parsed JSON prints as JSON instead (D4)."""


class Paid(NamedTuple):
    """A method that pays by itself: it gets the rendering's budget before its object."""

    call: Callable[..., Any]


Method = Callable[..., Any] | Paid


class VtlObject:
    """An object that API Gateway puts into a template: `$input`, `$util`, `$context`, …

    `methods` are the callable names. A name that is not there is refused, never rendered as nothing.
    """

    methods: ClassVar[dict[str, Method]] = {}
    name: ClassVar[str] = "object"

    def vtl_get(self, name: str) -> Any:
        raise VtlError(f"${self.name}.{name} is not emulated")

    def vtl_set(self, name: str, value: Any) -> None:
        raise VtlError(f"${self.name}.{name} cannot be assigned")


def weigh(value: Any, budget: Budget) -> None:
    """Pay for everything in a value, before it is printed or compared: what is in it twice is printed twice.

    Raises BudgetExceeded, also for a value that holds itself.
    """
    if isinstance(value, str):
        budget.take(len(value))
    elif isinstance(value, (list, dict)):
        pending = [value]
        while pending:
            item = pending.pop()
            budget.step(1 + len(item) // 4)
            for inner in item.values() if isinstance(item, dict) else item:
                if isinstance(inner, str):
                    if len(inner) > 64:
                        budget.take(len(inner))
                elif isinstance(inner, (list, dict)):
                    pending.append(inner)


def to_text(value: Any) -> str:
    """Java's `toString()`."""
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, JavaList):
        return "[" + ", ".join(map(to_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_text(k)}={to_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return json_text(value)
    return str(value)


def json_text(value: Any) -> str:
    """Compact JSON, as `$input.json` gives it."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError as error:
        raise VtlError(f"cannot be printed as JSON: {error}") from error


def _double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, *rest = map(str, digits)
    return f"{'-' * sign}{first}.{''.join(rest) or '0'}E{len(rest) + int(exponent)}"


def truth(value: Any) -> bool:
    """Everything is true but null, false and what was not found."""
    return value is not None and value is not False and value is not MISSING


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """Numbers by value, equal types by equality, anything else by its text."""
    if left is None or right is None:
        return left is right
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if type(left) is type(right):
        return bool(left == right)
    return to_text(left) == to_text(right)


def compare(operator: str, left: Any, right: Any) -> bool:
    """`<`, `<=`, `>`, `>=` on numbers; anything else is false."""
    if not (is_number(left) and is_number(right)):
        return False
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    if operator == ">":
        return bool(left > right)
    return bool(left >= right)


def arithmetic(operator: str, left: Any, right: Any, budget: Budget) -> Any:
    """`+ - * / %`. Integers stay integers; division truncates towards zero; by zero is null. `+` joins strings."""
    if operator == "+" and (isinstance(left, str) or isinstance(right, str)) and left is not None and right is not None:
        weigh(left, budget)
        weigh(right, budget)
        return to_text(left) + to_text(right)
    if not (is_number(left) and is_number(right)):
        return None
    try:
        result = _calculate(operator, left, right)
    except OverflowError:
        return None
    if isinstance(result, int) and result.bit_length() > _MAX_BITS:
        raise VtlError("the number is too large")
    return result


def _calculate(operator: str, left: Any, right: Any) -> Any:
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        quotient = quotient if (left < 0) == (right < 0) else -quotient
        return quotient if operator == "/" else left - right * quotient
    return left / right if operator == "/" else math.fmod(left, right)
