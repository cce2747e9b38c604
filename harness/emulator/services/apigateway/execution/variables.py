"""`$context`: every variable computed when it is asked for (D4, D8)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from harness.emulator.services.apigateway.execution.invocation import Invocation
from harness.emulator.services.apigateway.vtl import MISSING, VtlError, VtlObject, to_text
from harness.emulator.services.apigateway.vtl.methods import MAP
from harness.emulator.services.apigateway.vtl.values import Paid
from harness.json_object import Json

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clf_time(now: float) -> str:
    """`09/Apr/2015:12:34:56 +0000`."""
    t = time.gmtime(now)
    return f"{t.tm_mday:02d}/{_MONTHS[t.tm_mon - 1]}/{t.tm_year}:{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} +0000"


def identity(invocation: Invocation) -> Json:
    """`$context.identity`; absent members are None, as in a Lambda event (D5)."""
    members: Json = {
        "cognitoIdentityPoolId": None,
        "accountId": None,
        "cognitoIdentityId": None,
        "caller": None,
        "sourceIp": invocation.source_ip,
        "principalOrgId": None,
        "accessKey": None,
        "cognitoAuthenticationType": None,
        "cognitoAuthenticationProvider": None,
        "userArn": None,
        "userAgent": invocation.user_agent,
        "user": None,
    }
    if (signer := invocation.signer) is not None:
        members |= {"accountId": signer.account, "accessKey": signer.access_key, "userArn": signer.arn}
        members |= {"caller": signer.user_id, "user": signer.user_id}
    if invocation.api_key is not None:
        members["apiKey"] = invocation.api_key["value"]
        members["apiKeyId"] = invocation.api_key["id"]
    return members


def _error(invocation: Invocation) -> Json:
    failure = invocation.error
    if failure is None:
        return {}
    return {
        "message": failure.message,
        "messageString": "null" if failure.message is None else json.dumps(failure.message, ensure_ascii=False),
        "responseType": failure.kind,
        "validationErrorString": failure.detail,
    }


def _request_override(invocation: Invocation) -> Json:
    if invocation.request_overrides is None:
        invocation.request_overrides = {"header": {}, "path": {}, "querystring": {}}
    return invocation.request_overrides


def _response_override(invocation: Invocation) -> Json:
    if invocation.response_overrides is None:
        invocation.response_overrides = {"header": {}}
    return invocation.response_overrides


def _integration(invocation: Invocation) -> Json:
    return {
        "error": invocation.integration_error,
        "integrationStatus": invocation.integration_status,
        "latency": invocation.integration_latency,
        "requestId": None,
        "status": invocation.integration_status,
    }


_GETTERS: dict[str, Callable[[Invocation], Any]] = {
    "accountId": lambda i: i.stage.account,
    "apiId": lambda i: i.stage.api_id,
    "authorizer": lambda i: i.authorizer,
    "awsEndpointRequestId": lambda i: i.request_id,
    "deploymentId": lambda i: i.stage.deployment_id,
    "domainName": lambda i: i.stage.domain_name,
    "domainPrefix": lambda i: i.stage.api_id,
    "error": _error,
    "extendedRequestId": lambda i: i.extended_request_id,
    "httpMethod": lambda i: i.request.method,
    "identity": identity,
    "isCanaryRequest": lambda i: None,
    "path": lambda i: i.full_path,
    "protocol": lambda i: "HTTP/1.1",
    "requestId": lambda i: i.request_id,
    "requestOverride": _request_override,
    "responseOverride": _response_override,
    "requestTime": lambda i: clf_time(i.now),
    "requestTimeEpoch": lambda i: int(i.now * 1000),
    "resourceId": lambda i: i.method.resource_id if i.method else None,
    "resourcePath": lambda i: i.method.resource_path if i.method else None,
    "stage": lambda i: i.stage.name,
    "wafResponseCode": lambda i: None,
    "webaclArn": lambda i: None,
    "xrayTraceId": lambda i: None,
    # For access logs:
    "status": lambda i: i.status,
    "responseLength": lambda i: i.response_length,
    "responseLatency": lambda i: int((time.perf_counter() - i.started) * 1000),
    "integration": _integration,
    "integrationErrorMessage": lambda i: i.integration_error,
    "integrationLatency": lambda i: i.integration_latency,
    "integrationStatus": lambda i: i.integration_status,
}


def lookup(invocation: Invocation, name: str) -> Any:
    """The variable by its dotted name behind `$context.`; None if it has no value. The name must be known."""
    first, _, rest = name.partition(".")
    value = _GETTERS[first](invocation)
    while rest:
        first, _, rest = rest.partition(".")
        value = value.get(first) if isinstance(value, Mapping) else None
    return value


_MAPS = frozenset({"authorizer", "error", "identity", "integration", "requestOverride", "responseOverride"})


def is_known(name: str) -> bool:
    """Whether API Gateway has a variable of this dotted name."""
    first, _, rest = name.partition(".")
    return first in _GETTERS and (not rest or first in _MAPS)


def text(value: Any) -> str:
    """A variable as simple substitution prints it; empty if it has no value."""
    return "" if value is None else to_text(value)


class ContextVariables(VtlObject):
    """`$context` in a template. What has no value prints nothing; a name that AWS does not have is refused."""

    name = "context"
    __slots__ = ("invocation",)

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation

    def vtl_get(self, name: str) -> Any:
        getter = _GETTERS.get(name)
        if getter is None:
            raise VtlError(f"$context.{name} is not emulated")
        value = getter(self.invocation)
        return MISSING if value is None else value

    def vtl_set(self, name: str, value: Any) -> None:
        raise VtlError(f"$context.{name} cannot be assigned")


class StageVariables(VtlObject):
    """`$stageVariables` in a template: a map that cannot be changed."""

    name = "stageVariables"
    __slots__ = ("variables",)

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables

    def vtl_get(self, name: str) -> Any:
        return self.variables.get(name, MISSING)

    def __str__(self) -> str:
        return to_text(self.variables)


def _map_method(name: str) -> Callable[..., Any]:
    method = MAP[name]
    assert not isinstance(method, Paid)
    return lambda self, *arguments: method(self.variables, *arguments)


StageVariables.methods = {
    name: _map_method(name)
    for name in ("get", "containsKey", "keySet", "entrySet", "values", "size", "isEmpty", "toString")
}
