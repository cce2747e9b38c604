"""Tests that need a Docker daemon: skipped unless HARNESS_DOCKER_TESTS=1, since `make test` and CI do without one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.aws_resources.remembered import Remembered
from harness.containers import ContainerFaults, LocalStackWithEdge
from tests.conftest import Aws

WANTED = "HARNESS_DOCKER_TESTS"
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.docker)
            # The first of them waits for LocalStack to come up.
            item.add_marker(pytest.mark.timeout(600))
            if os.environ.get(WANTED) != "1":
                item.add_marker(pytest.mark.skip(reason=f"needs a Docker daemon; run with {WANTED}=1"))


@pytest.fixture(scope="session")
def pair() -> Iterator[LocalStackWithEdge]:
    with LocalStackWithEdge(clock="manual", seed=7, more_native=("logs",)) as running:
        yield running


@pytest.fixture(scope="session")
def upstream(pair: LocalStackWithEdge) -> Remembered:
    upstream = Remembered(Aws(pair.url).client, pair.native.split(","))
    upstream.remember()
    return upstream


@pytest.fixture
def aws(pair: LocalStackWithEdge, upstream: Remembered) -> Aws:
    aws = Aws(pair.url)
    aws.admin("POST", "reset?part=here")
    upstream.clean()
    return aws


@pytest.fixture
def faults(pair: LocalStackWithEdge) -> Iterator[ContainerFaults]:
    faults = ContainerFaults(pair)
    yield faults
    faults.heal()
