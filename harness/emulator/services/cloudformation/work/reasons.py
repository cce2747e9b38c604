"""Why a resource failed, in CloudFormation's words."""

from __future__ import annotations

from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.services.cloudformation.resources.resource import ResourceFailed
from harness.emulator.services.cloudformation.resources.shape import PropertyProblem

# Error codes of services say in many ways what a handler says in one.
_NOT_FOUND = ("notfound", "nosuch", "nonexistent", "doesnotexist")
_EXISTS = ("alreadyexists", "conflict", "resourceinuse", "duplicate", "entityalready", "bucketalready")
_DENIED = ("accessdenied", "unauthorized", "notauthorized")
_LIMITS = ("limitexceeded", "toomany")
_THROTTLED = ("throttl",)

# How the text names a service, where it is not its name with a capital.
_NAMES = {
    "apigateway": "ApiGateway",
    "apigatewayv2": "ApiGatewayV2",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDb",
    "iam": "Iam",
    "logs": "CloudWatchLogs",
}


def reason(error: Exception, logical_id: str, request_id: str, service: str) -> str:
    """The status reason of a failed step. `service` is the one that refused, if one did."""
    if isinstance(error, PropertyProblem):
        return f"Properties validation failed for resource {logical_id} with message:\n{error}"
    if isinstance(error, NotEmulated):
        return str(error.message)
    if isinstance(error, AwsError):
        name = _NAMES.get(service, service.capitalize())
        return (
            f'Resource handler returned message: "{error.message or error.code} (Service: {name}, Status Code: '
            f'{error.status}, Request ID: {request_id})" (RequestToken: {request_id}, HandlerErrorCode: '
            f"{handler_code(error)})"
        )
    if isinstance(error, ResourceFailed):
        return str(error)
    return "Internal Failure"


def handler_code(error: AwsError) -> str:
    """The handler error code for a service's error code."""
    code = error.code.lower().replace(".", "")
    for parts, name in (
        (_NOT_FOUND, "NotFound"),
        (_EXISTS, "AlreadyExists"),
        (_DENIED, "AccessDenied"),
        (_LIMITS, "ServiceLimitExceeded"),
        (_THROTTLED, "Throttling"),
    ):
        if any(part in code for part in parts):
            return name
    return "InvalidRequest" if error.status < 500 else "ServiceInternalError"


def is_gone(error: AwsError) -> bool:
    """Whether a refused deletion means that there is nothing to delete."""
    return not isinstance(error, NotEmulated) and handler_code(error) == "NotFound"
