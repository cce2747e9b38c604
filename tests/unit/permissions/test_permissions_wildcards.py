"""IAM's wildcards, by examples and against a slow matcher that is obviously right."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.permissions.wildcards import arn_like, like, literal, plain

_TEXT = st.text(alphabet="ab*?[.\n:/", max_size=8)


def _slowly(pattern: str, text: str) -> bool:
    """The definition: `*` takes nothing or one character more, `?` one character."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return _slowly(pattern[1:], text) or (bool(text) and _slowly(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and _slowly(pattern[1:], text[1:])


@given(_TEXT, _TEXT)
def test_matches_by_definition(pattern: str, text: str) -> None:
    assert like(pattern, text) == _slowly(pattern, text)


@given(_TEXT, _TEXT)
def test_a_literal_matches_itself_and_nothing_else(text: str, other: str) -> None:
    assert like(literal(text), text)
    assert like(literal(text), other) == (text == other)
    assert plain(literal(text)) == text


@given(_TEXT)
def test_a_star_matches_anything(text: str) -> None:
    assert like("*", text)


def test_actions_are_matched_in_any_case() -> None:
    assert like("s3:get*", "s3:GetObject", ignore_case=True)
    assert not like("s3:get*", "s3:GetObject")


def test_resource_wildcards_reach_over_colons_and_slashes() -> None:
    assert like("arn:aws:lambda:*:function:f*", "arn:aws:lambda:us-east-1:000000000000:function:f:live")


def test_arn_like_compares_part_by_part() -> None:
    assert arn_like("arn:aws:execute-api:*:*:abc/*/POST/*", "arn:aws:execute-api:us-east-1:000000000000:abc/s/POST/x")
    assert not arn_like("arn:aws:*:abc", "arn:aws:sqs:us-east-1:000000000000:abc")
    assert not arn_like("arn:aws:sqs:*:111111111111:q", "arn:aws:sqs:us-east-1:000000000000:q")
