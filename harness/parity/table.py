"""The comparison as text: one line an operation, and the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.parity.comparison import Comparison, Row
from harness.parity.outcome import FAIL, NO_ANSWER, NOT_SHOWN, PASS, SKIPPED, Run

_HEADINGS = ("operation", "tests", "a", "b", "fail", "silent", "elsewhere", "not shown")
_REASON = "first difference on b"
_REASON_WIDTH = 110


def table(comparison: Comparison, everything: bool = False) -> list[str]:
    """Lines. Operations that do not differ are left out unless `everything` is asked for."""
    rows = comparison.rows if everything else comparison.differing
    if not rows:
        return []
    cells = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADINGS))]
    told = [_REASON, *(row.told for row in rows)]
    return [_line(row, widths, reason) for row, reason in zip(cells, told, strict=True)]


def totals(comparison: Comparison) -> list[str]:
    """What each target came to, and what is not in the table."""
    a, b = comparison.a, comparison.b
    lines = [_target("a", a), _target("b", b)]
    needs = Counter(shown.needs or shown.reason for shown in b.shown.values() if shown.outcome == NOT_SHOWN)
    if needs:
        lines.append("cannot be shown on b, by what is missing: " + _counts(needs))
    only_b = sum(
        shown.outcome == PASS and name in a.shown and a.shown[name].outcome != PASS for name, shown in b.shown.items()
    )
    if only_b:
        lines.append(f"pass on b only: {only_b}")
    refused = sum(row.refused for row in comparison.rows)
    if refused:
        lines.append(f"about what a itself refuses by name, and so no difference: {refused}")
    apart = set(a.apart) | set(b.apart)
    if apart:
        lines.append(f"left out, because they are about emulators of their own: {len(apart)} tests")
    differing = len(comparison.differing)
    lines.append(f"operations: {len(comparison.rows)}, of which {differing} differ")
    return lines


def _target(side: str, run: Run) -> str:
    counts = run.counts()
    words = {word: counts[word] for word in (PASS, FAIL, NO_ANSWER, NOT_SHOWN, SKIPPED) if counts[word]}
    return f"{side} = {run.target}: {len(run.shown)} tests in {run.seconds:.0f} s: {_counts(words)}"


def _counts(counts: Counter[str] | dict[str, int]) -> str:
    ordered = counts.most_common() if isinstance(counts, Counter) else counts.items()
    return ", ".join(f"{count} {word}" for word, count in ordered)


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (row.tests, row.pass_a, row.pass_b, row.fails, row.no_answer, row.elsewhere, row.not_shown)
    return (row.operation, *(str(number or "·") for number in numbers))


def _line(cells: Sequence[str], widths: Sequence[int], reason: str) -> str:
    name, *numbers = cells
    columns = [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))]
    told = reason if len(reason) <= _REASON_WIDTH else reason[: _REASON_WIDTH - 1] + "…"
    return "  ".join([*columns, told]).rstrip()
