"""An emulator in front of moto_server, with the services split between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.emulator.testing import EmulatorThread
from tests.conftest import Aws
from tests.local_moto import moto_server


@pytest.fixture(scope="session")
def moto_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto_server in a process of its own, in our default account."""
    with moto_server(tmp_path_factory.mktemp("moto") / "log") as url:
        yield url


@pytest.fixture(scope="session")
def emulators() -> Iterator[Callable[[str, str], Aws]]:
    """Emulators by upstream and split, each started once. Real time: what is behind has its own."""
    running: dict[tuple[str, str], tuple[EmulatorThread, Aws]] = {}

    def get(upstream: str, native: str) -> Aws:
        key = (upstream, native)
        if key not in running:
            thread = EmulatorThread(clock="manual", seed=7, upstream=upstream, native=native)
            thread.__enter__()
            running[key] = (thread, Aws(thread.url))
        return running[key][1]

    yield get
    for thread, _ in running.values():
        thread.__exit__(None, None, None)


@pytest.fixture
def front(moto_url: str, emulators: Callable[[str, str], Aws]) -> Callable[[str], Any]:
    """An emptied emulator in front of an emptied moto_server, for a split of services."""

    def start(native: str) -> Aws:
        aws = emulators(moto_url, native)
        aws.admin("POST", "reset")
        return aws

    return start
