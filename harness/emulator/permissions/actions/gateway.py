"""API Gateway's control plane: the action is the HTTP method, the resource the path."""

from __future__ import annotations

import re
from urllib.parse import quote

from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.spec.model import load_model

_LABEL = re.compile(r"\{([^}]+?)\+?\}")


def apigateway(asked: Asked) -> list[RequiredAction]:
    method, path = _method_and_path(asked)
    if path.startswith("/v2/"):
        path = path[3:]
    return [RequiredAction(f"apigateway:{method}", f"arn:aws:apigateway:{asked.call.region}::{path}")]


def _method_and_path(asked: Asked) -> tuple[str, str]:
    request = asked.call.http
    if request is not None:
        return request.method, request.path
    model = load_model(asked.call.service)
    route = model.operations[asked.operation]["http"]
    members = model.shapes[model.input_shape(asked.operation) or ""]["members"] if asked.params else {}
    labels = {
        shape.get("locationName", name): name for name, shape in members.items() if shape.get("location") == "uri"
    }

    def value(label: re.Match[str]) -> str:
        name = str(label[1])
        return quote(str(asked.params.get(labels.get(name, name), "")), safe="")

    return route["method"], _LABEL.sub(value, route["requestUri"].partition("?")[0])
