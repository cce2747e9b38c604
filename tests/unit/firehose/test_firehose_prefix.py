"""Prefixes, date patterns and small parsers as functions (A11, B10)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.services.firehose.conversion.java_time import PatternError, compile_pattern
from harness.emulator.services.firehose.destinations.prefix import (
    PrefixError,
    check_prefixes,
    parse_prefix,
    record_prefix,
)
from harness.emulator.services.firehose.source.aggregates import MAGIC, deaggregate

MOMENT = datetime(2024, 12, 30, 0, 5, 9, tzinfo=UTC)  # a Monday, in the first week of 2025


@pytest.mark.parametrize("pattern", ["", "bbb", "hhh", "aa", "MMMMMM", "'open", "yyyy{", "[yyyy]", "EEEEEE", "ppp"])
def test_bad_patterns(pattern: str) -> None:
    """A11: what Java refuses, and letters that are not emulated, are errors."""
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy/MM/dd/HH", "2024/12/30/00"),
        ("yy-M-d-H", "24-12-30-0"),
        ("'year='yyyy'/month='MM", "year=2024/month=12"),
        ("''HH''", "'00'"),
        ("'it''s'", "it's"),
        ("YYYY-ww", "2025-01"),
        ("D DDD", "365 365"),
        ("MMM MMMM E EEEE", "Dec December Mon Monday"),
        ("hh:mm:ss a", "12:05:09 AM"),
        ("kk K SSS n", "24 0 000 0"),
        ("Q q", "4 4"),
        ("X xx Z", "Z +0000 +0000"),
    ],
)
def test_patterns(pattern: str, text: str) -> None:
    """A11: Java DateTimeFormatter; quotes are literal; second precision. YYYY is the week's year, as in Java."""
    assert compile_pattern(pattern)(MOMENT) == text


def test_offsets() -> None:
    """Java's offset letters in a zone that is not UTC."""
    moment = MOMENT.astimezone(ZoneInfo("Asia/Kolkata"))
    assert compile_pattern("XXX X Z z")(moment) == "+05:30 +0530 +0530 IST"


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)))
def test_the_week_year_is_the_year_of_the_weeks_saturday(moment: datetime) -> None:
    """US weeks: Sunday to Saturday, week 1 holds 1 January."""
    year, week = (int(part) for part in compile_pattern("YYYY-w")(moment.replace(tzinfo=UTC)).split("-"))
    assert 1 <= week <= 54
    assert year in (moment.year, moment.year + 1)
    if (moment.month, moment.day) == (1, 1):
        assert (year, week) == (moment.year, 1)


def test_random_strings_are_fresh_and_share_no_time() -> None:
    """A11: fresh per occurrence; with random-string alone nothing is appended (newest probe)."""
    tokens = iter(["aaa", "bbb"])
    settings = {"Prefix": "!{firehose:random-string}/!{firehose:random-string}/"}
    assert record_prefix(settings, MOMENT, lambda: next(tokens)) == "aaa/bbb/"


@given(st.text(alphabet="ab/={}!:'", max_size=30))
def test_any_prefix_is_parsed_or_refused(text: str) -> None:
    """A prefix without expressions is literal; `!{` never passes as text."""
    try:
        parsed = parse_prefix(text)
    except PrefixError:
        assert "!{" in text
        return
    if not parsed.expressions:
        assert "!{" not in text
        assert parsed.evaluate(MOMENT, str) == text


@given(st.text(max_size=600))
def test_any_prefix_setting_is_accepted_or_refused_by_name(text: str) -> None:
    """No other exception than PrefixError; what is accepted evaluates to 512 characters at most."""
    try:
        check_prefixes({"Prefix": text, "ErrorOutputPrefix": "e/!{firehose:error-output-type}/"})
    except PrefixError:
        return
    assert len(parse_prefix(text).evaluate(MOMENT, lambda: "x" * 11)) <= 512


@given(st.binary(max_size=200))
def test_noise_behind_the_magic_is_a_plain_record(noise: bytes) -> None:
    """B10: anything not matching magic and MD5 is a plain record."""
    assert deaggregate(MAGIC + noise) is None
    assert deaggregate(noise) is None
