"""The policies that Lambda authorizers answer with: whether they let a request pass (D7, D9).

Both kinds of API Gateway take them. They are not stored anywhere, and have neither principals nor variables.
"""

from __future__ import annotations

import fnmatch
from typing import Any

_ACTION = "execute-api:invoke"


class InvalidPolicy(Exception):
    """The authorizer's answer holds no policy, or one with what is not emulated."""


def decision(policy: Any, arn: str) -> str:
    """`Allow`, `Deny` (explicit) or an empty string (nothing allows it) for a request to the method `arn`.

    Raises InvalidPolicy.
    """
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        raise InvalidPolicy("the policy has no statements")
    found = ""
    for statement in statements:
        if not isinstance(statement, dict):
            continue
        if not (_any(statement.get("Action"), _ACTION, lower=True) and _any(statement.get("Resource"), arn)):
            continue
        if statement.get("Condition"):
            raise InvalidPolicy("policy conditions are not emulated")
        if statement.get("Effect") == "Deny":
            return "Deny"
        if statement.get("Effect") == "Allow":
            found = "Allow"
    return found


def _any(patterns: Any, value: str, *, lower: bool = False) -> bool:
    """Whether an IAM pattern (`*`, `?`) or one of a list of them matches."""
    for pattern in patterns if isinstance(patterns, list) else [patterns]:
        text = str(pattern).lower() if lower else str(pattern)
        if fnmatch.fnmatchcase(value, text.replace("[", "[[]")):
            return True
    return False
