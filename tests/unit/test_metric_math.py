"""Metric math: parsing and evaluation (E2, "Metric math" of CloudWatch's guide)."""

from __future__ import annotations

import pytest

from harness.emulator.services.cloudwatch.metric_math import MathError, MathNotEmulated, Query, Series, Value, parse

M1: Series = {0: 2.0, 60: 4.0, 180: 10.0}
M2: Series = {0: 1.0, 60: 0.0, 120: 5.0, 180: 4.0}


def evaluated(text: str) -> Value:
    metrics = {"m1": ("one", M1), "m2": ("two", M2)}
    return parse(text).evaluate(Query(metrics, {"e0": {0: 7.0}}, 60, 0, 240))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m1 + m2", {0: 3.0, 60: 4.0, 180: 14.0}),
        ("m1 / m2", {0: 2.0, 180: 2.5}),  # a division by zero is no datapoint
        ("-m1 * 2 + 1", {0: -3.0, 60: -7.0, 180: -19.0}),
        ("2 ^ 3 ^ 2", 512.0),
        ("(1 + 2) * 3", 9.0),
        ("100 - 10 - 5", 85.0),
        ("m1 > 3", {0: 0.0, 60: 1.0, 180: 1.0}),
        ("m1 > 3 && m2 == 0", {0: 0.0, 60: 1.0, 180: 0.0}),
        ("m1 > 3 OR m2 == 1", {0: 1.0, 60: 1.0, 180: 1.0}),
        ("!m2", {0: 0.0, 60: 1.0, 120: 0.0, 180: 0.0}),
        ("e0 + 1", {0: 8.0}),
        ("SUM(METRICS())", {0: 3.0, 60: 4.0, 120: 5.0, 180: 14.0}),
        ("AVG([m1, m2])", {0: 1.5, 60: 2.0, 120: 5.0, 180: 7.0}),
        ("MAX([m1, m2])", {0: 2.0, 60: 4.0, 120: 5.0, 180: 10.0}),
        ("SUM(METRICS('m2'))", M2),
        ("SUM(m1)", 16.0),
        ("MIN(m2)", 0.0),
        ("STDDEV(m1) > 0", 1.0),
        ("DATAPOINT_COUNT(m1)", 3.0),
        ("METRIC_COUNT(METRICS())", 2.0),
        ("m1 / SUM(m1)", {0: 0.125, 60: 0.25, 180: 0.625}),
        ("MAX(m1, 3)", {0: 3.0, 60: 4.0, 120: 3.0, 180: 10.0}),
        ("FILL(m1, 0)", {0: 2.0, 60: 4.0, 120: 0.0, 180: 10.0}),
        ("FILL(m1, REPEAT)", {0: 2.0, 60: 4.0, 120: 4.0, 180: 10.0}),
        ("FILL(m1, LINEAR)", {0: 2.0, 60: 4.0, 120: 7.0, 180: 10.0}),
        ("FILL(m1, m2)", {0: 2.0, 60: 4.0, 120: 5.0, 180: 10.0}),
        ("IF(m1 > 3, m1, 0)", {0: 0.0, 60: 4.0, 180: 10.0}),
        ("IF(m1 > 3, m1)", {60: 4.0, 180: 10.0}),
        ("IF(1, m1, m2)", M1),
        ("DIFF(m1)", {60: 2.0, 180: 6.0}),
        ("DIFF_TIME(m1)", {60: 60.0, 180: 120.0}),
        ("RATE(m1)", {60: 2 / 60, 180: 0.05}),
        ("RUNNING_SUM(m1)", {0: 2.0, 60: 6.0, 180: 16.0}),
        ("PERIOD(m1)", 60.0),
        ("m1 / PERIOD(m1)", {0: 2 / 60, 60: 4 / 60, 180: 10 / 60}),
        ("CEIL(m1 / 4)", {0: 1.0, 60: 1.0, 180: 3.0}),
        ("FLOOR(m1 / 4)", {0: 0.0, 60: 1.0, 180: 2.0}),
        ("ABS(-3)", 3.0),
        ("LOG10(m2)", {0: 0.0, 120: pytest.approx(0.69897), 180: pytest.approx(0.60206)}),
        ("TIME_SERIES(5)", {0: 5.0, 60: 5.0, 120: 5.0, 180: 5.0}),
        ("MINUTE(m1)", {0: 0.0, 60: 1.0, 180: 3.0}),
        ("FIRST(METRICS())", M1),
        ("LAST(METRICS())", M2),
        ("FIRST(SORT(METRICS(), SUM, ASC))", M2),
        ("SUM(SLICE(METRICS(), 1))", M1),
        ("SUM(SORT(METRICS(), MAX, DESC, 1))", M1),
        ("METRIC_COUNT(REMOVE_EMPTY([m1, m1 > 100, DIFF(e0)]))", 2.0),
        ("METRICS() * 2", [("one", {0: 4.0, 60: 8.0, 180: 20.0}), ("two", {0: 2.0, 60: 0.0, 120: 10.0, 180: 8.0})]),
    ],
)
def test_expressions(text: str, value: Value) -> None:
    assert evaluated(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "m1 +", "(m1", "m1)", "m1 m2", "FOO(m1)", "SUM()", "SUM(m1, m2)", "m1 $ m2", "FILL(m1)", "SORT(m1)", "IF(m1)"],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(MathError):
        parse(text)


@pytest.mark.parametrize("text", ["RATE(5)", "FIRST(m1)", "SLICE(m1, 1)", "TIME_SERIES(m1)", "IF(METRICS(), 1, 2)"])
def test_wrong_kinds_of_values(text: str) -> None:
    with pytest.raises(MathError):
        evaluated(text)


@pytest.mark.parametrize("text", ["SEARCH('{A} b', 'Sum', 300)", "ANOMALY_DETECTION_BAND(m1, 2)", "1 + LAMBDA('f')"])
def test_functions_that_are_not_emulated(text: str) -> None:
    with pytest.raises(MathNotEmulated):
        parse(text)


def test_nesting_has_an_end() -> None:
    with pytest.raises(MathError, match="nested too deeply"):
        parse("(" * 200 + "m1" + ")" * 200)
    with pytest.raises(MathError, match="nested too deeply"):
        parse("-" * 2000 + "m1")


def test_overflow_is_no_datapoint() -> None:
    assert evaluated("m1 * 10 ^ 400") == {}
    assert evaluated("(0 - m1) ^ 0.5") == {}


def test_the_names_that_are_used() -> None:
    assert parse("m1 / SUM(METRICS()) + e_2").names == {"m1", "e_2"}
    assert parse("m1 / SUM(METRICS())").uses_all
