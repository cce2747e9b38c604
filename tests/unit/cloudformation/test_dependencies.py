"""The order of creation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.dependencies import creation_order


def test_each_after_what_it_needs_else_in_the_order_given() -> None:
    assert creation_order({"A": ["C"], "B": [], "C": ["B"], "D": []}) == ["B", "D", "C", "A"]


def test_unknown_dependencies_are_ignored() -> None:
    assert creation_order({"A": ["Elsewhere"]}) == ["A"]


def test_a_circle_is_refused_with_its_members_only() -> None:
    with pytest.raises(AwsError) as refused:
        creation_order({"A": ["B"], "B": ["C"], "C": ["B"], "D": ["A"], "E": []})
    assert refused.value.message == "Circular dependency between resources: [B, C]"


def test_a_resource_that_needs_itself_is_a_circle() -> None:
    with pytest.raises(AwsError, match=r"Circular dependency between resources: \[A\]"):
        creation_order({"A": ["A"]})


@given(st.integers(1, 12).flatmap(lambda n: st.lists(st.sets(st.integers(0, n - 1)), min_size=n, max_size=n)))
def test_an_order_is_right_or_there_is_a_circle(edges: list[set[int]]) -> None:
    dependencies = {str(one): [str(other) for other in sorted(needed)] for one, needed in enumerate(edges)}
    try:
        order = creation_order(dependencies)
    except AwsError as error:
        named = str(error.message).partition("[")[2].rstrip("]").split(", ")
        assert named and all(set(dependencies[one]) & set(named) for one in named)
        return
    assert sorted(order) == sorted(dependencies)
    for place, one in enumerate(order):
        assert set(dependencies[one]) <= set(order[:place])
