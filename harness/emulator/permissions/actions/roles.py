"""iam:PassRole: who hands a role to a service must be allowed to (A20)."""

from __future__ import annotations

from typing import Any

from harness.emulator.permissions.actions.asked import Asked, RequiredAction

_PASSED: dict[tuple[str, str], str] = {
    ("apigateway", "PutIntegration"): "apigateway.amazonaws.com",
    ("apigateway", "UpdateAccount"): "apigateway.amazonaws.com",
    ("apigatewayv2", "CreateIntegration"): "apigateway.amazonaws.com",
    ("apigatewayv2", "UpdateIntegration"): "apigateway.amazonaws.com",
    ("cloudformation", "CreateStack"): "cloudformation.amazonaws.com",
    ("cloudformation", "CreateChangeSet"): "cloudformation.amazonaws.com",
    ("cloudformation", "UpdateStack"): "cloudformation.amazonaws.com",
    ("events", "PutTargets"): "events.amazonaws.com",
    ("firehose", "CreateDeliveryStream"): "firehose.amazonaws.com",
    ("firehose", "UpdateDestination"): "firehose.amazonaws.com",
    ("lambda", "CreateFunction"): "lambda.amazonaws.com",
    ("lambda", "UpdateFunctionConfiguration"): "lambda.amazonaws.com",
    ("logs", "PutSubscriptionFilter"): "logs.amazonaws.com",
}
"""Call → the service that the roles in it are for."""

_MEMBERS = frozenset(("credentials", "credentialsarn", "role", "rolearn", "value"))


def passed_roles(asked: Asked) -> list[RequiredAction]:
    """One demand for each role in the call's members."""
    service = _PASSED.get((asked.call.service, asked.operation))
    if service is None:
        return []
    return [
        RequiredAction("iam:PassRole", arn, {"iam:PassedToService": service}) for arn in sorted(_roles(asked.params))
    ]


def _roles(value: Any, member: str = "") -> set[str]:
    if isinstance(value, dict):
        if "ParameterName" in value:  # a processor's
            return _roles(value.get("ParameterValue"), str(value["ParameterName"]))
        return {arn for name, item in value.items() for arn in _roles(item, str(name))}
    if isinstance(value, list):
        return {arn for item in value for arn in _roles(item, member)}
    is_role = isinstance(value, str) and member.lower() in _MEMBERS and ":iam::" in value and ":role/" in value
    return {value} if is_role else set()
