"""The answer to a request that failed in the gateway (D1). No Velocity here, only simple substitution."""

from __future__ import annotations

import json

from harness.emulator.call import HttpResponse
from harness.emulator.services.apigateway.execution.failure import DEFAULT_TEMPLATE, Failure
from harness.emulator.services.apigateway.execution.invocation import Invocation
from harness.emulator.services.apigateway.execution.mapping import source
from harness.emulator.services.apigateway.execution.substitution import Substitution
from harness.json_object import Json


def effective(gateway_responses: dict[str, Json], kind: str, status: int) -> Json:
    """What is set for a response type: its own setting, else DEFAULT_4XX or DEFAULT_5XX, else nothing."""
    fallback = "DEFAULT_4XX" if status < 500 else "DEFAULT_5XX"
    return gateway_responses.get(kind) or gateway_responses.get(fallback) or {}


def render(invocation: Invocation, failure: Failure) -> HttpResponse:
    """The HTTP answer for `failure`, customised as the API says."""
    invocation.error = failure
    status = failure.status or failure.type.status
    setting = effective(invocation.stage.api.gateway_responses, failure.kind, status)
    if setting.get("statusCode"):
        status = int(setting["statusCode"])
    content_type, template = _template(invocation, setting.get("responseTemplates") or {})
    if template is None or template == DEFAULT_TEMPLATE:
        body = _default_body(failure)
    else:
        body = Substitution(template).render(invocation)
    headers = [("Content-Type", content_type), ("x-amzn-ErrorType", failure.type.error_type)]
    for target, expression in (setting.get("responseParameters") or {}).items():
        name = target.removeprefix("gatewayresponse.header.")
        for value in source(expression)(invocation, None):
            headers = [header for header in headers if header[0].lower() != name.lower()]
            headers.append((name, value))
    return HttpResponse(status, headers, body.encode())


def _template(invocation: Invocation, templates: dict[str, str]) -> tuple[str, str | None]:
    accept = (invocation.header("accept") or "").partition(";")[0].strip()
    for content_type in (accept, "application/json", *templates):
        if content_type in templates:
            return content_type, templates[content_type]
    return "application/json", None


def _default_body(failure: Failure) -> str:
    text = "null" if failure.message is None else json.dumps(failure.message, ensure_ascii=False)
    return f'{{"{failure.type.key}":{" " if failure.type.spaced else ""}{text}}}'
