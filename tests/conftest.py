"""Fixtures for tests against a running emulator with manual time.

`aws` is the handle: clients, admin calls, time. One emulator per test process; every test gets it empty.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, settings

from harness.emulator.testing import EmulatorThread
from harness.testing import Aws as PluginAws

# A loaded machine is slow, not wrong: no example has a time limit. A failure prints how to repeat it.
settings.register_profile("suite", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# A shell starts background jobs (`make test &`, nohup) with SIGINT ignored, and children inherit that: tests that
# interrupt a process would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Aws(PluginAws):
    """A clean emulator. Time stands still unless the test moves it."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "us-east-1")
        self.http = httpx.Client(base_url=url, timeout=60)

    def _config(self) -> Any:
        """Without client-side validation: the emulator must validate."""
        return super()._config().merge(Config(parameter_validation=False))

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
