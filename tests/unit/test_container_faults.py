"""Faults on containers, against a Docker that is made up: each is mended, whatever happens in between."""

from __future__ import annotations

import pytest

from harness.containers import ContainerFaults
from harness.problem import Problem
from tests.unit.fake_docker import FakeRunning


class Broken(Exception):
    pass


@pytest.fixture
def running() -> FakeRunning:
    return FakeRunning()


FAULTS = {
    "paused": ["pause edge", "unpause edge", "answers edge"],
    "killed": ["kill edge", "wait edge", "start edge", "answers edge"],
    "disconnected": ["disconnect edge", "connect edge as edge", "answers edge"],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_with_its_block(running: FakeRunning, fault: str) -> None:
    """Also after an error; and at its end the container answers."""
    faults = ContainerFaults(running)
    with pytest.raises(Broken), getattr(faults, fault)("edge"):
        assert faults.active == [f"{fault} edge"]
        raise Broken
    assert running.calls == FAULTS[fault]
    assert not faults.active
    faults.heal()
    assert running.calls == FAULTS[fault], "nothing is left to be mended"


def test_restart_waits_until_it_answers(running: FakeRunning) -> None:
    ContainerFaults(running).restart("localstack")
    assert running.calls == ["restart localstack", "answers localstack"]


def test_heal_ends_what_is_left_the_latest_first(running: FakeRunning) -> None:
    """A container that two faults hold is asked for an answer when both have ended."""
    faults = ContainerFaults(running)
    faults.disconnect("localstack")
    faults.pause("localstack")
    faults.kill("edge")
    running.calls.clear()
    faults.heal()
    assert running.calls == [
        "start edge",
        "answers edge",
        "unpause localstack",
        "connect localstack as localstack",
        "answers localstack",
    ]


def test_one_that_cannot_be_ended_does_not_keep_the_others(running: FakeRunning) -> None:
    faults = ContainerFaults(running)
    faults.disconnect("localstack")
    faults.pause("edge")
    running.refuses.add("unpause")
    with pytest.raises(Problem, match="Docker refused to end paused edge: cannot unpause edge") as caught:
        faults.heal()
    assert "\n" not in caught.value.sentence
    assert running.calls[-2:] == ["connect localstack as localstack", "answers localstack"]


def test_what_docker_refuses_is_no_fault(running: FakeRunning) -> None:
    """It has not begun, so there is nothing to end."""
    running.refuses.add("pause")
    faults = ContainerFaults(running)
    with pytest.raises(Problem, match="Docker refused to pause edge"), faults.paused("edge"):
        raise AssertionError("the block must not run")
    assert not faults.active and not running.calls


def test_a_container_that_is_none(running: FakeRunning) -> None:
    with pytest.raises(Problem, match="no container moon; there are edge, localstack"):
        ContainerFaults(running).pause("moon")
