"""The Query protocol: a form of dotted names in, XML out.

`Parameters.member.1.ParameterKey=Stage` is a list of structures, `Tags=` an empty list. Values are all text: they are
brought into their shapes' types and then decoded and checked like AWS JSON. An answer is
`<XResponse><XResult>…</XResult><ResponseMetadata>…</ResponseMetadata></XResponse>`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.errors import AwsError
from harness.emulator.spec.decode import NUMBERS, Compiler, Doubt
from harness.emulator.spec.explain import explain
from harness.emulator.spec.model import Model
from harness.emulator.spec.xml_text import escaped
from harness.json_object import Json

_MAX_FIELDS = 50_000
_MAX_STEPS = 64
"""Steps of a dotted name; what is behind them is one name."""

Tree = dict[str, Any]


class QueryCodec:
    """Decodes and encodes for one Query service without flattened lists (CloudFormation, CloudWatch)."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._compiler = Compiler(model, "json")

    def decode(self, operation: str, request: HttpRequest) -> Json:
        """Input members of an operation that the model has. Raises ValidationError."""
        shape = self.model.input_shape(operation)
        if shape is None:
            return {}
        try:
            fields = parse_qsl(request.query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
            body = request.body.decode("utf-8", "replace")
            fields += parse_qsl(body, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise AwsError("MalformedQueryString", "The query string contains too many parameters.", 404) from None
        wire = self._typed(shape, _tree(fields))
        try:
            params: Json = self._compiler.structure(shape)(wire)
        except Doubt:
            error = explain(self.model, shape, wire, "json")
            raise AwsError("ValidationError", error.message) from None
        return params

    def _typed(self, shape_name: str, value: Any) -> Any:
        """Text and trees in the types of the shape; what does not parse is left for the check to refuse."""
        shape = self.model.shapes[shape_name]
        kind = shape["type"]
        if kind == "structure" and isinstance(value, dict):
            members = shape.get("members", {})
            return {name: self._typed(members[name]["shape"], item) for name, item in value.items() if name in members}
        if kind == "list":
            if value == "":
                return []
            if isinstance(value, dict) and isinstance(value.get("member"), dict):
                items = sorted(value["member"].items(), key=lambda pair: _position(pair[0]))
                return [self._typed(shape["member"]["shape"], item) for _, item in items]
            return value
        if kind == "map" and isinstance(value, dict):
            entries = value.get("entry", {}).values()
            return {entry.get("key", ""): self._typed(shape["value"]["shape"], entry.get("value")) for entry in entries}
        return _scalar(kind, value)

    def encode(self, operation: str, result: Json, request_id: str) -> HttpResponse:
        """The XML answer for output members."""
        output = self.model.operations[operation].get("output")
        inner = ""
        if output is not None:
            wrapper = output.get("resultWrapper", f"{operation}Result")
            inner = f"<{wrapper}>{self._xml(output['shape'], result)}</{wrapper}>"
        namespace = self.model.metadata["xmlNamespace"]
        body = (
            f'<{operation}Response xmlns="{namespace}">{inner}'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        )
        return HttpResponse(200, [("Content-Type", "text/xml")], body.encode())

    def _xml(self, shape_name: str, value: Any) -> str:
        shape = self.model.shapes[shape_name]
        kind = shape["type"]
        if kind == "structure":
            parts = []
            for name, ref in shape.get("members", {}).items():
                if value.get(name) is not None:
                    parts.append(f"<{name}>{self._xml(ref['shape'], value[name])}</{name}>")
            return "".join(parts)
        if kind == "list":
            return "".join(f"<member>{self._xml(shape['member']['shape'], item)}</member>" for item in value)
        if kind == "map":
            item = shape["value"]["shape"]
            return "".join(
                f"<entry><key>{escaped(key)}</key><value>{self._xml(item, one)}</value></entry>"
                for key, one in value.items()
            )
        if kind == "boolean":
            return "true" if value else "false"
        if kind == "timestamp":
            moment = datetime.fromtimestamp(value, UTC)
            return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        return escaped(str(value), quote=False)


def _tree(fields: list[tuple[str, str]]) -> Tree:
    """Dotted names as nested dicts."""
    root: Tree = {}
    for name, value in fields:
        *path, last = name.split(".", _MAX_STEPS)
        node = root
        for step in path:
            below = node.get(step)
            if not isinstance(below, dict):
                below = node[step] = {}
            node = below
        node[last] = value
    return root


def _position(text: str) -> int:
    return int(text[:20]) if text.isascii() and text.isdigit() else 0


def _scalar(kind: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if kind == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind in NUMBERS:
        try:
            return int(value) if kind in ("integer", "long") else float(value)
        except ValueError:
            return value
    if kind == "timestamp":
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return value
