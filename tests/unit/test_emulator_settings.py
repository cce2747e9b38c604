"""The settings of an emulator, from the command line to its process and its record."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.__main__ import _options
from harness.targets.settings import AS_USUAL, EmulatorSettings

_SETTINGS = st.builds(
    EmulatorSettings,
    clock=st.sampled_from(["real", "manual", "x60"]),
    seed=st.none() | st.integers(0, 2**32),
    state_dir=st.none() | st.just("state"),
    iam=st.sampled_from(["off", "enforce"]),
    upstream=st.none() | st.just("http://localhost:4567"),
    allow_host=st.lists(st.sampled_from(["a.example", "b.example"]), unique=True).map(tuple),
)


@given(_SETTINGS)
def test_a_record_keeps_them(settings: EmulatorSettings) -> None:
    assert EmulatorSettings.read(json.loads(json.dumps(asdict(settings)))) == settings


@given(_SETTINGS)
def test_the_emulator_takes_its_arguments(settings: EmulatorSettings) -> None:
    options = vars(_options(settings.argv()))
    for each in fields(settings):
        wanted = getattr(settings, each.name)
        if wanted != each.default:
            taken = options[each.name]
            assert (tuple(taken) if isinstance(taken, list) else type(wanted)(taken)) == wanted


def test_what_is_as_usual_is_not_said() -> None:
    assert AS_USUAL.argv() == []
    assert EmulatorSettings("x60", 5, allow_host=("a", "b")).argv() == [
        "--clock", "x60", "--seed", "5", "--allow-host", "a", "--allow-host", "b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, None),
        ({"clock": "manual", "seed": 5}, None),
        ({"clock": "real"}, ("--clock", "manual")),
        ({"state_dir": "/s"}, ("--state-dir", "unset")),
        ({"allow_host": ("c",)}, ("--allow-host", "a, b")),
    ],
)
def test_what_runs_otherwise_than_asked_for(wanted: dict[str, Any], said: tuple[str, str] | None) -> None:
    assert EmulatorSettings("manual", 5, allow_host=("a", "b")).difference(wanted) == said


def test_what_may_change_a_stack_is_in_its_key() -> None:
    assert EmulatorSettings("manual", 5).facts() == {"clock": "manual", "seed": "5"}
    assert EmulatorSettings(allow_host=("a", "b")).facts()["allow_host"] == "a, b"


def test_members_of_another_version_are_left_out() -> None:
    assert EmulatorSettings.read({"clock": "manual", "colour": "red"}) == EmulatorSettings("manual")
