"""Refusals in each service's own shape."""

from __future__ import annotations

from harness.emulator.errors import AwsError, CannotAssume
from harness.emulator.permissions.actions.asked import RequiredAction
from harness.emulator.permissions.evaluation import Decision
from harness.emulator.permissions.principals import Kind, Principal

_REST = frozenset(("lambda", "apigateway", "apigatewayv2", "execute-api"))
_QUERY = frozenset(("iam", "sts", "cloudformation", "cloudwatch"))

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
    if service == "kinesis" and demand.action.startswith("kms:"):
        return AwsError("KMSAccessDeniedException", text)
    if service in _QUERY:
        return AwsError("AccessDenied", text, 403)
    return AwsError("AccessDeniedException", text, 403 if service in _REST else 400)


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
    if service in _QUERY or service == "sns":
        return AwsError("InvalidClientTokenId", _INVALID, 403)
    if service == "sqs":
        headers = {"x-amzn-query-error": "InvalidClientTokenId;Sender"}
        return AwsError("InvalidClientTokenId", _INVALID, 403, headers=headers)
    return AwsError("UnrecognizedClientException", _INVALID, 403 if service in _REST else 400)


def expired(service: str) -> AwsError:
    """The answer to a session that is over."""
    if service == "s3":
        return AwsError("ExpiredToken", "The provided token has expired.", 400)
    if service in _QUERY or service in ("sns", "sqs"):
        return AwsError("ExpiredToken", _EXPIRED, 403)
    return AwsError("ExpiredTokenException", _EXPIRED, 403 if service in _REST else 400)


def unsigned(service: str) -> AwsError:
    """The answer to a request without credentials (S3 has anonymous ones)."""
    if service in _QUERY or service == "sns":
        return AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return AwsError(
        "MissingAuthenticationTokenException", "Missing Authentication Token", 403 if service in _REST else 400
    )


def not_assumed(principal: Principal, role: str, service: str) -> AwsError:
    """The answer to a service whose role does not trust it."""
    text = f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    return CannotAssume("AccessDenied" if service in _QUERY or service == "s3" else "AccessDeniedException", text, 403)


def unassumable(service: str, role: str) -> AwsError:
    """The answer to who gives a service a role that does not trust it."""
    if service == "lambda":
        text = "The role defined for the function cannot be assumed by Lambda."
        return AwsError("InvalidParameterValueException", text, members={"Type": "User"})
    return AwsError(
        "InvalidArgumentException", f"Firehose is unable to assume role {role}. Please check the role provided."
    )
