"""The forms of the report: whole, valid, and of one file."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from harness.drills.drill_run import FaultRun
from harness.drills.reports import as_html, as_json, as_junit
from harness.drills.reports.spans import span, ticks
from harness.drills.result import Moment
from tests.unit.drills_at_hand import drill, result, results

_VOID = {"meta", "link", "br", "img", "input", "hr"}


class _Document(HTMLParser):
    """Checks that every element is closed, and collects what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "srcset", "data", "action")]
        self.fetched += [v or "" for name, v in attrs if name == "href" and not (v or "").startswith("#")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read_html(text: str) -> _Document:
    document = _Document()
    document.feed(text)
    assert not document.open
    return document


def test_html_is_one_file_that_fetches_nothing() -> None:
    text = as_html.render(results("pass", "fail", "unknown"))
    document = read_html(text)
    assert not document.fetched
    assert "script" not in document.tags and "link" not in document.tags
    assert not re.search(r"url\(|@import|https?://", text)
    assert "prefers-color-scheme: dark" in text and 'name="viewport"' in text


def test_html_tells_verdicts_reasons_faults_and_how_to_run_again() -> None:
    words = "".join(read_html(as_html.render(results("pass", "fail"))).text)
    for part in ("1 pass, 1 fail", "1 record is lost", 'a sink said "<no>"', "service s3, <seconds=3> & more", "× 2"):
        assert part in words
    assert "harness drill run drill-1 --seed 7" in words


def test_the_timeline_is_drawn_to_scale() -> None:
    """Half of the records are delivered at half of the time; the fault's lane covers its half."""
    fault = FaultRun("slow", "latency", "", 1, 0.0, 50.0)
    timeline = [Moment(0.0, "sent", 10), Moment(50.0, "delivered", 5), Moment(100.0, "delivered", 5)]
    text = as_html.render(results("pass"))
    assert "<polygon" in text
    one = result(virtual_seconds=100.0, faults=[fault], timeline=timeline)
    from harness.drills.reports.chart import at_the_end, chart

    drawn = chart(one)
    assert at_the_end(one) == {"delivered": 10}
    assert "480.77,50.00" in drawn  # 50 s of 104, 5 records of 10
    assert "left:0.00%;width:48.08%" in drawn
    assert "10 records" in drawn and "delivered <b>10</b>" in drawn


def test_a_drill_that_was_not_played_has_no_timeline() -> None:
    broken = result("unknown", report=None, timeline=[], faults=[], ledger=[])
    from harness.drills.result import Results

    together = Results(7, [broken], 0.5)
    read_html(as_html.render(together))
    assert json.loads(as_json.render(together))["drills"][0]["records"]["lost"] is None
    ET.fromstring(as_junit.render(together))


def test_json_holds_every_figure() -> None:
    content = json.loads(as_json.render(results("pass", "unknown")))
    assert (content["passed"], content["counts"]) == (
        False,
        {"pass": 1, "fail": 0, "unknown": 1, "skipped": 0},
    )
    assert (content["seed"], content["virtual_seconds"]) == (7, 120.0)
    assert content["simulated_seconds_per_real_second"] == 80.0
    first = content["drills"][0]
    assert first["records"]["fates"] == first["records"]["expected_fates"] == {"delivered": 10}
    assert first["faults"][0]["fired"] == 2
    assert first["timeline"][-1] == {"time": 60.0, "state": "delivered", "count": 10}


def test_junit_tells_failures_from_errors() -> None:
    suite = ET.fromstring(as_junit.render(results("pass", "fail", "unknown", "fail"))).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "2", "1")
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [f"drill-{number}" for number in range(4)]
    failure = cases[1].find("failure")
    assert failure is not None and "1 record is lost" in (failure.get("message") or "")
    assert "harness drill run drill-1 --seed 7" in (failure.text or "")
    assert cases[2].find("error") is not None and cases[0].find("failure") is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.5, "59.5 s"), (1331, "22.2 min"), (93600, "26 h"), (750_000, "8.7 days")]
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize("end", [0.5, 1, 6, 47, 60, 210, 3600, 90_000, 900_000])
def test_ticks_are_few_and_round(end: float) -> None:
    marks = ticks(end)
    assert 1 <= len(marks) <= 7
    assert marks[0] == (0.0, "0")
    assert all(moment <= end for moment, _ in marks)
    assert len({label for _, label in marks}) == len(marks)


def test_a_drill_is_known_by_its_load() -> None:
    assert drill().records == 10
    assert drill().expected_outcomes == {"acknowledged": 10}
