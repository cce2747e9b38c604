"""REST-JSON: which operation a path means, and members from path, query, headers and body."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.spec.decode import Compiler, Doubt
from harness.emulator.spec.encode import RestEncoder, json_bytes
from harness.emulator.spec.eventstream import EventEncoder, event_members, event_stream
from harness.emulator.spec.explain import explain, serialization_error
from harness.emulator.spec.model import Model
from harness.json_object import Json


class RestRouter:
    """Finds the operation for a method and path. More specific templates win: literal segments before labels."""

    def __init__(self, model: Model) -> None:
        routes = []
        for name, operation in model.operations.items():
            uri = operation["http"]["requestUri"]
            template, _, query = uri.partition("?")
            routes.append((_specificity(template), operation["http"]["method"], _compile(template), query, name))
        routes.sort(key=lambda route: (len(route[3]), route[0]), reverse=True)
        self._routes = routes

    def match(self, method: str, path: str, query: str) -> tuple[str, dict[str, str]] | None:
        """(operation, path labels still percent-encoded); None where no template fits."""
        names = set(re.findall(r"(?:^|&)([^=&]+)", query)) if query else set()
        for _, wanted, pattern, needed, operation in self._routes:
            if wanted != method or (needed and needed.partition("=")[0] not in names):
                continue
            found = pattern.fullmatch(path)
            if found is not None:
                return operation, {k[1:]: v for k, v in found.groupdict().items()}
        return None


def _specificity(template: str) -> tuple[int, int]:
    segments = [s for s in template.split("/") if s]
    literal = sum(1 for s in segments if not s.startswith("{"))
    return (literal, -len([s for s in segments if s.endswith("+}")]))


def _compile(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template.rstrip("/") or "/")
    source = ""
    for part in parts:
        if part.startswith("{"):
            label = part[1:-1]
            # Labels may hold hyphens or start like Python keywords: a prefix makes any of them a group name.
            name = "_" + re.sub(r"\W", "_", label.rstrip("+"))
            source += f"(?P<{name}>.+)" if label.endswith("+") else f"(?P<{name}>[^/]+)"
        else:
            source += re.escape(part)
    return re.compile(source + "/?")


class RestCodec:
    """Decodes requests and encodes answers of one REST-JSON service."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.router = RestRouter(model)
        self._compiler = Compiler(model, "json")
        self._encoder = RestEncoder(model)
        self._events = event_members(model)

    def decode(self, operation: str, labels: dict[str, str], request: HttpRequest) -> Json:
        """Input members. Raises the AwsError that AWS would answer."""
        shape_name = self.model.input_shape(operation)
        if shape_name is None:
            return {}
        shape = self.model.shapes[shape_name]
        members = shape.get("members", {})
        wire: Json = {}
        payload = shape.get("payload")
        blob_payload: tuple[str, bytes] | None = None
        if payload:
            ref = members[payload]
            if self.model.shapes[ref["shape"]]["type"] == "blob":
                blob_payload = (payload, request.body)
            elif request.body:
                wire[ref.get("locationName", payload)] = _json_object(request.body)
        elif request.body and any("location" not in ref for ref in members.values()):
            wire.update(_json_object(request.body))
        query = parse_qsl(request.query, keep_blank_values=True) if request.query else []
        for member, ref in members.items():
            location = ref.get("location")
            if location is None:
                continue
            name = ref.get("locationName", member)
            wire.pop(name, None)
            value: Any = None
            if location == "uri":
                found = labels.get(re.sub(r"\W", "_", name))
                value = unquote(found) if found is not None else None
            elif location == "querystring":
                value = self._from_query(ref, name, query)
            elif location == "header":
                value = request.header(name.lower(), "\0")
                value = None if value == "\0" else value
            elif location == "headers":
                prefix = name.lower()
                value = {k[len(prefix) :]: v for k, v in request.headers if k.startswith(prefix)} or None
            if value is not None:
                wire[name] = self._scalar(ref, value)
        try:
            params: Json = self._compiler.structure(shape_name)(_without_blob(wire, blob_payload, members))
        except Doubt:
            raise explain(self.model, shape_name, _without_blob(wire, blob_payload, members), "json") from None
        if blob_payload is not None:
            params[blob_payload[0]] = blob_payload[1]
        return params

    def _from_query(self, ref: Json, name: str, query: list[tuple[str, str]]) -> Any:
        kind = self.model.shapes[ref["shape"]]["type"]
        if kind == "list":
            return [value for key, value in query if key == name] or None
        if kind == "map":
            # A map in the query takes every parameter that no other member names (API Gateway's tags).
            return dict(query) or None
        for key, value in query:
            if key == name:
                return value
        return None

    def _scalar(self, ref: Json, value: Any) -> Any:
        """A path, query or header string as the JSON value of its shape; left alone where it does not parse."""
        kind = self.model.shapes[ref["shape"]]["type"]
        if not isinstance(value, str):
            return value
        try:
            if kind in ("integer", "long"):
                return int(value)
            if kind in ("float", "double", "timestamp"):
                return float(value)
        except ValueError:
            return value
        if kind == "boolean" and value.lower() in ("true", "false"):
            return value.lower() == "true"
        return value

    def encode(self, operation: str, result: Json) -> HttpResponse:
        """The HTTP answer for output members: status, headers and body as the model says."""
        status = int(self.model.operations[operation]["http"].get("responseCode", 200))
        headers: list[tuple[str, str]] = []
        shape_name = self.model.output_shape(operation)
        if shape_name is None:
            return HttpResponse(status, headers)
        shape = self.model.shapes[shape_name]
        for member, ref in shape.get("members", {}).items():
            value = result.get(member)
            if value is None:
                continue
            if ref.get("location") == "statusCode":
                status = int(value)
            elif ref.get("location") == "header":
                headers.append((ref["locationName"], str(value)))
        events = self._events.get(operation)
        if events is not None:
            # The member that is bound to Content-Type tells the type of what the events carry, not of the stream.
            headers = [item for item in headers if item[0].lower() != "content-type"]
            encoder = EventEncoder(self.model, operation, "rest", "application/json")
            return event_stream(encoder, result[events], status, headers)
        payload = shape.get("payload")
        if payload:
            value = result.get(payload)
            if isinstance(value, bytes):
                headers.append(("Content-Type", "application/json"))
                return HttpResponse(status, headers, value)
            body = self._encoder.body(shape["members"][payload]["shape"], value or {})
        else:
            body = self._encoder.body(shape_name, result)
        if status == 204:
            return HttpResponse(status, headers)
        headers.append(("Content-Type", "application/json"))
        return HttpResponse(status, headers, json_bytes(body))


def _json_object(body: bytes) -> Any:
    try:
        value = orjson.loads(body)
    except ValueError:
        raise serialization_error("Could not parse request body into json") from None
    if not isinstance(value, dict):
        raise serialization_error("Expected a JSON object")
    return value


def _without_blob(wire: Json, blob: tuple[str, bytes] | None, members: Json) -> Json:
    """The wire object with a placeholder for a raw payload, which is no base64 text to be decoded."""
    if blob is None:
        return wire
    return {**wire, members[blob[0]].get("locationName", blob[0]): ""}
