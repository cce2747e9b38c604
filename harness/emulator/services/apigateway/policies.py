"""Resource policies of an API: checked when set, held against requests by `api_gateway/callers` (D1)."""

from __future__ import annotations

import json
from typing import Any

from harness.emulator.api_gateway.answers import bad_request
from harness.emulator.errors import AwsError
from harness.json_object import Json

_SHORT = "execute-api:/"


def check(policy: str) -> None:
    """Raises BadRequestException for what is no policy, or one with a statement that speaks of nobody."""
    from harness.emulator.permissions.document import statements  # loaded for APIs with policies only

    invalid = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
    try:
        if any(statement.principals is None for statement in statements(policy)):
            raise bad_request(invalid)
    except AwsError as error:
        raise bad_request(invalid) from error


def with_whole_arns(policy: str, arn: str) -> str:
    """The policy with `execute-api:/…` written out: `arn` is that of the API, `arn:aws:execute-api:…:<api>`."""
    document: Any = json.loads(policy)
    if isinstance(document, str):  # Terraform may hand over the escaped form that AWS answers with
        document = json.loads(document)
    found = document["Statement"]
    whole = [_whole(item, arn) for item in (found if isinstance(found, list) else [found])]
    return json.dumps({**document, "Statement": whole})


def _whole(statement: Json, arn: str) -> Json:
    changed = dict(statement)
    for member in ("Resource", "NotResource"):
        if member in statement:
            given = statement[member] if isinstance(statement[member], list) else [statement[member]]
            changed[member] = [f"{arn}/{item[len(_SHORT) :]}" if item.startswith(_SHORT) else item for item in given]
    return changed
