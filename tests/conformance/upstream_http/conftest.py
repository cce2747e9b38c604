"""An emulator in front of moto_server, with the services split between them."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.emulator.testing import EmulatorThread
from tests.conftest import Aws


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def moto_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto_server in a process of its own, in our default account."""
    port = free_port()
    log = Path(tmp_path_factory.mktemp("moto")) / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=output,
            env={"MOTO_ACCOUNT_ID": "000000000000", "PATH": ""},
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/moto-api/data.json", timeout=10)
                break
            except httpx.TransportError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        yield url
    finally:
        process.kill()
        process.wait()


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
