"""Says what is wrong with an input, in AWS's words.

Runs only after a compiled decoder had a doubt: walks the whole input, collects every violated constraint, and returns
the ValidationException (or SerializationException for a value of the wrong type). Texts: A2, B3, B13.
"""

from __future__ import annotations

from binascii import a2b_base64
from typing import Any

from harness.emulator.errors import AwsError, constraint, validation_error
from harness.emulator.service_registry import descriptor_of
from harness.emulator.spec.decode import NUMBERS, RAW_BLOBS, compiled_pattern
from harness.emulator.spec.model import Model
from harness.json_object import Json

# AWS prints enum sets in the order of a hash set; these are the orders that were recorded (A2, B13).
_RECORDED_ENUM_ORDER = {
    frozenset(["UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"]): [
        "ZIP",
        "HADOOP_SNAPPY",
        "Snappy",
        "GZIP",
        "UNCOMPRESSED",
    ],
    frozenset(["PROVISIONED", "ON_DEMAND"]): ["ON_DEMAND", "PROVISIONED"],
}
# AWS prints this pattern otherwise than its model has it (A2).
_RECORDED_PATTERN = {r"^$|\.[0-9a-z!\-_.*'()]+": r"^(|\.[0-9a-z!\-_.*'()]+)$"}
_JSON_NAMES = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE", bool: "TRUE_VALUE"}


class _WrongType(Exception):
    """A value that can't be read as its shape's type."""


def explain(model: Model, shape_name: str, value: Any, wire: str) -> AwsError:
    """The error for an input that the compiled decoder did not accept."""
    walk = _Walk(model, wire)
    try:
        walk.structure(shape_name, value, "")
    except _WrongType as error:
        return serialization_error(str(error))
    assert walk.problems, f"decoder and explanation disagree on {shape_name}"
    return validation_error(walk.problems)


def serialization_error(text: str) -> AwsError:
    """The error for bytes that can't be read as the operation's input."""
    return AwsError("SerializationException", text)


class _Walk:
    def __init__(self, model: Model, wire: str) -> None:
        self.model = model
        self.wire = wire
        self.problems: list[str] = []
        # Firehose does not echo the offending value (A2), the older services do (B3, B13).
        self.echo = descriptor_of(model.service).echoes_values

    def structure(self, shape_name: str, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise _WrongType("Unexpected field type" if path else "Expected a JSON object")
        shape = self.model.shapes[shape_name]
        required = set(shape.get("required", ()))
        for member, ref in shape.get("members", {}).items():
            item = value.get(ref.get("locationName", member))
            where = f"{path}.{_camel(member)}" if path else _camel(member)
            if item is not None:
                self.value(ref["shape"], item, where)
            elif member in required:
                self._add(None, where, "Member must not be null")

    def value(self, shape_name: str, value: Any, path: str) -> None:
        shape = self.model.shapes[shape_name]
        kind = shape["type"]
        if kind == "structure":
            self.structure(shape_name, value, path)
        elif kind == "list":
            self._expect(value, list, "List")
            self._length(shape, value, path, "[]" if not value else None)
            for index, item in enumerate(value, 1):
                if item is None:
                    self._add(None, f"{path}.{index}.member", "Member must not be null")
                else:
                    self.value(shape["member"]["shape"], item, f"{path}.{index}.member")
        elif kind == "map":
            self._expect(value, dict, "Map")
            self._length(shape, value, path, "{}" if not value else None)
            for key, item in value.items():
                self.value(shape["key"]["shape"], key, f"{path}.{key}.key")
                if item is None:
                    self._add(None, f"{path}.{key}.member", "Member must not be null")
                else:
                    self.value(shape["value"]["shape"], item, f"{path}.{key}.member")
        elif kind == "string":
            self._expect(value, str, "String")
            self._string(shape, value, path)
        elif kind == "blob":
            self._blob(shape, value, path)
        elif kind == "boolean":
            self._expect(value, bool, "Boolean")
        elif kind == "timestamp" or kind in ("float", "double"):
            if type(value) not in (int, float):
                raise _WrongType(f"{_json_name(value)} cannot be converted to {_java(kind)}")
            if kind in NUMBERS:
                self._range(shape, value, path)
        else:
            if type(value) is not int:
                raise _WrongType(f"{_json_name(value)} cannot be converted to {_java(kind)}")
            self._range(shape, value, path)

    def _string(self, shape: Json, value: str, path: str) -> None:
        self._length(shape, value, path, value)
        if "enum" in shape and value not in shape["enum"]:
            allowed: list[str] = shape["enum"]
            order = _RECORDED_ENUM_ORDER.get(frozenset(allowed), allowed)
            self._add(value, path, f"Member must satisfy enum value set: [{', '.join(order)}]")
        pattern = shape.get("pattern")
        if pattern and (match := compiled_pattern(pattern)) is not None and not match.fullmatch(value):
            shown = _RECORDED_PATTERN.get(pattern, pattern)
            self._add(value, path, f"Member must satisfy regular expression pattern: {shown}")

    def _blob(self, shape: Json, value: Any, path: str) -> None:
        data = value
        if self.wire not in RAW_BLOBS:
            self._expect(value, str, "ByteBuffer")
            try:
                data = a2b_base64(value, strict_mode=True)
            except ValueError:
                raise _WrongType("Failed to decode base64 value") from None
        elif not isinstance(value, bytes):
            raise _WrongType(f"{_json_name(value)} cannot be converted to ByteBuffer")
        self._length(shape, data, path, None)

    def _length(self, shape: Json, value: Any, path: str, shown: str | None) -> None:
        if shape.get("min") and len(value) < shape["min"]:
            self._add(shown, path, f"Member must have length greater than or equal to {shape['min']}")
        if "max" in shape and len(value) > shape["max"]:
            self._add(shown, path, f"Member must have length less than or equal to {shape['max']}")

    def _range(self, shape: Json, value: float, path: str) -> None:
        if "min" in shape and value < shape["min"]:
            self._add(str(value), path, f"Member must have value greater than or equal to {shape['min']}")
        if "max" in shape and value > shape["max"]:
            self._add(str(value), path, f"Member must have value less than or equal to {shape['max']}")

    def _add(self, shown: str | None, path: str, text: str) -> None:
        self.problems.append(constraint(shown if self.echo else None, path, text))

    def _expect(self, value: Any, kind: type, java: str) -> None:
        if type(value) is kind:
            return
        if isinstance(value, dict | list):
            raise _WrongType("Start of structure or map found where not expected.")
        raise _WrongType(f"{_json_name(value)} cannot be converted to {java}")


def _json_name(value: Any) -> str:
    return _JSON_NAMES.get(type(value), "VALUE")


def _java(kind: str) -> str:
    return {"integer": "Integer", "long": "Long", "float": "Float", "double": "Double", "timestamp": "Date"}[kind]


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
