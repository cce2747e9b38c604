"""Calls of both kinds of API Gateway: what they are about, and which calls the gateway makes by itself.

The action is the HTTP method, the resource the path.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from harness.emulator.call import Call
from harness.emulator.call_members import CallMembers
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.spec.model import load_model

PRINCIPAL = "apigateway.amazonaws.com"
SESSION_NAME = "BackplaneAssumeRoleSession"
NAMESPACE = "AWS/ApiGateway"

_LOGS = ("CreateLogGroup", "CreateLogStream", "PutLogEvents")
_ACCESS_LOG_STREAM = "amazon-apigateway-"
_LABEL = re.compile(r"\{([^}]+?)\+?\}")


def names(asked: CallMembers) -> list[str]:
    """The id of the API."""
    return [value for key in ("restApiId", "ApiId") if isinstance(value := asked.params.get(key), str)]


def is_own_call(call: Call) -> bool:
    """Logs go through the account's CloudWatch role or a resource policy that AWS makes itself, and to a delivery
    stream through a service-linked role."""
    if call.caller.role is not None:
        return False
    if call.service == "logs":
        return call.operation in _LOGS
    name = str(call.params.get("DeliveryStreamName", ""))
    return call.service == "firehose" and call.operation == "PutRecordBatch" and name.startswith(_ACCESS_LOG_STREAM)


def actions(asked: Asked) -> list[RequiredAction]:
    """`apigateway:PATCH` on `arn:aws:apigateway:<region>::/restapis/<id>`."""
    method, path = _method_and_path(asked)
    if path.startswith("/v2/"):
        path = path[3:]
    return [RequiredAction(f"apigateway:{method}", f"arn:aws:apigateway:{asked.call.region}::{path}")]


def _method_and_path(asked: Asked) -> tuple[str, str]:
    request = asked.call.http
    if request is not None:
        return request.method, request.path
    model = load_model(asked.call.service)
    route = model.operations[asked.operation]["http"]
    members = model.shapes[model.input_shape(asked.operation) or ""]["members"] if asked.params else {}
    labels = {
        shape.get("locationName", name): name for name, shape in members.items() if shape.get("location") == "uri"
    }

    def value(label: re.Match[str]) -> str:
        name = str(label[1])
        return quote(str(asked.params.get(labels.get(name, name), "")), safe="")

    return route["method"], _LABEL.sub(value, route["requestUri"].partition("?")[0])
