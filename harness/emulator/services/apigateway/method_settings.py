"""A stage's method settings: `/{resource path}/{METHOD}/{setting}`, where the resource path may hold slashes (D8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.emulator.api_gateway.answers import bad_request
from harness.emulator.services.apigateway.patch import boolean, double, integer, text, unescape
from harness.json_object import Json

METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY", "*")

_LEVELS = ("OFF", "ERROR", "INFO")


def _level(value: str) -> str:
    if value not in _LEVELS:
        raise bad_request(f"Invalid logging level: {value}. Must be one of: [OFF, ERROR, INFO]")
    return value


_SETTINGS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "metrics/enabled": ("metricsEnabled", boolean),
    "logging/loglevel": ("loggingLevel", _level),
    "logging/dataTrace": ("dataTraceEnabled", boolean),
    "throttling/burstLimit": ("throttlingBurstLimit", integer),
    "throttling/rateLimit": ("throttlingRateLimit", double),
    "caching/enabled": ("cachingEnabled", boolean),
    "caching/ttlInSeconds": ("cacheTtlInSeconds", integer),
    "caching/dataEncrypted": ("cacheDataEncrypted", boolean),
    "caching/requireAuthorizationForCacheControl": ("requireAuthorizationForCacheControl", boolean),
    "caching/unauthorizedCacheControlHeaderStrategy": ("unauthorizedCacheControlHeaderStrategy", text),
}

DEFAULTS: Json = {
    "metricsEnabled": False,
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}

_PATHS = (
    "[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, "
    "/accessLogSettings/destinationArn, /accessLogSettings/format, "
    "/{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, "
    "/{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit"
    "/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, "
    "/{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, "
    "/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, "
    "/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, "
    "/*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, "
    "/*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, "
    "/*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, "
    "/*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled]"
)


def invalid_path(path: str) -> Exception:
    return bad_request(f"Invalid method setting path: {path}. Must be one of: {_PATHS}")


def _normal(key: str) -> str:
    """One form for `events/orders/POST`, `/events/orders/POST` and `~1events~1orders/POST`."""
    return unescape(key).strip("/")


def patch(settings: dict[str, Json], operation: Json) -> None:
    """Apply one patch operation on a method setting, in place. Raises BadRequestException."""
    op, path, value = operation.get("op"), operation.get("path") or "", operation.get("value") or ""
    parts = path[1:].split("/")
    if op == "remove" and len(parts) >= 2 and parts[-1] in METHODS:
        key = path[1:]
        existing = _find(settings, key)
        if existing is None:
            raise bad_request(f"Cannot remove method setting {key} because there is no method setting for this method ")
        del settings[existing]
        return
    member = _SETTINGS.get("/".join(parts[-2:]))
    if op != "replace" or member is None or len(parts) < 4 or parts[-3] not in METHODS:
        raise invalid_path(path)
    key = "/".join(parts[:-2])
    name, parse = member
    key = _find(settings, key) or key
    if key not in settings:
        settings[key] = dict(settings.get("*/*", DEFAULTS))
    settings[key][name] = parse(value)


def _find(settings: dict[str, Json], key: str) -> str | None:
    wanted = _normal(key)
    return next((existing for existing in settings if _normal(existing) == wanted), None)


def setting_for(settings: dict[str, Json], resource_path: str, http_method: str) -> Json:
    """The settings that hold for a method: its own, else `*/*`, else none."""
    if not settings:
        return {}
    key = _find(settings, f"{resource_path}/{http_method}") or _find(settings, "*/*")
    return settings[key] if key else {}
