"""Resource policies of an API: checked when set, evaluated when a request comes in (D1)."""

from __future__ import annotations

import fnmatch
import json
from typing import Any

from harness.emulator.errors import NotEmulated
from harness.emulator.services.apigateway.state import Json, bad_request


def parse(policy: str) -> list[Json]:
    """The statements. Raises ValueError for what is no policy."""
    document = json.loads(policy)
    if isinstance(document, str):  # Terraform may hand over the escaped form that AWS answers with
        document = json.loads(document)
    statements = document["Statement"] if isinstance(document, dict) and "Statement" in document else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(item, dict) for item in statements):
        raise ValueError("no statements")
    return statements


def check(policy: str) -> None:
    """Raises BadRequestException for what is no policy, NotEmulated for conditions and principals other than `*`."""
    try:
        statements = parse(policy)
    except ValueError as error:
        raise bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
        ) from error
    for statement in statements:
        for member in ("Condition", "NotAction", "NotResource", "NotPrincipal"):
            if statement.get(member):
                raise NotEmulated("apigateway", f"a resource policy with {member}")
        if statement.get("Principal") not in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
            raise NotEmulated("apigateway", "a resource policy with a Principal other than *")


def decision(statements: list[Json], arn: str) -> str:
    """`Allow`, `Deny` (explicit) or an empty string (nothing allows it) for an unsigned request to `arn`."""
    _, _, path = arn.partition("/")
    found = ""
    for statement in statements:
        if not _any(statement.get("Action"), "execute-api:Invoke"):
            continue
        if not (_any(statement.get("Resource"), arn) or _any(statement.get("Resource"), f"execute-api:/{path}")):
            continue
        if statement.get("Effect") == "Deny":
            return "Deny"
        if statement.get("Effect") == "Allow":
            found = "Allow"
    return found


def _any(patterns: Any, value: str) -> bool:
    for pattern in patterns if isinstance(patterns, list) else [patterns]:
        if fnmatch.fnmatchcase(value, str(pattern).replace("[", "[[]")):
            return True
    return False
