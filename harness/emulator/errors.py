"""Errors as AWS clients see them."""

from __future__ import annotations

from harness.json_object import Json


class AwsError(Exception):
    """An error answer of an AWS operation.

    `code` is the wire code (`ResourceNotFoundException`), `message` the wire text, `status` the HTTP status.
    `members` are further members of the error shape (`Type`, `Reason`, …), `headers` further response headers.
    """

    def __init__(
        self,
        code: str,
        message: str | None,
        status: int = 400,
        *,
        members: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}
        self.headers = headers or {}


class CannotAssume(AwsError):
    """The role of a call between services can't be assumed: it does not exist, or does not trust the service."""


class NotEmulated(AwsError):
    """A member, value or operation that AWS has and this emulator does not: refused by name (law 1)."""

    def __init__(self, service: str, what: str) -> None:
        super().__init__(
            "NotEmulated",
            f"{service}: {what} is not emulated. See /_harness/coverage for what is.",
            501,
        )


def validation_error(problems: list[str]) -> AwsError:
    """AWS's standard text for shape violations; `problems` are `Value '…' at '…' failed to satisfy …` texts."""
    count = len(problems)
    noun = "error" if count == 1 else "errors"
    return AwsError("ValidationException", f"{count} validation {noun} detected: " + "; ".join(problems))


def constraint(value: object, path: str, text: str) -> str:
    """One problem of `validation_error`: `Value '0' at 'limit' failed to satisfy constraint: <text>`.

    A `None` value leaves the value out, as AWS does where it does not echo (missing members, enums of structures).
    """
    shown = "" if value is None else f" '{value}'"
    return f"Value{shown} at '{path}' failed to satisfy constraint: {text}"
