"""Condition operators. One that is not known is refused by name (law 1)."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime

from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.document import Test
from harness.emulator.permissions.facts import Facts, Unresolved
from harness.emulator.permissions.wildcards import arn_like, like, plain

Compare = Callable[[str, str], bool]
"""(the request's value, the policy's value) → whether they fit."""

_ALL, _ANY, _IF_EXISTS = "ForAllValues:", "ForAnyValue:", "IfExists"


def hold(tests: tuple[Test, ...], facts: Facts, *, has_variables: bool) -> bool:
    """Whether every line of a condition holds. Raises NotEmulated for an operator or key that is not evaluated,
    unless another line fails anyway."""
    refused: NotEmulated | None = None
    for test in tests:
        try:
            if not _holds(test, facts, has_variables):
                return False
        except NotEmulated as refusal:
            refused = refusal
    if refused is not None:
        raise refused
    return True


def _holds(test: Test, facts: Facts, has_variables: bool) -> bool:
    operator = test.operator
    quantifier = next((name for name in (_ALL, _ANY) if operator.startswith(name)), "")
    operator = operator.removeprefix(quantifier)
    if operator == "Null" and not quantifier:
        return (facts.get(test.key) is None) == (test.values[0].lower() == "true")
    if_exists = operator.endswith(_IF_EXISTS)
    operator = operator.removesuffix(_IF_EXISTS)
    if operator not in _OPERATORS:
        raise NotEmulated("iam", f"the condition operator {test.operator}")
    compare, negated = _OPERATORS[operator]
    given = facts.get(test.key)
    if given is None:
        return quantifier != _ANY and (if_exists or negated or quantifier == _ALL)
    wanted = _wanted(test, facts, has_variables)

    def fits(value: str) -> bool:
        return any(compare(value, each) for each in wanted) != negated

    if quantifier == _ANY:
        return any(fits(value) for value in given)
    if quantifier == _ALL:
        return all(fits(value) for value in given)
    if negated:
        return all(fits(value) for value in given)
    return any(fits(value) for value in given)


def _wanted(test: Test, facts: Facts, has_variables: bool) -> list[str]:
    found: list[str] = []
    for value in test.values:
        try:
            found.append(facts.filled(value) if has_variables else value)
        except Unresolved:
            continue
    return found


def _equals(given: str, wanted: str) -> bool:
    return given == plain(wanted)


def _equals_ignore_case(given: str, wanted: str) -> bool:
    return given.lower() == plain(wanted).lower()


def _like(given: str, wanted: str) -> bool:
    return like(wanted, given)


def _arn(given: str, wanted: str) -> bool:
    return arn_like(wanted, given)


def _ip(given: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _binary(given: str, wanted: str) -> bool:
    try:
        return base64.b64decode(given) == base64.b64decode(wanted)
    except (binascii.Error, ValueError):
        return False


def _numbers(compare: Callable[[float, float], bool]) -> Compare:
    def compared(given: str, wanted: str) -> bool:
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return False

    return compared


def _dates(compare: Callable[[float, float], bool]) -> Compare:
    def compared(given: str, wanted: str) -> bool:
        try:
            return compare(_moment(given), _moment(wanted))
        except ValueError:
            return False

    return compared


def _moment(text: str) -> float:
    """Epoch seconds of an ISO 8601 date or of epoch seconds. Raises ValueError."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda given, wanted: given == wanted,
    "LessThan": lambda given, wanted: given < wanted,
    "LessThanEquals": lambda given, wanted: given <= wanted,
    "GreaterThan": lambda given, wanted: given > wanted,
    "GreaterThanEquals": lambda given, wanted: given >= wanted,
}

_OPERATORS: dict[str, tuple[Compare, bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_ignore_case, False),
    "StringNotEqualsIgnoreCase": (_equals_ignore_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn, False),
    "ArnNotEquals": (_arn, True),
    "ArnLike": (_arn, False),
    "ArnNotLike": (_arn, True),
    "Bool": (_equals_ignore_case, False),
    "BinaryEquals": (_binary, False),
    "IpAddress": (_ip, False),
    "NotIpAddress": (_ip, True),
    **{f"Numeric{name}": (_numbers(order), False) for name, order in _ORDERS.items()},
    "NumericNotEquals": (_numbers(_ORDERS["Equals"]), True),
    **{f"Date{name}": (_dates(order), False) for name, order in _ORDERS.items()},
    "DateNotEquals": (_dates(_ORDERS["Equals"]), True),
}
"""Operator → how it compares, and whether it is a negated one (which holds for an absent key)."""
