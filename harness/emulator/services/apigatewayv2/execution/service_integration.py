"""First-class integrations: request parameters mapped to an AWS call (D9)."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

import orjson

from harness.emulator.services.apigatewayv2.execution.event import Exchange
from harness.json_object import Json

_REFERENCE = re.compile(r"\$\{?((?:request|context|stageVariables)[A-Za-z0-9_.\-\[\]]*)\}?")


class Unresolved(Exception):
    """A mapped parameter that resolves to nothing or to an empty string: 400."""


def kinesis_put_record(parameters: dict[str, str], x: Exchange) -> Json:
    """Input of Kinesis PutRecord. `Data` is base64 text, as in the API. Raises Unresolved."""
    values = {name: resolve(template, x) for name, template in parameters.items()}
    if any(not value for value in values.values()):
        raise Unresolved
    values.pop("Region", None)
    try:
        data = b64decode(values.pop("Data"), validate=True)
    except ValueError:
        raise Unresolved from None
    return {**values, "Data": data}


def resolve(template: str, x: Exchange) -> str:
    """A mapping value with its references replaced; a reference to nothing becomes an empty string."""
    return _REFERENCE.sub(lambda found: _reference(found[1], x), template)


def _reference(name: str, x: Exchange) -> str:
    parts = name.split(".", 2)
    if parts[0] == "stageVariables":
        return x.stage_variables.get(".".join(parts[1:]), "")
    if parts[0] == "context":
        return context_value(".".join(parts[1:]), x)
    source = parts[1] if len(parts) > 1 else ""
    rest = parts[2] if len(parts) > 2 else ""
    if source == "body":
        return _body(rest, x)
    if source == "path":
        return x.path_parameters.get(rest, "") if rest else x.path
    if source == "querystring":
        return parse_qs(x.request.query).get(rest, [""])[0]
    if source == "header":
        return x.request.header(rest.lower())
    return ""


def _body(path: str, x: Exchange) -> str:
    if not path:
        return x.request.body.decode("utf-8", "replace")
    try:
        value: Any = orjson.loads(x.request.body)
    except ValueError:
        return ""
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def context_value(name: str, x: Exchange) -> str:
    """The value of `$context.<name>` for mappings and access logs; empty where there is none."""
    values: dict[str, object] = {
        "accountId": x.account,
        "apiId": x.api_id,
        "domainName": x.domain,
        "domainPrefix": x.api_id,
        "extendedRequestId": x.request_id,
        "httpMethod": x.request.method,
        "identity.sourceIp": "127.0.0.1",
        "identity.userAgent": x.request.header("user-agent"),
        "path": x.raw_path,
        "protocol": "HTTP/1.1",
        "requestId": x.request_id,
        "requestTime": x.time,
        "requestTimeEpoch": int(x.now),
        "routeKey": x.route_key,
        "stage": x.stage,
        **x.notes,
    }
    return str(values.get(name, ""))
