"""The comparison as text and as JSON."""

from __future__ import annotations

import json

from harness.parity.comparison import compare
from harness.parity.outcome import FAIL, NOT_SHOWN, OK, PASS, Call, Run, Shown
from harness.parity.table import table, totals

MAKE, SEND = Call("sqs.CreateQueue", OK), Call("sqs.SendMessage", OK)


def test(name: str, outcome: str, *calls: Call, reason: str = "", needs: str = "") -> Shown:
    return Shown(name, outcome, reason, needs, calls, calls[-1].operation if calls else "")


test.__test__ = False  # type: ignore[attr-defined]

A = Run(
    "embedded",
    {
        "one": test("one", PASS, MAKE, SEND),
        "two": test("two", PASS, MAKE),
        "three": test("three", PASS, MAKE, SEND),
        "four": test("four", FAIL, MAKE, reason="assert 0"),
    },
    apart=("own",),
    seconds=61.4,
)
B = Run(
    "http://127.0.0.1:1",
    {
        "one": test("one", FAIL, MAKE, SEND, reason="long " * 50),
        "two": test("two", PASS, MAKE),
        "three": test("three", NOT_SHOWN, MAKE, reason="needs clock, which it does not have", needs="clock"),
        "four": test("four", PASS, MAKE),
    },
    apart=("own",),
    seconds=3.0,
)


def test_only_what_differs_is_shown_unless_all_is_asked_for() -> None:
    lines = table(compare(A, B))
    assert len(lines) == 2
    headings = "operation tests a b fail silent elsewhere not shown first difference on b"
    assert " ".join(lines[0].split()) == headings
    assert lines[1].split()[:8] == ["sqs.SendMessage", "2", "2", "·", "1", "·", "·", "1"]
    assert lines[1].endswith("…") and "long long" in lines[1]
    everything = table(compare(A, B), everything=True)
    assert [line.split()[0] for line in everything[1:]] == ["sqs.CreateQueue", "sqs.SendMessage"]
    assert everything[1].split()[:8] == ["sqs.CreateQueue", "4", "3", "2", "·", "·", "1", "1"]


def test_the_totals_say_what_is_not_in_the_table() -> None:
    assert totals(compare(A, B)) == [
        "a = embedded: 4 tests in 61 s: 3 pass, 1 fail",
        "b = http://127.0.0.1:1: 4 tests in 3 s: 2 pass, 1 fail, 1 cannot be shown",
        "cannot be shown on b, by what is missing: 1 clock",
        "pass on b only: 1",
        "left out, because they are about emulators of their own: 1 tests",
        "operations: 2, of which 1 differ",
    ]


def test_no_difference_is_no_table() -> None:
    assert table(compare(A, A)) == []


def test_the_json_holds_every_test_of_both_sides() -> None:
    content = json.loads(json.dumps(compare(A, B).to_json()))
    assert (content["a"]["counts"], content["b"]["target"]) == ({"pass": 3, "fail": 1}, "http://127.0.0.1:1")
    assert [one["operation"] for one in content["operations"] if one["differs"]] == ["SendMessage"]
    (one,) = [each for each in content["tests"] if each["test"] == "one"]
    assert one["a"]["calls"] == [["sqs.CreateQueue", "ok"], ["sqs.SendMessage", "ok"]]
    assert one["b"]["outcome"] == "fail"
