"""YAML of callers: what it may cost, with libyaml and without."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec, module_from_spec
from types import ModuleType

import pytest
import yaml

from harness.emulator import yaml_text
from harness.emulator.api_gateway.openapi import Document, InvalidDocument
from harness.emulator.budget import BudgetExceeded

_KEYS = ", ".join(f"k{n}: 1" for n in range(10))
_LAUGHS = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))]
_MERGES = [f"a0: &a0 {{{_KEYS}}}"]
_MERGES += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 10)]
HOSTILE = {
    "laughs": "\n".join(_LAUGHS),
    "merge keys": "\n".join(_MERGES),
    "deep sequences": "- " * 100_000 + "1",
    "deep keys": "? " * 100_000 + "1",
    "deep block": "".join(" " * n + "- \n" for n in range(500)),
    "base 60": "a: 1" + ":59" * 100_000,
    "digits": "a: " + "1" * 100_000,
    "tag of a set": "a: !!set x",
    "tag of a boolean": "a: !!bool x",
    "tag of a date": "a: !!timestamp x",
    "tag of a number": "a: !!int ''",
    "key of a list": "? [a]\n: b",
}


@pytest.fixture(params=["libyaml", "python"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module as it is, and as it is where PyYAML was built without libyaml."""
    if request.param == "libyaml":
        return yaml_text
    monkeypatch.delattr(yaml, "CSafeLoader")
    found = find_spec(yaml_text.__name__)
    assert found is not None and found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, yaml_text.__name__, module)
    return module


@pytest.mark.parametrize("name", HOSTILE)
def test_what_costs_much_is_refused(name: str, reader: ModuleType) -> None:
    began = time.thread_time()
    with pytest.raises(InvalidDocument):
        Document.parse(b"openapi: 3.0.1\n" + HOSTILE[name].encode())
    assert time.thread_time() - began < 2


def test_both_read_the_same(reader: ModuleType) -> None:
    text = "a: &a [1, ~, 'b', 1.5, true]\nb: {<<: {c: 1}, d: *a}\n"
    held = [1, None, "b", 1.5, True]
    assert reader.load(text, reader.Loader) == {"a": held, "b": {"c": 1, "d": held}}
    assert reader.load("", reader.Loader) is None


def test_the_wheels_of_pyyaml_have_libyaml() -> None:
    assert issubclass(yaml_text.Loader, yaml.CSafeLoader)


def test_the_budget_holds_for_long_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "_STEPS", 1000)
    with pytest.raises(BudgetExceeded):
        yaml_text.load("[" + "1," * 2000 + "]", yaml_text.Loader)
