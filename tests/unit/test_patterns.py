"""A caller's patterns: `re`'s meaning, and an end in time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.budget import Budget, BudgetExceeded
from harness.emulator.patterns import SECONDS, BadPattern, compile_pattern

_CATASTROPHIC = [
    (r"(a|a)*b", "a" * 40),
    ("(x+x+)+y", "x" * 5000),
    (r"(\w+\s?)*\1$", "word " * 40 + "!"),
    (r"(?=(a+)+$)b|(a|aa)+$", "a" * 60 + "!"),
]


@pytest.mark.parametrize(("pattern", "text"), _CATASTROPHIC)
def test_no_pattern_holds_the_loop(pattern: str, text: str) -> None:
    compiled = compile_pattern(pattern)
    began = time.thread_time()
    for method in (compiled.fits, compiled.occurs, lambda subject: list(compiled.matches(subject))):
        try:
            method(text)
        except BudgetExceeded:
            pass
    assert time.thread_time() - began < 3 * (SECONDS + 0.1)


def test_a_pattern_without_an_end_is_told() -> None:
    with pytest.raises(BudgetExceeded):
        compile_pattern("(a|aa)+$").fits("a" * 60 + "!")
    with pytest.raises(BudgetExceeded):
        compile_pattern("(a|aa)+$").all_fit(["a" * 60 + "!"])


@pytest.mark.parametrize(
    "pattern",
    [
        "(a{1000}){1000}", "a{1000000000}", "(" * 20 + "a" + "){1,1000}" * 20, "(" * 20 + "a" + "){2}" * 20,
        "(" * 5000 + ")" * 5000, "x" * 20_000, "(", "*", r"\p{L}", "(?P<a>x)(?P<a>y)", "(?R)", r"\K",
    ],
)  # fmt: skip
def test_patterns_that_are_refused(pattern: str) -> None:
    began = time.thread_time()
    with pytest.raises(BadPattern):
        compile_pattern(pattern)
    assert time.thread_time() - began < 5  # far from a machine's noise, farther from a catastrophe


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a{e<=1}", "a{e<=1}"), ("a{e<=1}", "b"), ("[[:alpha:]]+", ":]"), ("x{2,3}", "xx"), ("[]a]+", "]a"),
        ("[^]]", "b"), ("a{,2}", "aa"), ("1{,}", ""), ("1{,}", "11"),
        (r"[\]x]+", "x]"), ("{", "{"), ("a{b", "a{b"), (r"\{3}", "{{{"),
        ("[a-z&&[aeiou]]", "a"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_meaning_is_that_of_re(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).fits(text) == (re.fullmatch(pattern, text) is not None)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(st.text("ab{}[]()^$|*+?.,:12\\-", max_size=12), st.text("ab{}[]:1,-", max_size=6))
def test_any_pattern_means_what_re_means(pattern: str, text: str) -> None:
    try:
        expected = re.fullmatch(pattern, text)
    except re.error:
        with pytest.raises(BadPattern):
            compile_pattern(pattern)
        return
    except RecursionError:
        return
    try:
        compiled = compile_pattern(pattern)
    except BadPattern:
        return  # too large for us
    assert compiled.fits(text) == (expected is not None)


def test_a_budget_ends_by_steps_size_and_time() -> None:
    with pytest.raises(BudgetExceeded, match="steps"):
        budget = Budget(steps=1000, size=1, seconds=60)
        while True:
            budget.step()
    with pytest.raises(BudgetExceeded, match="bytes"):
        Budget(steps=1000, size=1000, seconds=60).take(1001)
    with pytest.raises(BudgetExceeded, match="ms"):
        budget = Budget(steps=10**9, size=1, seconds=0.01)
        while True:
            budget.step()
