"""What a fault's arguments may be: each check says in AWS's words what it wants."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, NamedTuple


class Check(NamedTuple):
    """`accepts` a JSON value; `text` continues `failed to satisfy constraint:`."""

    text: str
    accepts: Callable[[Any], bool]


def number(least: float = 0.0, most: float = math.inf) -> Check:
    """A finite number, of seconds for instance."""
    text = f"Member must be a number of at least {least:g}"
    if most != math.inf:
        text = f"Member must be a number from {least:g} to {most:g}"
    return Check(text, lambda value: _is_number(value) and math.isfinite(value) and least <= value <= most)


def integer(least: int, most: int | None = None) -> Check:
    text = f"Member must be an integer of at least {least}"
    if most is not None:
        text = f"Member must be an integer from {least} to {most}"
    return Check(text, lambda value: _is_integer(value) and value >= least and (most is None or value <= most))


def integers(least: int) -> Check:
    """A list of integers that is not empty."""
    return Check(
        f"Member must be a list of integers of at least {least}",
        lambda value: isinstance(value, list) and bool(value) and all(_is_integer(v) and v >= least for v in value),
    )


def boolean() -> Check:
    return Check("Member must be true or false", lambda value: isinstance(value, bool))


def text() -> Check:
    return Check("Member must be a text that is not empty", lambda value: isinstance(value, str) and bool(value))


def one_of(*choices: str) -> Check:
    return Check(
        f"Member must satisfy enum value set: [{', '.join(choices)}]",
        lambda value: isinstance(value, str) and value in choices,
    )


def argument(check: Check, default: Any = dataclasses.MISSING) -> Any:
    """A member of `with`: a dataclass field that carries its check. Without a default it is required."""
    return dataclasses.field(default=default, metadata={"check": check})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
