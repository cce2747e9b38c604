"""What a property may hold: a small language in which a resource type declares what it emulates.

A template's values are loose: a `Ref` to a Number parameter is a string, `true` may be written `"true"`. `read` brings
a value into the form that the service's API takes, and refuses by path what the shape does not know (law 1).

    Structure({"QueueName": STRING, "DelaySeconds": INTEGER, "Tags": TAGS}, required=("QueueName",))
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class PropertyProblem(Exception):
    """A property does not fit: `path` is like `#/Code/S3Bucket`, `problem` a sentence."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


class Shape(Protocol):
    """How a value is read."""

    def read(self, value: Any, path: str) -> Any:
        """The value in the API's form. Raises PropertyProblem."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `kind` is string, integer, number or boolean. `enum` lists what is emulated, if not all is."""

    kind: str
    enum: tuple[str, ...] = ()

    def read(self, value: Any, path: str) -> Any:
        result = _READERS[self.kind](value)
        if result is None:
            raise PropertyProblem(path, f"expected type: {self.kind.capitalize()}, found: {found(value)}")
        if self.enum and result not in self.enum:
            raise PropertyProblem(path, f"{result} is not emulated, only {', '.join(self.enum)}")
        return result


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document of any form, handed on as it is: a policy, an API definition."""

    def read(self, value: Any, path: str) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one shape. A single value is taken for a list of one, as CloudFormation does."""

    item: Shape

    def read(self, value: Any, path: str) -> Any:
        items = value if isinstance(value, list) else [value]
        return [self.item.read(item, f"{path}/{index}") for index, item in enumerate(items)]


@dataclass(frozen=True, slots=True)
class MapOf:
    """Free keys with values of one shape."""

    value: Shape

    def read(self, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise PropertyProblem(path, f"expected type: JSONObject, found: {found(value)}")
        return {str(key): self.value.read(item, f"{path}/{key}") for key, item in value.items()}


@dataclass(frozen=True, slots=True)
class Structure:
    """Named members. What is not a member is not emulated and refused by its path."""

    members: Mapping[str, Shape]
    required: tuple[str, ...] = field(default=())

    def read(self, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise PropertyProblem(path, f"expected type: JSONObject, found: {found(value)}")
        for name in self.required:
            if name not in value:
                raise PropertyProblem(path, f"required key [{name}] not found")
        result = {}
        for name, item in value.items():
            if name not in self.members:
                raise PropertyProblem(path, f"{name} is not emulated")
            result[name] = self.members[name].read(item, f"{path}/{name}")
        return result


@dataclass(frozen=True, slots=True)
class Free:
    """Any members, for whoever made the type: scalars become text, as CloudFormation sends them."""

    required: tuple[str, ...] = field(default=())
    members: Mapping[str, Shape] = field(default_factory=dict)
    """None that CloudFormation knows."""

    def read(self, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise PropertyProblem(path, f"expected type: JSONObject, found: {found(value)}")
        for name in self.required:
            if name not in value:
                raise PropertyProblem(path, f"required key [{name}] not found")
        return _as_text(value)


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    text = _string(value)
    return value if text is None else text


def _string(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value)
    return value if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())


_READERS = {"string": _string, "integer": _integer, "number": _number, "boolean": _boolean}


def found(value: Any) -> str:
    """The type of a value as problems tell it."""
    if isinstance(value, dict):
        return "JSONObject"
    if isinstance(value, list):
        return "JSONArray"
    return {bool: "Boolean", int: "Integer", float: "Number", str: "String"}.get(type(value), "null")


STRING = Scalar("string")
INTEGER = Scalar("integer")
NUMBER = Scalar("number")
BOOLEAN = Scalar("boolean")
JSON = Document()
STRINGS = ListOf(STRING)
TAGS = ListOf(Structure({"Key": STRING, "Value": STRING}, required=("Key", "Value")))
