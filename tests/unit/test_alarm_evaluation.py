"""What datapoints mean for an alarm: the tables of E2."""

from __future__ import annotations

import pytest

from harness.emulator.services.cloudwatch.evaluation import TREATMENTS, Datapoint, decide

KEEP = None
INSUFFICIENT = "INSUFFICIENT_DATA"


def points(text: str) -> list[Datapoint | None]:
    """`0` does not breach, `X` does, `-` is missing."""
    values = {"0": 0.0, "X": 1.0}
    return [
        Datapoint(index * 60, values[sign], 1) if sign in values else None for index, sign in enumerate(text.split())
    ]


def state(text: str, periods: int, needed: int, treatment: str) -> str | None:
    return decide(points(text), lambda value: value > 0, periods, needed, treatment).state


@pytest.mark.parametrize(
    ("text", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("- - - - -", INSUFFICIENT, KEEP, "ALARM", "OK"),
        ("- - X - -", "ALARM", KEEP, "ALARM", "OK"),
        ("- - - - X", KEEP, KEEP, "ALARM", "OK"),
        ("- - - X -", KEEP, KEEP, "ALARM", "OK"),
        ("0 - X - X", "OK", "OK", "OK", "OK"),
        ("0 - - - -", "OK", "OK", "OK", "OK"),
        ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ],
)
def test_three_of_three(text: str, missing: str, ignore: str, breaching: str, not_breaching: str) -> None:
    """E2's first table, and the two rows that are no alarm yet: the next datapoint may not breach."""
    assert [state(text, 3, 3, treatment) for treatment in TREATMENTS] == [missing, ignore, breaching, not_breaching]


@pytest.mark.parametrize(
    ("text", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("- - - X -", "ALARM", KEEP, "ALARM", "OK"),
        ("- - - - 0", "OK", "OK", "ALARM", "OK"),
        ("0 - X - -", "OK", "OK", "ALARM", "OK"),
        ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("X 0 0 0 X", "OK", "OK", "OK", "OK"),
    ],
)
def test_two_of_three(text: str, missing: str, ignore: str, breaching: str, not_breaching: str) -> None:
    """E2's second table."""
    assert [state(text, 3, 2, treatment) for treatment in TREATMENTS] == [missing, ignore, breaching, not_breaching]


def test_a_gap_is_not_filled_where_older_points_are_enough() -> None:
    """E2: the newest N real points are used, and TreatMissingData is not consulted."""
    decision = decide(points("X X - X -"), lambda value: value > 0, 3, 3, "notBreaching")
    assert (decision.state, decision.filled, [point.at for point in decision.used]) == ("ALARM", 0, [0, 60, 180])
