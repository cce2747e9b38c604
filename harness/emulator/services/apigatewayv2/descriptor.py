"""What the rest of the emulator must know of API Gateway's HTTP APIs."""

from __future__ import annotations

import re

from harness.emulator import api_gateway_calls
from harness.emulator.service_descriptor import ServiceDescriptor

DESCRIPTOR = ServiceDescriptor(
    name="apigatewayv2",
    protocol="rest",
    signing=("apigateway",),
    paths=re.compile(r"/v2/(apis|tags|domainnames|vpclinks)\b"),
    path_prefix="/v2/",
    provider="ApiGatewayV2",
    rank=3,
    is_here_by_default=True,
    names=api_gateway_calls.names,
    actions=api_gateway_calls.actions,
    principal=api_gateway_calls.PRINCIPAL,
    session_name=api_gateway_calls.SESSION_NAME,
    passes_roles=frozenset(("CreateIntegration", "UpdateIntegration")),
    is_own_call=api_gateway_calls.is_own_call,
    answers_api_requests=True,
    namespace=api_gateway_calls.NAMESPACE,
)
