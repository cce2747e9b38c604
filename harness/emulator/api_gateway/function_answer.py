"""A function's result as an HTTP response: of HTTP APIs (D9) and function URLs (C12)."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import orjson

from harness.emulator.call import HttpResponse
from harness.json_object import Json

PLAIN = "text/plain;charset=UTF-8"


class BadAnswer(Exception):
    """The function's answer can't be turned into a response."""


def from_lambda(payload: bytes, version: str, default_type: str = PLAIN) -> HttpResponse:
    """The response that a function's result means; `default_type` is its type if it names none. Raises BadAnswer."""
    try:
        result = orjson.loads(payload) if payload else None
    except ValueError:
        raise BadAnswer("not JSON") from None
    if not isinstance(result, dict) or "statusCode" not in result:
        if version == "1.0":
            raise BadAnswer("format 1.0 needs an object with statusCode")
        # Format 2.0 infers: any other value is the body of a 200.
        body = result.encode() if isinstance(result, str) else payload
        return HttpResponse(200, [("content-type", "application/json")], body)
    headers = _headers(result.get("headers"))
    if version == "1.0":
        for name, values in (result.get("multiValueHeaders") or {}).items():
            if not isinstance(values, list):
                raise BadAnswer("multiValueHeaders needs lists")
            headers += [(name.lower(), _text(value)) for value in values]
    else:
        cookies = result.get("cookies") or []
        if not isinstance(cookies, list):
            raise BadAnswer("cookies must be a list")
        headers += [("set-cookie", _text(cookie)) for cookie in cookies]
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", default_type))
    return HttpResponse(_status(result["statusCode"]), headers, _body(result))


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError):
        raise BadAnswer("statusCode is no number") from None
    if not 100 <= status <= 599:
        raise BadAnswer("statusCode is no HTTP status")
    return status


def _headers(value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, dict):
        raise BadAnswer("headers must be an object")
    return [(name.lower(), _text(item)) for name, item in value.items() if item is not None]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise BadAnswer("header values must be scalars")


def _body(result: Json) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        body = orjson.dumps(body).decode()
    if not result.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return b64decode(body, validate=True)
    except ValueError:
        raise BadAnswer("body is no base64") from None
