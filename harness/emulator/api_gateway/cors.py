"""CORS of HTTP APIs and function URLs: AWS answers preflights and overrules the backend's CORS headers (D9, C12)."""

from __future__ import annotations

from harness.emulator.call import HttpRequest, HttpResponse
from harness.json_object import Json

Headers = list[tuple[str, str]]


def preflight(cors: Json | None, request: HttpRequest, status: int = 204) -> HttpResponse | None:
    """The answer to a preflight request; None when this is none, or there is no CORS configuration."""
    if not cors or request.method != "OPTIONS" or not request.header("access-control-request-method"):
        return None
    headers = _origin(cors, request)
    if headers:
        if cors.get("AllowMethods"):
            headers.append(("access-control-allow-methods", ",".join(cors["AllowMethods"])))
        if cors.get("AllowHeaders"):
            headers.append(("access-control-allow-headers", ",".join(cors["AllowHeaders"])))
        if cors.get("MaxAge"):
            headers.append(("access-control-max-age", str(cors["MaxAge"])))
    return HttpResponse(status, headers)


def apply(cors: Json | None, request: HttpRequest, response: HttpResponse) -> None:
    """Replace the backend's CORS headers by the configuration's, where there is one."""
    if not cors:
        return
    response.headers = [h for h in response.headers if not h[0].lower().startswith("access-control-")]
    headers = _origin(cors, request)
    if headers and cors.get("ExposeHeaders"):
        headers.append(("access-control-expose-headers", ",".join(cors["ExposeHeaders"])))
    response.headers += headers


def _origin(cors: Json, request: HttpRequest) -> Headers:
    """The headers for a matching origin; none for another one."""
    origin = request.header("origin")
    allowed = cors.get("AllowOrigins", [])
    if not origin or not any(_matches(pattern, origin) for pattern in allowed):
        return []
    headers = [("access-control-allow-origin", "*" if "*" in allowed else origin)]
    if cors.get("AllowCredentials"):
        headers.append(("access-control-allow-credentials", "true"))
    if "*" not in allowed:
        headers.append(("vary", "origin"))
    return headers


def _matches(pattern: str, origin: str) -> bool:
    if pattern in ("*", origin):
        return True
    # `https://*` and `http://*` allow every origin of that scheme.
    return pattern in ("https://*", "http://*") and origin.startswith(pattern[:-1])
