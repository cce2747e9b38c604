"""What the tests of faults share: adding rules, reading counters, error codes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Aws


def declare(aws: Aws, fault: str, match: Any = None, when: Any = None, **arguments: Any) -> str:
    """Add one rule; returns its id."""
    rule: dict[str, Any] = {"fault": fault, "match": match or {}, "when": when or {}, "with": arguments}
    (added,) = aws.admin("POST", "faults", rule)["faults"]
    return str(added["id"])


def counted(aws: Aws, rule_id: str = "fault-1") -> tuple[int, int]:
    """(matched, fired) of a rule."""
    rule = aws.admin("GET", f"faults/{rule_id}")
    return rule["matched"], rule["fired"]


def error_of(call: Any, **arguments: Any) -> tuple[str, int]:
    """Code and HTTP status of the error that a call ends with."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
