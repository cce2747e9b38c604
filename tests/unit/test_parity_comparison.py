"""What two runs of the suite come to, operation by operation."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.parity.comparison import NO_OPERATION, REFUSED, Row, compare
from harness.parity.outcome import (
    FAIL,
    NO_ANSWER,
    NOT_SHOWN,
    OK,
    OUTCOMES,
    PASS,
    SKIPPED,
    UNANSWERED,
    Call,
    Run,
    Shown,
    read_run,
)

OPERATIONS = ("s3.CreateBucket", "s3.PutObject", "sqs.SendMessage", "kinesis.PutRecord")

calls = st.builds(Call, st.sampled_from(OPERATIONS), st.sampled_from([OK, UNANSWERED, "NoSuchBucket", REFUSED]))


@st.composite
def shown(draw: st.DrawFn, test: str) -> Shown:
    made = tuple(dict.fromkeys(draw(st.lists(calls, max_size=5))))
    outcome = draw(st.sampled_from(OUTCOMES))
    last = draw(st.sampled_from([call.operation for call in made])) if made else ""
    needs = "clock" if outcome == NOT_SHOWN else ""
    return Shown(test, outcome, "" if outcome == PASS else "a reason", needs, made, last)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Run, Run]:
    names = draw(st.sets(st.sampled_from([f"t{n}" for n in range(8)])))
    sides = []
    for target in "ab":
        there = draw(st.sets(st.sampled_from(sorted(names)))) if names else set()
        sides.append(Run(target, {name: draw(shown(name)) for name in sorted(there)}))
    return sides[0], sides[1]


def rows(*pairs: tuple[Shown, Shown]) -> dict[str, Row]:
    a, b = Run("a", {one.test: one for one, _ in pairs}), Run("b", {other.test: other for _, other in pairs})
    return {row.operation: row for row in compare(a, b).rows}


def passed(*made: Call, test: str = "t") -> Shown:
    return Shown(test, PASS, calls=made, last=made[-1].operation if made else "")


def failed(*made: Call, test: str = "t", reason: str = "assert 1 == 2") -> Shown:
    return Shown(test, FAIL, reason, calls=made, last=made[-1].operation if made else "")


CREATE, PUT, SEND = (Call(operation, OK) for operation in OPERATIONS[:3])


@given(runs())
def test_every_test_is_counted_once_in_each_of_its_operations(pair: tuple[Run, Run]) -> None:
    a, b = pair
    both = a.shown.keys() & b.shown.keys()
    compared = compare(a, b)
    assert [row.operation for row in compared.rows] == sorted({row.operation for row in compared.rows})
    for row in compared.rows:
        assert row.pass_a == row.both + row.fails + row.elsewhere + row.no_answer + row.not_shown + row.refused
        assert row.both <= min(row.pass_a, row.pass_b) and row.tests <= len(both)
        assert len(row.examples) == row.fails + row.no_answer
        assert row.needs.total() == row.not_shown and row.ended.total() == row.elsewhere
    wanted = sum(len(a.shown[name].operations | b.shown[name].operations) or 1 for name in both)
    assert sum(row.tests for row in compared.rows) == wanted


@given(runs())
def test_a_test_that_fails_on_b_is_a_difference_of_one_operation(pair: tuple[Run, Run]) -> None:
    a, b = pair
    both = a.shown.keys() & b.shown.keys()
    lost = [n for n in both if a.shown[n].outcome == PASS and b.shown[n].outcome in (FAIL, NO_ANSWER)]
    assert sum(row.fails + row.no_answer + row.refused for row in compare(a, b).rows) == len(lost)


@given(runs())
def test_the_same_run_twice_does_not_differ(pair: tuple[Run, Run]) -> None:
    assert compare(pair[0], pair[0]).differing == []


@given(runs())
def test_a_run_survives_its_file(pair: tuple[Run, Run]) -> None:
    for one in pair[0].shown.values():
        assert Shown.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_a_failure_counts_where_b_answers_with_an_error_that_a_does_not_have() -> None:
    refused = Call("s3.PutObject", "NoSuchBucket")
    found = rows((passed(CREATE, PUT, SEND), failed(CREATE, refused, SEND, reason="assert 0 == 1")))
    assert (found["s3.PutObject"].fails, found["s3.PutObject"].first) == (1, "NoSuchBucket; assert 0 == 1")
    assert [found[name].elsewhere for name in ("s3.CreateBucket", "sqs.SendMessage")] == [1, 1]
    assert found["sqs.SendMessage"].told == "its tests end at s3.PutObject"


def test_without_such_an_error_it_counts_at_the_last_operation() -> None:
    expected = Call("s3.PutObject", "NoSuchBucket")
    found = rows((passed(expected, SEND), failed(expected, SEND)))
    assert (found["sqs.SendMessage"].fails, found["s3.PutObject"].elsewhere) == (1, 1)


def test_a_test_that_got_no_answer_counts_at_what_it_waited_for() -> None:
    waiting = Call("s3.PutObject", UNANSWERED)
    silent = Shown("t", NO_ANSWER, "no end within 60 s", calls=(CREATE, waiting), last="s3.PutObject")
    found = rows((passed(CREATE, PUT), silent))
    assert (found["s3.PutObject"].no_answer, found["s3.PutObject"].first) == (1, "no end within 60 s")
    assert found["s3.CreateBucket"].elsewhere == 1


def test_what_a_itself_refuses_is_no_difference_of_b() -> None:
    ours = Call("sqs.SendMessage", REFUSED)
    found = rows((passed(CREATE, ours), failed(CREATE, SEND)))
    row = found["sqs.SendMessage"]
    assert (row.refused, row.fails, row.differs) == (1, 0, False)


def test_a_row_differs_where_something_fails_or_nothing_is_shown() -> None:
    not_shown = Shown("t", NOT_SHOWN, "needs clock", "clock", (CREATE,), "s3.CreateBucket")
    found = rows(
        (passed(CREATE, PUT), not_shown),
        (passed(CREATE, test="u"), passed(CREATE, test="u")),
        (passed(SEND, test="v"), failed(SEND, test="v")),
        (passed(SEND, test="w"), passed(SEND, test="w")),
    )
    assert {name: row.differs for name, row in found.items()} == {
        "s3.CreateBucket": False,  # another test shows it
        "s3.PutObject": True,  # nothing does
        "sqs.SendMessage": True,  # one fails here
    }
    assert found["s3.PutObject"].told == "needs clock"


def test_tests_without_an_operation_have_a_row_of_their_own() -> None:
    lacks = Shown("t", NOT_SHOWN, "needs sinks", "sinks")
    found = rows((passed(), lacks), (passed(test="u"), failed(test="u")))
    assert list(found) == [NO_OPERATION]
    assert (found[NO_OPERATION].tests, found[NO_OPERATION].not_shown, found[NO_OPERATION].fails) == (2, 1, 1)


def test_a_test_that_is_skipped_on_b_shows_nothing_there() -> None:
    found = rows((passed(CREATE), Shown("t", SKIPPED, "could not import 'x'", calls=(CREATE,))))
    assert (found["s3.CreateBucket"].not_shown, found["s3.CreateBucket"].told) == (1, "needs could not import 'x'")


def test_a_file_is_read_as_far_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    whole = json.dumps(passed(CREATE).to_json())
    path.write_text(
        f'{{"tests": 3}}\n{whole}\n{{"apart": ["x", "y"]}}\n{{"stopped": "it stopped answering"}}\n{whole[:20]}'
    )
    run = read_run("somewhere", path)
    assert (run.expected, run.apart, run.stopped) == (3, ("x", "y"), "it stopped answering")
    assert run.shown == {"t": passed(CREATE)}
    assert read_run("somewhere", tmp_path / "none").shown == {}
