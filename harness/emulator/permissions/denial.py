"""Refusals in each service's own shape."""

from __future__ import annotations

from harness.emulator.errors import AwsError, CannotAssume
from harness.emulator.permissions.actions.asked import RequiredAction
from harness.emulator.permissions.evaluation import Decision
from harness.emulator.permissions.principals import Kind, Principal
from harness.emulator.service_registry import descriptor_of, protocol_of

_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"


def denied(service: str, principal: Principal, demand: RequiredAction, decision: Decision) -> AwsError:
    """The answer to a call that is not allowed. `service` is the one that was called."""
    if service == "s3":
        return AwsError("AccessDenied", _s3_text(principal, demand, decision), 403)
    if service == "sns":
        spoken = demand.action.replace("sns:", "SNS:")
        return AwsError("AuthorizationError", _text(principal, demand, decision, spoken), 403)
    if service == "sqs":
        text = _text(principal, demand, decision, demand.action.lower())
        headers = {"x-amzn-query-error": "AccessDenied;Sender"}
        return AwsError("AccessDeniedException", text, 403, headers=headers)
    text = _text(principal, demand, decision)
    key_denied = descriptor_of(service).key_denied
    if key_denied and demand.action.startswith("kms:"):
        return AwsError(key_denied, text)
    if _is_query(service):
        return AwsError("AccessDenied", text, 403)
    return AwsError("AccessDeniedException", text, _status(service))


def _is_query(service: str) -> bool:
    return protocol_of(service) == "query"


def _status(service: str) -> int:
    """Of a refusal: AWS JSON has 400 for everything that a caller does wrong."""
    return 403 if service == "execute-api" or protocol_of(service) == "rest" else 400


def _text(principal: Principal, demand: RequiredAction, decision: Decision, spoken: str = "") -> str:
    """`spoken` is how the service writes the action."""
    spoken = spoken or demand.action
    text = f"User: {principal.arn} is not authorized to perform: {spoken} on resource: {demand.resource}"
    # STS does not tell why a role can't be assumed.
    return text if demand.action == "sts:AssumeRole" else f"{text} {decision.reason.replace(demand.action, spoken)}"


def _s3_text(principal: Principal, demand: RequiredAction, decision: Decision) -> str:
    """S3 quotes the resource, and tells nothing to strangers."""
    if principal.kind in (Kind.ANONYMOUS, Kind.SERVICE):
        return "Access Denied"
    return (
        f"User: {principal.arn} is not authorized to perform: {demand.action} on resource: "
        f'"{demand.resource}" {decision.reason}'
    )


def unknown_key(service: str) -> AwsError:
    """The answer to an access key that nobody made, or that is inactive."""
    if service == "s3":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError("InvalidAccessKeyId", text, 403)
    if _is_query(service):
        return AwsError("InvalidClientTokenId", _INVALID, 403)
    if service == "sqs":
        headers = {"x-amzn-query-error": "InvalidClientTokenId;Sender"}
        return AwsError("InvalidClientTokenId", _INVALID, 403, headers=headers)
    return AwsError("UnrecognizedClientException", _INVALID, _status(service))


def expired(service: str) -> AwsError:
    """The answer to a session that is over."""
    if service == "s3":
        return AwsError("ExpiredToken", "The provided token has expired.", 400)
    if _is_query(service) or service == "sqs":
        return AwsError("ExpiredToken", _EXPIRED, 403)
    return AwsError("ExpiredTokenException", _EXPIRED, _status(service))


def unsigned(service: str) -> AwsError:
    """The answer to a request without credentials (S3 has anonymous ones)."""
    if _is_query(service):
        return AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", _status(service))


def not_assumed(principal: Principal, role: str, service: str) -> AwsError:
    """The answer to a service whose role does not trust it."""
    text = f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    is_short = service == "s3" or (_is_query(service) and service != "sns")
    return CannotAssume("AccessDenied" if is_short else "AccessDeniedException", text, 403)
