"""In whose name an integration calls: the gateway's, a role's, or the caller's own (D3)."""

from __future__ import annotations

from harness.emulator.api_gateway.callers import PRINCIPAL
from harness.emulator.call import Caller
from harness.emulator.services.apigateway.execution.compiled import CompiledIntegration
from harness.emulator.services.apigateway.execution.failure import internal_error
from harness.emulator.services.apigateway.execution.invocation import Invocation


def integration_caller(
    invocation: Invocation, integration: CompiledIntegration, region: str, source_arn: str
) -> Caller:
    """Raises Failure 500 where the caller is to be passed through and nobody signed the request."""
    account = invocation.stage.account
    if not integration.passes_caller:
        role = integration.credentials.render(invocation) or None
        return Caller(account, region).on_behalf(PRINCIPAL, role=role, source_arn=source_arn)
    if invocation.signer is None:
        raise internal_error("the caller's credentials are wanted, and the method does not ask for a signature")
    return Caller(invocation.signer.account, region, invocation.signer.access_key)


def session_token(invocation: Invocation, integration: CompiledIntegration) -> str:
    """The token that goes with a passed on session's access key; empty for none."""
    return (invocation.header("x-amz-security-token") or "") if integration.passes_caller else ""
