"""Errors that a gateway response answers (D1)."""

from __future__ import annotations

from typing import NamedTuple


class ResponseType(NamedTuple):
    """A gateway response type: default status, `x-amzn-ErrorType`, and the default body.

    `spaced`: AWS writes this one's body with a blank after the colon. `key`: the member's name in the body.
    """

    status: int
    error_type: str
    message: str | None
    spaced: bool = False
    key: str = "message"


RESPONSE_TYPES: dict[str, ResponseType] = {
    "ACCESS_DENIED": ResponseType(
        403, "AccessDeniedException", "User is not authorized to access this resource", key="Message"
    ),
    "API_CONFIGURATION_ERROR": ResponseType(500, "InternalServerErrorException", "Internal server error", True),
    "AUTHORIZER_CONFIGURATION_ERROR": ResponseType(500, "AuthorizerConfigurationException", None),
    "AUTHORIZER_FAILURE": ResponseType(500, "AuthorizerFailureException", None),
    "BAD_REQUEST_BODY": ResponseType(400, "BadRequestException", "Invalid request body", True),
    "BAD_REQUEST_PARAMETERS": ResponseType(400, "BadRequestException", "Missing required request parameters", True),
    "EXPIRED_TOKEN": ResponseType(
        403, "ExpiredTokenException", "The security token included in the request is expired"
    ),
    "INTEGRATION_FAILURE": ResponseType(504, "InternalServerErrorException", "Internal server error", True),
    "INTEGRATION_TIMEOUT": ResponseType(504, "InternalServerErrorException", "Endpoint request timed out", True),
    "INVALID_API_KEY": ResponseType(403, "ForbiddenException", "Forbidden"),
    "INVALID_SIGNATURE": ResponseType(403, "InvalidSignatureException", None),
    "MISSING_AUTHENTICATION_TOKEN": ResponseType(
        403, "MissingAuthenticationTokenException", "Missing Authentication Token"
    ),
    "QUOTA_EXCEEDED": ResponseType(429, "LimitExceededException", "Limit Exceeded"),
    "REQUEST_TOO_LARGE": ResponseType(413, "RequestTooLargeException", "Request Entity Too Large"),
    "RESOURCE_NOT_FOUND": ResponseType(404, "ResourceNotFoundException", "Not Found"),
    "THROTTLED": ResponseType(429, "TooManyRequestsException", "Too Many Requests"),
    "UNAUTHORIZED": ResponseType(401, "UnauthorizedException", "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": ResponseType(415, "BadRequestException", "Unsupported Media Type", True),
    "WAF_FILTERED": ResponseType(403, "WafFilteredException", "Forbidden"),
}

DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'


class Failure(Exception):
    """The request ends in the gateway response `kind`.

    `message` replaces the type's text, `status` its default status, `detail` is `$context.error.validationErrorString`.
    `cause` is for the logs: what exactly went wrong.
    """

    def __init__(
        self,
        kind: str,
        message: str | None = None,
        *,
        status: int | None = None,
        detail: str = "",
        cause: str = "",
    ) -> None:
        super().__init__(cause or message or kind)
        self.kind = kind
        self.type = RESPONSE_TYPES[kind]
        self.message = self.type.message if message is None else message
        self.status = status
        self.detail = detail
        self.cause = cause


def internal_error(cause: str) -> Failure:
    """500 `{"message": "Internal server error"}`; `cause` goes to the logs."""
    return Failure("API_CONFIGURATION_ERROR", cause=cause)
