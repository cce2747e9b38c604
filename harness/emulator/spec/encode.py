"""Encoders: output members by AWS names to wire bytes.

AWS JSON needs no walk: blobs become base64 through orjson's default hook, timestamps are epoch seconds already.
REST-JSON renames members and formats some timestamps, CBOR wants milliseconds: those walk the output shape.
"""

from __future__ import annotations

from binascii import b2a_base64
from datetime import UTC, datetime
from typing import Any

import orjson

from harness.emulator.spec.model import Model
from harness.json_object import Json


def _blob(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return b2a_base64(value, newline=False).decode("ascii")
    raise TypeError(f"{type(value).__name__} can't be encoded")


def json_bytes(value: object) -> bytes:
    """JSON with blobs as base64."""
    return orjson.dumps(value, default=_blob)


def cbor_bytes(model: Model, shape: str | None, value: Json) -> bytes:
    """CBOR as Kinesis speaks it: byte strings raw, timestamps integer milliseconds (B1)."""
    import cbor2

    data: bytes = cbor2.dumps(_cbor(model, shape, value) if shape else value)
    return data


def _cbor(model: Model, shape_name: str, value: Any) -> Any:
    shape = model.shapes[shape_name]
    kind = shape["type"]
    if kind == "structure":
        members = shape.get("members", {})
        return {
            name: _cbor(model, members[name]["shape"], item) if name in members else item
            for name, item in value.items()
            if item is not None
        }
    if kind == "list":
        return [_cbor(model, shape["member"]["shape"], item) for item in value]
    if kind == "map":
        return {key: _cbor(model, shape["value"]["shape"], item) for key, item in value.items()}
    if kind == "timestamp":
        return round(value * 1000)
    return value


class RestEncoder:
    """Renames and formats the body members of REST-JSON outputs."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def body(self, shape_name: str, value: Json) -> Json:
        """The body object for the members of `value` that travel in the body."""
        members = self.model.shapes[shape_name].get("members", {})
        out: Json = {}
        for name, item in value.items():
            ref = members.get(name)
            if item is None or (ref is not None and "location" in ref):
                continue
            out[ref.get("locationName", name) if ref else name] = self._value(ref, item)
        return out

    def _value(self, ref: Json | None, value: Any) -> Any:
        if ref is None:
            return value
        shape = self.model.shapes[ref["shape"]]
        kind = shape["type"]
        if kind == "structure":
            return self.body(ref["shape"], value) if isinstance(value, dict) else value
        if kind == "list":
            return [self._value(shape["member"], item) for item in value]
        if kind == "map":
            return {key: self._value(shape["value"], item) for key, item in value.items()}
        if kind == "timestamp" and isinstance(value, int | float):
            form = ref.get("timestampFormat") or shape.get("timestampFormat")
            return iso_time(value) if form == "iso8601" else value
        return value


def iso_time(seconds: float) -> str:
    """`2019-11-14T00:38:06Z`, whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
