"""What callers of the admin API send, read from the body; what is wrong with it is a 400 with a sentence."""

from __future__ import annotations

import orjson

from harness.emulator.call import HttpRequest
from harness.emulator.edge.admin_problem import AdminProblem
from harness.json_object import Json

_MAX_SECONDS = 10 * 366 * 86400.0


def body_of(request: HttpRequest, members: set[str]) -> Json:
    """The request's JSON object (no body is an empty one); members nobody knows are refused."""
    try:
        content = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError as error:
        raise AdminProblem(400, f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise AdminProblem(400, "the body must be a JSON object")
    unknown = sorted(set(content) - members)
    if unknown:
        raise AdminProblem(400, f"unknown member {unknown[0]!r}; known: {', '.join(sorted(members))}")
    return content


def seconds_of(content: Json, member: str, default: float | None) -> float:
    value = content.get(member, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AdminProblem(400, f"{member} must be a number of seconds")
    if not 0 <= value <= _MAX_SECONDS:
        raise AdminProblem(400, f"{member} must be from 0 to {_MAX_SECONDS:.0f}")
    return float(value)
