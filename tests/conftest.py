"""Fixtures for tests against a running emulator with manual time.

`aws` is the handle: clients, admin calls, time. One emulator per test process; every test gets it empty.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from harness.emulator.testing import EmulatorThread


class Aws:
    """A clean emulator. Time stands still unless the test moves it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=60)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A boto3 client without retries and without client-side validation (the emulator must validate)."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(
                    retries={"max_attempts": 0, "mode": "standard"},
                    parameter_validation=False,
                    read_timeout=60,
                    s3={"addressing_style": "path"},
                ),
            )
        return self._clients[service]

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the admin API (`/_harness/…`); returns the JSON answer, raises for an error status."""
        answer = self.http.request(method, f"/_harness/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def now(self) -> float:
        return float(self.admin("GET", "clock")["now"])

    def advance(self, seconds: float) -> None:
        """Move time on; everything due on the way has happened when this returns."""
        self.admin("POST", "clock/advance", {"seconds": seconds})

    def settle(self, max_seconds: float = 7 * 86400) -> float:
        """Let time pass until nothing is in flight; returns the virtual seconds that took."""
        answer = self.admin("POST", "clock/settle", {"max_seconds": max_seconds})
        assert answer["settled"], f"not settled, stuck: {answer['stuck']}"
        return float(answer["elapsed"])


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorThread]:
    # Keep the developer's own AWS settings out of the tests' clients.
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    with EmulatorThread(clock="manual", seed=7) as running:
        yield running


@pytest.fixture(scope="session")
def _session_aws(emulator: EmulatorThread) -> Aws:
    return Aws(emulator.url)


@pytest.fixture
def aws(_session_aws: Aws) -> Aws:
    _session_aws.admin("POST", "reset")
    return _session_aws
