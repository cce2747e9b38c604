"""HTTP_PROXY integrations: the request is handed on to an HTTP server on this machine or an
allowed host, and its answer back (D9)."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from harness.emulator.api_gateway.http_backends import NOT_PASSED_ON, HttpBackends
from harness.emulator.call import HttpResponse
from harness.emulator.outbound import Outbound
from harness.emulator.services.apigatewayv2.execution.event import Exchange
from harness.emulator.services.apigatewayv2.execution.response import message
from harness.json_object import Json

_VARIABLE = re.compile(r"\{([A-Za-z0-9._:-]+)\+?\}")


def is_reached(uri: str, outbound: Outbound) -> bool:
    """Whether an integration's URI leads to a fixed host that requests may go to."""
    try:
        parts = urlsplit(uri)
        return parts.scheme in ("http", "https") and outbound.reaches(parts.hostname or "")
    except ValueError:
        return False


async def invoke(backends: HttpBackends, integration: Json, x: Exchange) -> HttpResponse:
    """The backend's answer; 503 for one that can't be reached (D9). The caller bounds the time."""
    import httpx  # here: 40 ms that no start should pay

    method = integration["IntegrationMethod"]
    headers = [(name, value) for name, value in x.request.headers if name not in NOT_PASSED_ON]
    headers.append(("forwarded", f"for=127.0.0.1;host={x.domain};proto=https"))
    try:
        answer = await backends.client().request(
            x.request.method if method == "ANY" else method,
            _address(integration["IntegrationUri"], x),
            headers=headers,
            content=x.request.body,
        )
    except (httpx.HTTPError, httpx.InvalidURL):
        return message(503, "Service Unavailable")
    # httpx has decoded the body already.
    kept = [
        (name.lower(), value)
        for name, value in answer.headers.multi_items()
        if name.lower() not in NOT_PASSED_ON and name.lower() != "content-encoding"
    ]
    return HttpResponse(answer.status_code, kept, answer.content)


def _address(uri: str, x: Exchange) -> str:
    """The URI with the route's path variables, and the request's query behind it."""
    url = _VARIABLE.sub(lambda name: quote(x.path_parameters.get(name[1], ""), safe="/"), uri)
    if x.request.query:
        url += ("&" if "?" in url else "?") + x.request.query
    return url
