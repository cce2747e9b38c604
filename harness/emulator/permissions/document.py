"""Policy documents, read once per text: statements with their elements in one form (lists, tuples of tests)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from harness.emulator.errors import AwsError
from harness.json_object import Json

ANYONE = "*"
_VARIABLES_SINCE = "2012-10-17"
_MEMBERS = frozenset((
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
))  # fmt: skip


@dataclass(slots=True, frozen=True)
class Test:
    """One line of a condition: every line must hold. `values` are alternatives."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(slots=True, frozen=True)
class Statement:
    """One statement. `principals` maps `AWS`, `Service`, … to what is named there; None where the statement has no
    principal element. `resources` is None where it has no resource element (a role's trust policy)."""

    allows: bool
    actions: tuple[str, ...]
    but_actions: bool
    resources: tuple[str, ...] | None
    but_resources: bool
    principals: tuple[tuple[str, tuple[str, ...]], ...] | None
    but_principals: bool
    tests: tuple[Test, ...]
    has_variables: bool


def malformed(problem: str) -> AwsError:
    """The error of a policy that AWS would not have taken."""
    return AwsError("MalformedPolicyDocument", f"A stored policy is no policy: {problem}")


@lru_cache(maxsize=1024)
def statements(text: str) -> tuple[Statement, ...]:
    """The statements of a document. Raises AwsError MalformedPolicyDocument."""
    try:
        document = orjson.loads(text)
        if isinstance(document, str):  # Terraform may hand over the escaped form
            document = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise malformed(f"not JSON ({error})") from error
    if not isinstance(document, dict) or "Statement" not in document:
        raise malformed("no Statement")
    found = document["Statement"]
    has_variables = document.get("Version") == _VARIABLES_SINCE
    return tuple([_statement(item, has_variables) for item in (found if isinstance(found, list) else [found])])


def _statement(item: Any, has_variables: bool) -> Statement:
    if not isinstance(item, dict):
        raise malformed("a statement that is no object")
    unknown = sorted(set(item) - _MEMBERS)
    if unknown:
        raise malformed(f"a statement with {unknown[0]}")
    if item.get("Effect") not in ("Allow", "Deny"):
        raise malformed(f"Effect {item.get('Effect')!r}")
    actions, but_actions = _either(item, "Action", "NotAction")
    if actions is None:
        raise malformed("a statement without Action")
    resources, but_resources = _either(item, "Resource", "NotResource")
    but_principals = "NotPrincipal" in item
    principals = item.get("NotPrincipal" if but_principals else "Principal")
    return Statement(
        item["Effect"] == "Allow",
        actions,
        but_actions,
        resources,
        but_resources,
        None if principals is None else _principals(principals),
        but_principals,
        _tests(item.get("Condition") or {}),
        has_variables,
    )


def _either(item: Json, name: str, negated: str) -> tuple[tuple[str, ...] | None, bool]:
    if name in item and negated in item:
        raise malformed(f"a statement with {name} and {negated}")
    if negated in item:
        return _texts(item[negated]), True
    return (_texts(item[name]) if name in item else None), False


def _principals(element: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if element == ANYONE:
        return (("AWS", (ANYONE,)),)
    if not isinstance(element, dict):
        raise malformed(f"Principal {element!r}")
    return tuple([(kind, _texts(named)) for kind, named in element.items()])


def _tests(condition: Any) -> tuple[Test, ...]:
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        raise malformed("a Condition that is no object of objects")
    return tuple([
        Test(operator, key, _texts(value)) for operator, keys in condition.items() for key, value in keys.items()
    ])  # fmt: skip


def _texts(value: Any) -> tuple[str, ...]:
    """A value or a list of values as texts; true and false as JSON writes them."""
    found = value if isinstance(value, list) else [value]
    if any(isinstance(item, dict | list) or item is None for item in found):
        raise malformed(f"{value!r} where texts are wanted")
    return tuple([str(item).lower() if isinstance(item, bool) else str(item) for item in found])
