"""Templates that would hold the event loop are refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.intrinsics import Resolver, Symbolic
from harness.emulator.services.cloudformation.parameters import declared_parameters
from harness.emulator.services.cloudformation.template import parse_template


def resolve(value: Any) -> Any:
    resolver = Resolver(
        parameters={"P": "x" * 4096},
        mappings={},
        conditions={},
        references=Symbolic(),
        active=lambda _: True,
    )
    return resolver.resolve(value)


def nested(function: str, levels: int) -> Any:
    value: Any = {"Ref": "P"}
    for _ in range(levels):
        value = {"Fn::Sub": ["${a}${a}", {"a": value}]} if function == "Fn::Sub" else {"Fn::Join": ["", [value, value]]}
    return value


@pytest.mark.parametrize(
    "value",
    [
        nested("Fn::Sub", 40),
        nested("Fn::Join", 40),
        {"Fn::Sub": "${P}" * 10_000},
        {"Fn::Join": ["x" * 50_000, [{"Ref": "P"}] * 10_000]},
        nested("Fn::Sub", 400),
    ],
    ids=["sub", "join", "many", "delimiter", "deep"],
)
def test_functions_that_grow(value: Any) -> None:
    began = time.thread_time()
    with pytest.raises(AwsError, match="ValidationError"):
        resolve(value)
    assert time.thread_time() - began < 0.25


@pytest.mark.parametrize("levels", [200, 10_000, 100_000])
@pytest.mark.parametrize("yaml", [False, True])
def test_deep_templates(levels: int, yaml: bool) -> None:
    deep = "[" * levels + "]" * levels
    with pytest.raises(AwsError, match="ValidationError"):
        parse_template(f"a: {deep}" if yaml else f'{{"a": {deep}}}')


def test_a_pattern_without_an_end() -> None:
    declared = declared_parameters({"Parameters": {"P": {"Type": "String", "AllowedPattern": "(a|aa)+$"}}})
    began = time.thread_time()
    with pytest.raises(AwsError, match="must match pattern"):
        declared["P"].check("a" * 100 + "!")
    declared = declared_parameters({"Parameters": {"P": {"Type": "CommaDelimitedList", "AllowedPattern": "(a|aa)+$"}}})
    with pytest.raises(AwsError, match="must match pattern"):
        declared["P"].check(",".join(["a" * 100 + "!"] * 1000))
    with pytest.raises(AwsError, match="Invalid constraint"):
        declared_parameters({"Parameters": {"P": {"Type": "String", "AllowedPattern": "(a{1000}){1000}"}}})
    assert time.thread_time() - began < 0.25


def test_a_usual_template_has_its_budget() -> None:
    value = {f"M{n}": {"Fn::Join": ["-", [{"Ref": "P"}, {"Fn::Sub": "a${P}"}]]} for n in range(500)}
    assert len(json.dumps(resolve(value))) > 4_000_000
