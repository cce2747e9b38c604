"""Two runs side by side: for every operation, how many of the tests that call it pass where.

A test calls many operations and fails at one. It counts as a failure of the operation at which it went another way on b
than on a; for its other operations it ended `elsewhere`, so that a bucket that a failing stream writes to is no
difference of S3.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from harness.json_object import Json
from harness.parity.outcome import FAIL, NO_ANSWER, NOT_SHOWN, OK, PASS, SKIPPED, UNANSWERED, Run, Shown

REFUSED = "NotEmulated"
"""The code with which this emulator refuses by name what it does not have."""

NO_OPERATION = "–.(no operation)"
"""The row of tests that call no operation that could be recognised."""


@dataclass
class Row:
    """One operation.

    `tests` call it on a or on b; `pass_a` pass on a, `pass_b` on b. Of those that pass on a: `both` pass on b too,
    `fails` fail on b at this operation, `elsewhere` at another one, `no_answer` and `not_shown` as the words say, and
    `refused` are tests of a's own refusal to do this operation. `first` is the first difference, `examples` name tests.
    `needs` counts what those lack that cannot be shown, `ended` where the tests ended that did so elsewhere.
    """

    operation: str
    tests: int = 0
    pass_a: int = 0
    pass_b: int = 0
    both: int = 0
    fails: int = 0
    elsewhere: int = 0
    no_answer: int = 0
    not_shown: int = 0
    refused: int = 0
    first: str = ""
    examples: list[str] = field(default_factory=list)
    needs: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)

    @property
    def service(self) -> str:
        return self.operation.partition(".")[0]

    @property
    def name(self) -> str:
        return self.operation.partition(".")[2]

    @property
    def differs(self) -> bool:
        """Whether b goes another way here, or shows nothing of what a shows of an operation."""
        nothing = self.pass_a > self.refused and not self.both and self.operation != NO_OPERATION
        return bool(self.fails or self.no_answer) or nothing

    @property
    def told(self) -> str:
        """One line: the first difference; where there is none, why the tests show nothing or stop before."""
        if self.first:
            return self.first
        parts = []
        if self.needs:
            parts.append("needs " + _counted(self.needs))
        if self.ended:
            parts.append("its tests end at " + _counted(self.ended))
        return "; ".join(parts)

    def to_json(self) -> Json:
        return {
            "service": self.service,
            "operation": self.name,
            "differs": self.differs,
            "tests": self.tests,
            "pass_a": self.pass_a,
            "pass_b": self.pass_b,
            "pass_both": self.both,
            "fail_b": self.fails,
            "elsewhere_b": self.elsewhere,
            "no_answer_b": self.no_answer,
            "cannot_be_shown_b": self.not_shown,
            "refused_by_a": self.refused,
            "first_difference": self.first,
            "needs": dict(self.needs),
            "ended_at": dict(self.ended),
            "examples": self.examples,
        }


@dataclass(frozen=True)
class Comparison:
    a: Run
    b: Run
    rows: list[Row]

    @property
    def differing(self) -> list[Row]:
        return [row for row in self.rows if row.differs]

    def to_json(self) -> Json:
        return {
            "a": _run(self.a),
            "b": _run(self.b),
            "operations": [row.to_json() for row in self.rows],
            "tests": [_test(name, self.a, self.b) for name in _names(self.a, self.b)],
        }


def compare(a: Run, b: Run) -> Comparison:
    """Rows sorted by operation. Tests that only one of the runs has are left out."""
    rows: dict[str, Row] = {}
    for name in sorted(_names(a, b)):
        if name in a.shown and name in b.shown:
            _count(rows, a.shown[name], b.shown[name])
    return Comparison(a, b, [rows[operation] for operation in sorted(rows)])


def difference(a: Shown, b: Shown) -> str:
    """The operation at which b went another way: the first with an error that a does not have, else the last one."""
    on_a = set(a.calls)
    for call in b.calls:
        if call.answer not in (OK, UNANSWERED) and call not in on_a:
            return call.operation
    return b.last or a.last or NO_OPERATION


def _count(rows: dict[str, Row], a: Shown, b: Shown) -> None:
    operations = a.operations | b.operations or {NO_OPERATION}
    culprit = b.last or a.last or NO_OPERATION if b.outcome == NO_ANSWER else difference(a, b)
    for operation in operations:
        row = rows.setdefault(operation, Row(operation))
        row.tests += 1
        row.pass_a += a.outcome == PASS
        row.pass_b += b.outcome == PASS
        if a.outcome == PASS:
            _judge(row, a, b, culprit)


def _judge(row: Row, a: Shown, b: Shown, culprit: str) -> None:
    """Count a test that passes on a by what it came to on b."""
    if b.outcome == PASS:
        row.both += 1
    elif b.outcome in (NOT_SHOWN, SKIPPED):
        row.not_shown += 1
        row.needs[b.needs or b.reason] += 1
    elif _refuses(a, row.operation) and culprit == row.operation:
        row.refused += 1
    elif culprit != row.operation:
        row.elsewhere += 1
        row.ended[culprit] += 1
    else:
        row.no_answer += b.outcome == NO_ANSWER
        row.fails += b.outcome == FAIL
        row.first = row.first or _told(a, b, culprit)
        row.examples.append(b.test)


def _refuses(shown: Shown, operation: str) -> bool:
    return any(call.operation == operation and call.answer == REFUSED for call in shown.calls)


def _told(a: Shown, b: Shown, culprit: str) -> str:
    """The reason, with the code in front where it does not say it itself."""
    on_a = set(a.calls)
    codes = (call.answer for call in b.calls if call.operation == culprit and call not in on_a)
    code = next((code for code in codes if code not in (OK, UNANSWERED)), "")
    return f"{code}; {b.reason}" if code and code not in b.reason else b.reason


def _counted(counts: Counter[str]) -> str:
    """`clock (3), faults`: the most frequent first, ones without their number."""
    return ", ".join(f"{word} ({count})" if count > 1 else word for word, count in counts.most_common())


def _names(a: Run, b: Run) -> set[str]:
    return {*a.shown, *b.shown}


def _run(run: Run) -> Json:
    return {
        "target": run.target,
        "seconds": round(run.seconds, 1),
        "tests": len(run.shown),
        "counts": dict(run.counts()),
        "not_about_a_target": list(run.apart),
    }


def _test(name: str, a: Run, b: Run) -> Json:
    sides: Json = {"test": name}
    for side, run in (("a", a), ("b", b)):
        shown = run.shown.get(name)
        sides[side] = None if shown is None else {k: v for k, v in shown.to_json().items() if k != "test"}
    return sides
