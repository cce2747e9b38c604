"""When a drill passes, fails, or nobody can say."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.drills.drill_run import FaultRun
from harness.drills.verdict import Evidence, judge
from harness.ledger import Report
from tests.unit.drills_at_hand import drill, report

ALL = Counter(range(10))
FIRED = FaultRun("slow", "latency", "", fired=1)
UNFIRED = FaultRun("slow", "latency", "")


def test_a_declared_fault_that_never_fires_fails() -> None:
    verdict = judge(drill(), Evidence(report(ALL), [FIRED, UNFIRED]))
    assert (verdict.word, verdict.reasons) == ("fail", ["the fault slow (latency) never fired"])


def test_a_lost_record_fails() -> None:
    verdict = judge(drill(), Evidence(report(ALL - Counter([3])), [FIRED]))
    assert verdict.word == "fail"
    assert verdict.reasons == ["1 record is lost", "delivered: 10 records expected, 9 found"]


def test_duplicates_fail_unless_they_are_declared_and_all_there() -> None:
    twice = report(ALL + Counter([1, 2]))
    assert judge(drill(), Evidence(twice, [])).word == "fail"
    allowed = report(ALL + Counter([1, 2]), allow_duplicates=True)
    assert judge(drill(duplicates=2), Evidence(allowed, [])).word == "pass"
    verdict = judge(drill(duplicates=3), Evidence(allowed, []))
    assert (verdict.word, verdict.reasons) == ("fail", ["3 records expected to be found more than once, 2 were"])
    assert judge(drill(duplicates=3), Evidence(report(ALL, allow_duplicates=True), [])).word == "fail"


def test_what_has_not_settled_is_unknown() -> None:
    """Nothing that is still to come may be held against the drill, nor for it."""
    verdict = judge(drill(), Evidence(report(ALL), [FIRED], settled=False, stuck=["a retry"]))
    assert (verdict.word, verdict.reasons) == ("unknown", ["not settled: a retry is still in flight"])
    trouble = ("not settled after 3 s; still in flight: a retry",)
    missing = report(Counter(), troubles=trouble)
    verdict = judge(drill(), Evidence(missing, [UNFIRED], settled=False, stuck=["a retry"]))
    assert verdict.word == "unknown"
    assert verdict.reasons[0] == trouble[0]
    duplicated = report(ALL + ALL, troubles=trouble)
    assert judge(drill(), Evidence(duplicated, [], settled=False)).word == "fail"


def test_a_sink_that_cannot_be_read_is_unknown() -> None:
    unread = report(Counter(), troubles=("a bucket cannot be read",))
    assert judge(drill(), Evidence(unread, [FIRED])).word == "unknown"


@pytest.mark.parametrize("fates", [{"delivered": 9}, {"delivered": 11}, {"delivered": 10, "expired": 1}, {}])
def test_fates_must_be_exactly_those_declared(fates: dict[str, int]) -> None:
    assert judge(drill(fates=fates), Evidence(report(ALL), [])).word == "fail"


def test_a_declared_loss_passes_only_if_it_happened() -> None:
    lossy = drill(fates={"delivered": 8, "expired": 2})
    assert lossy.expected_loss
    declared = {"expired": lambda sent: sent.number < 2, "delivered": lambda sent: sent.number >= 2}
    gone = report(ALL - Counter([0, 1]), declared=declared)
    assert judge(lossy, Evidence(gone, [FIRED])).word == "pass"
    survived = report(ALL, declared=declared)
    verdict = judge(lossy, Evidence(survived, [FIRED]))
    assert verdict.word == "fail"
    assert "2 records are unexpected" in verdict.reasons


def test_outcomes_must_be_those_declared() -> None:
    verdict = judge(drill(outcomes={"acknowledged": 8, "refused": 2}), Evidence(report(ALL), []))
    assert verdict.reasons == [
        "acknowledged: 8 records expected to be so, 10 were",
        "refused: 2 records expected to be so, 0 were",
    ]


@pytest.mark.parametrize(
    ("copies", "missing", "word"), [(range(10), 0, "pass"), (range(9), 0, "fail"), (range(9), 1, "pass")]
)
def test_backups_must_be_complete_unless_declared(copies: range, missing: int, word: str) -> None:
    backed_up: Report = report(ALL, copies=copies)
    assert judge(drill(missing_copies=missing), Evidence(backed_up, [])).word == word


def test_a_backup_that_holds_a_record_twice_fails() -> None:
    backed_up = report(ALL, copies=[*range(10), 4])
    assert judge(drill(), Evidence(backed_up, [])).reasons == ["backup holds 1 records more than once"]


def test_the_drill_s_own_complaints_fail_it() -> None:
    verdict = judge(drill(), Evidence(report(ALL), [FIRED], complaints=["error codes: expected {}, found {'a': 1}"]))
    assert verdict.word == "fail"


def test_nothing_acknowledged_is_no_pass() -> None:
    assert judge(drill(plan=[], fates={}), Evidence(report(Counter(), sent=0), [])).word == "unknown"
