"""From the backend's answer to the method response, for integrations that are not proxies (D3)."""

from __future__ import annotations

import base64
import binascii

from harness.emulator.call import HttpResponse
from harness.emulator.services.apigateway.execution.compiled import CompiledIntegration, CompiledResponse
from harness.emulator.services.apigateway.execution.failure import internal_error
from harness.emulator.services.apigateway.execution.invocation import Invocation
from harness.emulator.services.apigateway.execution.mapping import Backend
from harness.emulator.services.apigateway.execution.template_objects import Output
from harness.emulator.services.apigateway.vtl import to_text

_REMAPPED = frozenset(
    (
        "authorization",
        "connection",
        "content-length",
        "content-md5",
        "date",
        "expect",
        "host",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "trailer",
        "upgrade",
        "user-agent",
        "www-authenticate",
    )
)


def remapped(name: str) -> str:
    """The name under which a mapped response header comes out."""
    return f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name


def build(
    invocation: Invocation, integration: CompiledIntegration, backend: Backend, selector: str | None
) -> HttpResponse:
    """Select the integration response, map headers and body, apply `$context.responseOverride`.

    Raises Failure 500 when no integration response fits.
    """
    chosen = integration.select(selector)
    headers = chosen.mapping.apply(invocation, backend)
    template = chosen.template(invocation.header("accept"))
    body = _converted(invocation, chosen, backend)
    content_type = "application/json"
    if template is not None:
        body = template.render(invocation, Output(invocation, body))
        content_type = template.content_type
    status = chosen.status
    overrides = invocation.response_overrides
    if overrides is not None:
        if "status" in overrides:
            status = _status(overrides["status"])
        for name, value in overrides["header"].items():
            headers = [header for header in headers if header[0].lower() != name.lower()]
            headers += [(name, to_text(item)) for item in (value if isinstance(value, list) else [value])]
    headers = [(remapped(name), value) for name, value in headers]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.insert(0, ("Content-Type", content_type))
    return HttpResponse(status, headers, body)


def _status(value: object) -> int:
    try:
        return int(to_text(value))
    except ValueError as error:
        raise internal_error(f"$context.responseOverride.status is {to_text(value)!r}") from error


def _converted(invocation: Invocation, chosen: CompiledResponse, backend: Backend) -> bytes:
    if chosen.content_handling is None:
        return backend.body
    content_type = backend.headers.get("content-type", [""])[-1]
    if chosen.content_handling == "CONVERT_TO_TEXT":
        return base64.b64encode(backend.body) if invocation.stage.api.is_binary(content_type) else backend.body
    return from_base64(backend.body, "the integration's answer")


def from_base64(body: bytes, what: str) -> bytes:
    """CONVERT_TO_BINARY. Raises Failure 500 if the text is no base64."""
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise internal_error(f"{what} is no base64: {error}") from error
