"""Condition operators: absent keys, negation, quantifiers, and refusals by name."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.conditions import hold
from harness.emulator.permissions.document import statements
from harness.emulator.permissions.facts import Facts, Value


def holds(condition: dict[str, Any], facts: dict[str, Value]) -> bool:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}],
    }
    statement = statements(orjson.dumps(document).decode())[0]
    return hold(statement.tests, Facts(facts), has_variables=statement.has_variables)


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEqualsIgnoreCase", "a", "A", False),
        ("StringLike", "logs/*", "logs/x/y", True),
        ("StringLike", "logs/?", "logs/xy", False),
        ("StringNotLike", "logs/*", "logs/x", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericNotEquals", 10, "11", True),
        ("NumericLessThan", 10, "10", False),
        ("NumericLessThanEquals", 10, "10", True),
        ("NumericGreaterThan", 10, "11", True),
        ("NumericGreaterThanEquals", 10, "many", False),
        ("BinaryEquals", "QUJD", "QUJD", True),
    ],
)
def test_operators(operator: str, wanted: Any, given: str, expected: bool) -> None:
    assert holds({operator: {"s3:max-keys": wanted}}, {"s3:max-keys": given}) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("DateLessThan", "2026-11-20T12:00:01Z", True),
        ("DateGreaterThan", "2026-11-20T12:00:01Z", False),
        ("DateEquals", "2026-11-20T13:00:00+01:00", True),
        ("DateGreaterThanEquals", "2026-11-20", True),
    ],
)
def test_dates(operator: str, wanted: str, expected: bool) -> None:
    assert holds({operator: {"aws:CurrentTime": wanted}}, {"aws:CurrentTime": "2026-11-20T12:00:00Z"}) is expected


def test_addresses() -> None:
    facts: dict[str, Value] = {"aws:SourceIp": "127.0.0.1"}
    assert holds({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.0/8"]}}, facts)
    assert not holds({"NotIpAddress": {"aws:SourceIp": "127.0.0.1"}}, facts)
    assert not holds({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, facts)


def test_arns() -> None:
    facts: dict[str, Value] = {"aws:SourceArn": "arn:aws:s3:::bucket"}
    assert holds({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:*:*:buck*"}}, facts)
    assert holds({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::bucket"}}, facts)
    assert not holds({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:*:*:buck*"}}, facts)


def test_an_absent_key_fails_but_in_negated_and_ifexists_operators() -> None:
    assert not holds({"StringEquals": {"s3:prefix": "a"}}, {})
    assert holds({"StringNotEquals": {"s3:prefix": "a"}}, {})
    assert holds({"StringEqualsIfExists": {"s3:prefix": "a"}}, {})
    assert not holds({"StringEqualsIfExists": {"s3:prefix": "a"}}, {"s3:prefix": "b"})
    assert not holds({"ForAnyValue:StringNotEquals": {"s3:prefix": "a"}}, {})
    assert holds({"ForAllValues:StringEquals": {"s3:prefix": "a"}}, {})


def test_null() -> None:
    assert holds({"Null": {"aws:TokenIssueTime": "true"}}, {})
    assert not holds({"Null": {"aws:TokenIssueTime": True}}, {"aws:TokenIssueTime": "x"})
    assert holds({"Null": {"aws:TokenIssueTime": "false"}}, {"aws:TokenIssueTime": "x"})


def test_quantifiers_over_several_values() -> None:
    facts: dict[str, Value] = {"s3:prefix": ("a", "b")}
    assert holds({"ForAnyValue:StringEquals": {"s3:prefix": "a"}}, facts)
    assert not holds({"ForAllValues:StringEquals": {"s3:prefix": "a"}}, facts)
    assert holds({"ForAllValues:StringEquals": {"s3:prefix": ["a", "b", "c"]}}, facts)
    assert holds({"ForAnyValue:StringNotEquals": {"s3:prefix": "a"}}, facts)
    assert not holds({"ForAllValues:StringNotEquals": {"s3:prefix": "a"}}, facts)


def test_bool() -> None:
    assert holds({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "true"})
    assert not holds({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "true"})


def test_policy_variables_are_literal() -> None:
    assert holds({"StringLike": {"s3:prefix": "${aws:username}/*"}}, {"s3:prefix": "bob/x", "aws:username": "bob"})
    assert not holds({"StringLike": {"s3:prefix": "${aws:username}"}}, {"s3:prefix": "bob", "aws:username": "*"})
    assert holds({"StringEquals": {"s3:prefix": "${aws:PrincipalTag/team, 'none'}"}}, {"s3:prefix": "none"})
    assert not holds({"StringEquals": {"s3:prefix": "${aws:username}"}}, {"s3:prefix": ""})


def test_every_line_must_hold() -> None:
    condition = {"StringEquals": {"s3:prefix": "a", "s3:delimiter": "/"}, "Bool": {"aws:SecureTransport": "true"}}
    facts: dict[str, Value] = {"s3:prefix": "a", "s3:delimiter": "/", "aws:SecureTransport": "true"}
    assert holds(condition, facts)
    assert not holds(condition, facts | {"s3:delimiter": "|"})


def test_an_unknown_operator_is_refused_by_name() -> None:
    with pytest.raises(NotEmulated, match="the condition operator StringMatches"):
        holds({"StringMatches": {"s3:prefix": "a"}}, {"s3:prefix": "a"})


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(NotEmulated, match="the condition key aws:ResourceTag/team"):
        holds({"StringEquals": {"aws:ResourceTag/team": "a"}}, {})


def test_nothing_is_refused_when_another_line_fails_anyway() -> None:
    assert not holds({"StringMatches": {"s3:prefix": "a"}, "StringEquals": {"s3:prefix": "b"}}, {"s3:prefix": "a"})


def test_what_may_differ_between_requests_is_told() -> None:
    facts = Facts({"aws:SourceIp": "127.0.0.1", "aws:PrincipalArn": "arn:aws:iam::000000000000:user/a"})
    facts.get("aws:PrincipalArn")
    assert not facts.is_passing
    facts.get("aws:SourceIp")
    assert facts.is_passing
