"""moto's exceptions as AWS errors."""

from __future__ import annotations

import logging
import os
import traceback

import orjson

from harness.emulator.call import Call, HttpRequest, HttpResponse
from harness.emulator.errors import AwsError
from harness.emulator.spec.awsjson import JsonCodec
from harness.emulator.spec.model import load_model
from harness.emulator.spec.query import QueryCodec
from harness.emulator.upstream import s3_wire

log = logging.getLogger(__name__)

_NOT_ALLOWED = ("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
_S3_SHAPELESS = {
    403: ("AccessDenied", "Access Denied", 403),
    412: ("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412),
}
"""S3's errors for what moto answers with a status alone."""
_STATUS = {"NoSuchBucket": 404, "NoSuchKey": 404}


def as_aws_error(error: Exception, call: Call) -> AwsError:
    """The AWS error for what moto raised; InternalFailure (500, with a log line) for what is no AWS error."""
    from moto.core.exceptions import ServiceException, _RESTError

    if isinstance(error, ServiceException):
        return AwsError(error.code, error.message, _STATUS.get(error.code, 400))
    if isinstance(error, _RESTError):
        return AwsError(error.error_type, str(error.message), error.code)
    log.error("moto failed at %s %s: %r%s", call.service, call.operation, error, _place(error))
    text = f"{call.service} {call.operation} failed in moto: {type(error).__name__}: {error}"
    return AwsError("InternalFailure", text, 500)


def _place(error: Exception) -> str:
    """Where it was raised: ` (responses.py:123 in describe)`. A whole stack would bury the log of a test run."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    return f" ({os.path.basename(last.filename)}:{last.lineno} in {last.name})"


def refuse_shapeless(response: HttpResponse, call: Call, request: HttpRequest) -> None:
    """Raises the AwsError in place of a failure without AWS's shape: a web server's page, or nothing at all."""
    if response.status < 400 or request.method == "HEAD":
        return
    if response.body[:1] == b"{" and not request.header("x-amz-target") and call.service != "s3":
        raise _of_json(response)
    if response.body.lstrip()[:14].lower() not in (b"", b"<!doctype html"):
        return
    if call.service == "s3":
        if s3_wire.carries_xml(request):
            raise s3_wire.malformed_xml()
        raise AwsError(*_S3_SHAPELESS.get(response.status, _NOT_ALLOWED))
    raise AwsError("UnknownOperationException", f"No operation for {request.method} {request.path}", 404)


def _of_json(response: HttpResponse) -> AwsError:
    """What moto said in JSON to a caller that speaks Query: its paginator knows no other way."""
    said = orjson.loads(response.body)
    return AwsError(str(said.get("__type") or "InternalFailure"), str(said.get("message") or ""), response.status)


def blame_request(error: Exception, call: Call, request: HttpRequest) -> AwsError:
    """The AWS error for a request at which moto broke: moto reads requests without checking them first.

    What the service's model or S3's XML rules object to is the client's fault; the rest is moto's.
    """
    found = _s3_fault(error, request) if call.service == "s3" else _input_fault(call, request)
    if found is not None:
        log.warning("%s %s: moto failed at a bad request: %r", call.service, call.operation, error)
    return found or as_aws_error(error, call)


def _s3_fault(error: Exception, request: HttpRequest) -> AwsError | None:
    if s3_wire.carries_xml(request):
        return s3_wire.malformed_xml()
    if isinstance(error, ValueError) and request.query and request.method in ("GET", "HEAD"):
        return AwsError("InvalidArgument", f"A query parameter has no valid value: {error}")
    return None


def _input_fault(call: Call, request: HttpRequest) -> AwsError | None:
    model = load_model(call.service)
    if call.operation not in model.operations:
        return None
    try:
        if request.header("x-amz-target"):
            JsonCodec(model, "json").decode(call.operation, request.body)
        else:
            QueryCodec(model).decode(call.operation, request)
    except AwsError as fault:
        return fault
    return None
