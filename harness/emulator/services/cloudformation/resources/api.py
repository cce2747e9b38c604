"""Properties that are members of an API operation, read by the service's own model.

Most properties of a resource type are input members of the operation that creates the resource. `Api` names them, and
the model does the rest: `"60"` becomes 60 where the API wants a number, nested members get the API's spelling
(`RateLimit` → `rateLimit`), and what the model objects to is said as CloudFormation says it, with the property's path.

    _ALIAS = Api("lambda", "CreateAlias", "Description", "FunctionName", "FunctionVersion", "Name", "RoutingConfig")
    _STREAM = Api("kinesis", "CreateStream", "ShardCount", Name="StreamName")
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.emulator.services.cloudformation.resources.shape import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    PropertyProblem,
    Shape,
    Structure,
    found,
)
from harness.emulator.spec.model import Model, load_model
from harness.json_object import Json

_SCALARS: dict[str, Shape] = {
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "long": INTEGER,
    "float": NUMBER,
    "double": NUMBER,
    "string": STRING,
    "timestamp": NUMBER,
}


@dataclass(frozen=True, slots=True)
class JsonText:
    """A JSON document that the API takes as text: a policy, a schema."""

    def read(self, value: Any, path: str) -> str:
        if isinstance(value, dict | list):
            return json.dumps(value)
        if isinstance(value, str):
            return value
        raise PropertyProblem(path, "expected type: JSONObject")


@dataclass(frozen=True, slots=True)
class Renamed:
    """A structure whose members the API calls otherwise: property → (API's member, shape)."""

    members: Mapping[str, tuple[str, Shape]]
    required: tuple[str, ...] = ()

    def read(self, value: Any, path: str) -> Json:
        known = Structure({name: shape for name, (_, shape) in self.members.items()}, self.required)
        read: Json = known.read(value, path)
        return {self.members[name][0]: item for name, item in read.items()}


class Api:
    """The properties that are members of `operation`: by their own names, or renamed (`Name="StreamName"`).

    A name is found whatever the case of its first letter: API Gateway's members begin in lower case.
    """

    def __init__(self, service: str, operation: str, *same: str, **renamed: str) -> None:
        self.service = service
        self.operation = operation
        self._wanted = {**{name: name for name in same}, **renamed}

    @property
    def properties(self) -> dict[str, Shape]:
        """Property → shape, for a type's `Structure`."""
        return {name: Member(self, name) for name in self._wanted}

    def member(self, prop: str) -> str:
        """The API's name of a property."""
        members = load_model(self.service).input_members(self.operation)
        return _spelling(self._wanted[prop], members) or self._wanted[prop]

    def params(self, props: Mapping[str, Any]) -> Json:
        """The input members of the properties that are set."""
        return {self.member(prop): props[prop] for prop in self._wanted if prop in props}


@dataclass(frozen=True, slots=True)
class Member:
    """One property of an `Api`. The model is loaded when the first template uses it: all together take a second."""

    api: Api
    prop: str

    def read(self, value: Any, path: str) -> Any:
        model = load_model(self.api.service)
        shape = model.input_shape(self.api.operation)
        assert shape is not None, f"{self.api.operation} takes nothing"
        return _read(model, model.shapes[shape]["members"][self.api.member(self.prop)]["shape"], value, path)


def tokens(service: str, operation: str, rng: random.Random) -> Json:
    """The idempotency tokens of a call, which SDKs make up when nobody gives them."""
    model = load_model(service)
    shape = model.input_shape(operation)
    members = model.shapes[shape]["members"] if shape else {}
    return {name: str(uuid.UUID(int=rng.getrandbits(128), version=4))
            for name, member in members.items() if member.get("idempotencyToken")}  # fmt: skip


def _spelling(name: str, members: Any) -> str | None:
    for spelled in (name, name[:1].lower() + name[1:], name[:1].upper() + name[1:]):
        if spelled in members:
            return spelled
    return None


def _read(model: Model, shape_name: str, value: Any, path: str) -> Any:
    shape = model.shapes[shape_name]
    kind = shape["type"]
    if kind == "structure":
        return _structure(model, shape, value, path)
    if kind == "list":
        items = value if isinstance(value, list) else [value]
        item_shape = shape["member"]["shape"]
        result = [_read(model, item_shape, item, f"{path}/{index}") for index, item in enumerate(items)]
        _length(shape, result, path, "items")
        return result
    if kind == "map":
        if not isinstance(value, dict):
            raise PropertyProblem(path, f"expected type: JSONObject, found: {found(value)}")
        return {str(key): _read(model, shape["value"]["shape"], item, f"{path}/{key}") for key, item in value.items()}
    scalar = _SCALARS.get(kind)
    if scalar is None:
        raise NotImplementedError(f"{model.service}: {shape_name} is a {kind}")
    result = scalar.read(value, path)
    if kind == "string":
        if "enum" in shape and result not in shape["enum"]:
            raise PropertyProblem(path, f"{result} is not a valid enum value")
        _length(shape, result, path, "characters")
    elif kind != "boolean":
        _range(shape, result, path)
    return result


def _structure(model: Model, shape: Json, value: Any, path: str) -> Json:
    if not isinstance(value, dict):
        raise PropertyProblem(path, f"expected type: JSONObject, found: {found(value)}")
    result: Json = {}
    for name, item in value.items():
        member = _spelling(name, shape["members"])
        if member is None:
            raise PropertyProblem(path, f"extraneous key [{name}] is not permitted")
        result[member] = _read(model, shape["members"][member]["shape"], item, f"{path}/{name}")
    for member in shape.get("required", ()):
        if member not in result:
            raise PropertyProblem(path, f"required key [{member[:1].upper() + member[1:]}] not found")
    return result


def _length(shape: Json, value: Any, path: str, unit: str) -> None:
    if len(value) < shape.get("min", 0):
        raise PropertyProblem(path, f"expected minimum number of {unit}: {shape['min']}, found: {len(value)}")
    if "max" in shape and len(value) > shape["max"]:
        raise PropertyProblem(path, f"expected maximum number of {unit}: {shape['max']}, found: {len(value)}")


def _range(shape: Json, value: float, path: str) -> None:
    if "min" in shape and value < shape["min"]:
        raise PropertyProblem(path, f"{value} is not greater or equal to {shape['min']}")
    if "max" in shape and value > shape["max"]:
        raise PropertyProblem(path, f"{value} is not less or equal to {shape['max']}")
