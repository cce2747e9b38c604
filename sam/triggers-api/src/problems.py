"""What a caller is told when a request fails."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse

from src.logs import request_id


class ApiProblem(Exception):
    """A request that ends with an error status. `details` name fields, never their values."""

    def __init__(self, status: int, code: str, message: str, details: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def response(self) -> JSONResponse:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details is not None:
            error["details"] = self.details
        return JSONResponse({"error": error, "request_id": request_id.get()}, self.status)


def unauthorized(message: str) -> ApiProblem:
    return ApiProblem(401, "unauthorized", message)


def invalid_request(errors: list[Any]) -> ApiProblem:
    """From pydantic's errors. Their `input` is left out: a payload may hold what must not be repeated."""
    details = [{"field": ".".join(str(part) for part in each["loc"]), "message": each["msg"]} for each in errors]
    return ApiProblem(400, "invalid_request", "The request is not valid", details)


def not_found(event_id: str) -> ApiProblem:
    return ApiProblem(404, "not_found", f"There is no event {event_id}")


def already_acknowledged(event_id: str) -> ApiProblem:
    return ApiProblem(409, "conflict", f"The event {event_id} is acknowledged already")


def unavailable() -> ApiProblem:
    return ApiProblem(503, "service_unavailable", "The service is not available at the moment")


def internal_error() -> ApiProblem:
    return ApiProblem(500, "internal_error", "The request could not be handled")
