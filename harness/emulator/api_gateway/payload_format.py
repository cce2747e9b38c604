"""Payload format 2.0: what a function behind an HTTP API or a function URL receives (D9, C12)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from harness.emulator.call import HttpRequest
from harness.json_object import Json

_TEXT_TYPES = ("application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded")


@dataclass(slots=True)
class Asked:
    """A request to a function. `path` is raw, with a stage's name in front where the API has one in its URLs."""

    request: HttpRequest
    path: str
    account: str
    api_id: str
    domain: str
    route_key: str
    stage: str
    request_id: str
    now: float
    authorizer: Json | None = None
    path_parameters: dict[str, str] = field(default_factory=dict)
    stage_variables: dict[str, str] = field(default_factory=dict)


def event_2(asked: Asked) -> Json:
    """The event: absent members are left out, repeated headers and parameters are joined by commas."""
    request = asked.request
    headers = _joined([(k, v) for k, v in request.headers if k != "cookie"])
    headers.setdefault("host", asked.domain)
    event: Json = {
        "version": "2.0",
        "routeKey": asked.route_key,
        "rawPath": asked.path,
        "rawQueryString": request.query,
    }
    cookies = [c.strip() for k, v in request.headers if k == "cookie" for c in v.split(";") if c.strip()]
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    if request.query:
        event["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    authorizer = {} if asked.authorizer is None else {"authorizer": asked.authorizer}
    event["requestContext"] = {
        "accountId": asked.account,
        "apiId": asked.api_id,
        **authorizer,
        "domainName": asked.domain,
        "domainPrefix": asked.api_id,
        "http": {
            "method": request.method,
            "path": asked.path,
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": request.header("user-agent"),
        },
        "requestId": asked.request_id,
        "routeKey": asked.route_key,
        "stage": asked.stage,
        "time": clf_time(asked.now),
        "timeEpoch": int(asked.now * 1000),
    }
    text, encoded = body(request)
    if text is not None:
        event["body"] = text
    if asked.path_parameters:
        event["pathParameters"] = asked.path_parameters
    event["isBase64Encoded"] = encoded
    if asked.stage_variables:
        event["stageVariables"] = asked.stage_variables
    return event


def body(request: HttpRequest) -> tuple[str | None, bool]:
    """(text or base64, whether it is base64); None for no body."""
    data = request.body
    if not data:
        return None, False
    kind = request.header("content-type", "application/json").partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml")):
        try:
            return data.decode(), False
        except UnicodeDecodeError:
            pass
    return b64encode(data).decode("ascii"), True


def clf_time(now: float) -> str:
    """`12/Mar/2020:19:03:58 +0000`."""
    return datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
