"""Decoders compiled from shapes: wire JSON (or CBOR) in, AWS-named members with bytes and numbers out.

One Python function is generated per structure and operation model, because per-record work in the interpreter is the
cost of a batch (law 7). The generated code only accepts: at the first doubt it raises `Doubt`, and the slow, exact
`spec.explain` finds out what is wrong and words the error.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any

from harness.emulator.spec.model import Model
from harness.json_object import Json

Decoder = Callable[[Any], Any]

NUMBERS = ("integer", "long", "float", "double")
RAW_BLOBS = ("cbor", "rpcv2")
"""Wire forms in which blobs are bytes; elsewhere they are base64 text."""


class Doubt(Exception):
    """The input is not plainly valid; `spec.explain` knows why."""


class Compiler:
    """Generates decoders for one model and one wire form (`json`, `cbor`, `rpcv2`), each shape once."""

    def __init__(self, model: Model, wire: str) -> None:
        self.model = model
        self.wire = wire
        self._functions: dict[str, Decoder] = {}
        self._names: dict[str, Any] = {"Doubt": Doubt, "b64": _strict_b64, "functions": self._functions}
        self._counter = 0

    def structure(self, shape_name: str) -> Decoder:
        """A function from a wire object to a dict of members. Raises Doubt."""
        if shape_name not in self._functions:
            self._functions[shape_name] = _unfinished
            lines = [f"def decode(v, functions=functions):", "    if type(v) is not dict: raise Doubt"]  # noqa: F541
            lines += ["    o = {}"]
            shape = self.model.shapes[shape_name]
            required = set(shape.get("required", ()))
            for member, ref in shape.get("members", {}).items():
                lines += self._member(member, ref, member in required)
            lines.append("    return o")
            scope = dict(self._names)
            exec("\n".join(lines), scope)  # the source holds names from botocore's models only
            self._functions[shape_name] = scope["decode"]
        return self._functions[shape_name]

    def _member(self, member: str, ref: Json, required: bool) -> list[str]:
        wire_name = ref.get("locationName", member)
        lines = [f"    x = v.get({wire_name!r})", "    if x is not None:"]
        lines += _indent(self._value(ref, "x"), 2)
        lines.append(f"        o[{member!r}] = x")
        if required:
            lines += ["    else: raise Doubt"]
        return lines

    def _value(self, ref: Json, var: str) -> list[str]:
        """Lines that check the variable and convert it in place."""
        name = ref["shape"]
        shape = self.model.shapes[name]
        kind = shape["type"]
        if kind == "structure":
            self.structure(name)
            return [f"{var} = functions[{name!r}]({var})"]
        if kind == "list":
            return self._list(shape, var)
        if kind == "map":
            return self._map(shape, var)
        if kind == "string":
            return [f"if type({var}) is not str: raise Doubt", *self._string_checks(shape, var)]
        if kind == "blob":
            return self._blob(shape, var)
        if kind == "boolean":
            return [f"if type({var}) is not bool: raise Doubt"]
        if kind == "timestamp":
            # CBOR carries integer milliseconds, JSON seconds (B1).
            lines = [f"if type({var}) not in (int, float): raise Doubt"]
            return [*lines, f"{var} = {var} / 1000"] if self.wire == "cbor" else lines
        if kind in NUMBERS:
            whole = kind in ("integer", "long")
            lines = (
                [f"if type({var}) is not int: raise Doubt"]
                if whole
                else [f"if type({var}) not in (int, float): raise Doubt"]
            )
            return lines + self._range(shape, var)
        raise NotImplementedError(f"{self.model.service}: shape type {kind}")

    def _list(self, shape: Json, var: str) -> list[str]:
        self._counter += 1
        item = f"e{self._counter}"
        lines = [f"if type({var}) is not list: raise Doubt", *self._length(shape, var)]
        member = shape["member"]
        if self.model.shapes[member["shape"]]["type"] == "structure":
            self.structure(member["shape"])
            return [*lines, f"f = functions[{member['shape']!r}]", f"{var} = [f({item}) for {item} in {var}]"]
        out = f"l{self._counter}"
        lines += [f"{out} = []", f"for {item} in {var}:"]
        lines += _indent(self._value(member, item), 1)
        return [*lines, f"    {out}.append({item})", f"{var} = {out}"]

    def _map(self, shape: Json, var: str) -> list[str]:
        self._counter += 1
        key, item, out = f"k{self._counter}", f"e{self._counter}", f"m{self._counter}"
        lines = [f"if type({var}) is not dict: raise Doubt", *self._length(shape, var)]
        lines += [f"{out} = {{}}", f"for {key}, {item} in {var}.items():"]
        lines += _indent(self._value(shape["key"], key), 1)
        lines += _indent(self._value(shape["value"], item), 1)
        return [*lines, f"    {out}[{key}] = {item}", f"{var} = {out}"]

    def _blob(self, shape: Json, var: str) -> list[str]:
        if self.wire in RAW_BLOBS:
            lines = [f"if type({var}) is not bytes: raise Doubt"]
        else:
            lines = [f"if type({var}) is not str: raise Doubt", f"{var} = b64({var})"]
        return lines + self._length(shape, var)

    def _string_checks(self, shape: Json, var: str) -> list[str]:
        lines = self._length(shape, var)
        if "enum" in shape:
            lines.append(f"if {var} not in {self._constant(frozenset(shape['enum']))}: raise Doubt")
        pattern = shape.get("pattern")
        if pattern and (match := compiled_pattern(pattern)) is not None:
            lines.append(f"if not {self._constant(match.fullmatch)}({var}): raise Doubt")
        return lines

    def _length(self, shape: Json, var: str) -> list[str]:
        checks = []
        if shape.get("min"):
            checks.append(f"len({var}) < {int(shape['min'])}")
        if "max" in shape:
            checks.append(f"len({var}) > {int(shape['max'])}")
        return [f"if {' or '.join(checks)}: raise Doubt"] if checks else []

    def _range(self, shape: Json, var: str) -> list[str]:
        checks = []
        if "min" in shape:
            checks.append(f"{var} < {shape['min']}")
        if "max" in shape:
            checks.append(f"{var} > {shape['max']}")
        return [f"if {' or '.join(checks)}: raise Doubt"] if checks else []

    def _constant(self, value: object) -> str:
        self._counter += 1
        name = f"c{self._counter}"
        self._names[name] = value
        return name


def compiled_pattern(pattern: str) -> re.Pattern[str] | None:
    """The model's pattern; None where Java's syntax has no equal in Python (such patterns are not checked)."""
    if pattern == "https://.*":
        # Firehose's HTTP endpoints: a receiver on this machine may speak plain HTTP; the service refuses any other.
        pattern = "https?://.*"
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _strict_b64(text: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except ValueError:
        raise Doubt from None


def _unfinished(_: Any) -> Any:
    raise AssertionError("a recursive shape was used before it was compiled")


def _indent(lines: list[str], levels: int) -> list[str]:
    return ["    " * levels + line for line in lines]
