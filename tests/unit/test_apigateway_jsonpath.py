"""JSONPath in mapping templates (D4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.budget import Budget, BudgetExceeded
from harness.emulator.services.apigateway.jsonpath import NOTHING, JsonPath
from harness.emulator.services.apigateway.vtl import VtlError


def budget() -> Budget:
    return Budget(steps=100_000, size=0, seconds=5)


DOCUMENT = {
    "a": {"b": [{"c": 1}, {"c": 2, "d.e": 3}], "e": None},
    "it's": True,
    "list": [1, 2, 3],
}


@pytest.mark.parametrize(
    "path",
    [
        "$.a[?(@.c == 1)]",
        "$.list.length()",
        "$.a[(@.length-1)]",
        "$.",
        "$a",
        "$.a[",
        "$.a['b",
        "$[]",
        "$.a b",
        "$..",
        "$[x]",
    ],
)
def test_filters_functions_and_nonsense_are_refused(path: str) -> None:
    with pytest.raises(VtlError):
        JsonPath(path)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DOCUMENT),
        ("$.a.b[0].c", 1),
        ("$['a']['b'][1]['d.e']", 3),
        ('$["a"].e', None),
        ("$['it\\'s']", True),
        ("$.none", NOTHING),
        ("$.a.b[7]", NOTHING),
        ("$.a.b.c", NOTHING),
        ("$.list[-1]", 3),
        ("$.list[0,2]", [1, 3]),
        ("$.list[1:]", [2, 3]),
        ("$.list[:-1]", [1, 2]),
        ("$.list[*]", [1, 2, 3]),
        ("$.a.b[*].c", [1, 2]),
        ("$..c", [1, 2]),
        ("$..none", []),
        ("$['a','list']", {"a": DOCUMENT["a"], "list": [1, 2, 3]}),
        ("a.e", None),
        ("list[0]", 1),
    ],
)
def test_paths(path: str, found: Any) -> None:
    assert JsonPath(path).find(DOCUMENT, budget()) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.text(alphabet="$.[]*'\",:-0123456789ab@?() \\", max_size=30), JSON)
def test_any_path_finds_or_raises_its_own_error(path: str, document: Any) -> None:
    try:
        JsonPath(path).find(document, budget())
    except VtlError:
        pass


@given(st.dictionaries(st.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True), JSON, min_size=1))
def test_every_member_is_found_under_its_name(document: dict[str, Any]) -> None:
    for name, value in document.items():
        assert JsonPath(f"$.{name}").find(document, budget()) == value
        assert JsonPath(f"$['{name}']").find(document, budget()) == value


def test_a_path_that_finds_everything_many_times_is_stopped() -> None:
    nested: Any = 1
    for _ in range(12):
        nested = [nested, nested]
    with pytest.raises(BudgetExceeded):
        JsonPath("$..*..*..*..*").find(nested, budget())
