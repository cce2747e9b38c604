"""moto's exceptions as AWS errors."""

from __future__ import annotations

import logging

from harness.emulator.call import Call, HttpRequest
from harness.emulator.errors import AwsError
from harness.emulator.spec.awsjson import JsonCodec
from harness.emulator.spec.model import load_model
from harness.emulator.upstream import s3_wire

log = logging.getLogger(__name__)

_STATUS = {"NoSuchBucket": 404, "NoSuchKey": 404}


def as_aws_error(error: Exception, call: Call) -> AwsError:
    """The AWS error for what moto raised; InternalFailure (500, with a log line) for what is no AWS error."""
    from moto.core.exceptions import ServiceException, _RESTError

    if isinstance(error, ServiceException):
        return AwsError(error.code, error.message, _STATUS.get(error.code, 400))
    if isinstance(error, _RESTError):
        return AwsError(error.error_type, str(error.message), error.code)
    log.error("moto failed at %s %s", call.service, call.operation, exc_info=error)
    text = f"{call.service} {call.operation} failed in moto: {type(error).__name__}: {error}"
    return AwsError("InternalFailure", text, 500)


def blame_request(error: Exception, call: Call, request: HttpRequest) -> AwsError:
    """The AWS error for a request at which moto broke: moto reads requests without checking them first.

    What the service's model or S3's XML rules object to is the client's fault; the rest is moto's.
    """
    found = _s3_fault(error, request) if call.service == "s3" else _json_fault(call, request)
    if found is not None:
        log.warning("%s %s: moto failed at a bad request: %r", call.service, call.operation, error)
    return found or as_aws_error(error, call)


def _s3_fault(error: Exception, request: HttpRequest) -> AwsError | None:
    if s3_wire.carries_xml(request):
        return s3_wire.malformed_xml()
    if isinstance(error, ValueError) and request.query and request.method in ("GET", "HEAD"):
        return AwsError("InvalidArgument", f"A query parameter has no valid value: {error}")
    return None


def _json_fault(call: Call, request: HttpRequest) -> AwsError | None:
    if not request.header("x-amz-target"):
        return None
    model = load_model(call.service)
    if call.operation not in model.operations:
        return AwsError("UnknownOperationException", None)
    try:
        JsonCodec(model, "json").decode(call.operation, request.body)
    except AwsError as fault:
        return fault
    return None
