"""moto's exceptions as AWS errors, where no moto response class is in between."""

from __future__ import annotations

import logging

from harness.emulator.call import Call
from harness.emulator.errors import AwsError

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
