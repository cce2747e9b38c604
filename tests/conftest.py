"""Fixtures for tests against a running emulator with manual time.

`aws` is the handle: clients, admin calls, time. One emulator per test process; every test gets it empty.
`harness parity` runs the conformance suite on endpoints that it did not start (docs/parity.md): what needs more than
such a place has is not shown there.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, settings

from harness.emulator.testing import EmulatorThread
from harness.parity.session import CLIENT_SECONDS, CannotBeShown, ParitySession, parity_session
from harness.testing import Aws as PluginAws
from tests.elsewhere import adapt

# A loaded machine is slow, not wrong: no example has a time limit. A failure prints how to repeat it.
settings.register_profile("suite", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# A shell starts background jobs (`make test &`, nohup) with SIGINT ignored, and children inherit that: tests that
# interrupt a process would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """`-n auto`: one more than there are cores, since now and then one waits for Terraform, which waits for AWS.

    PYTEST_XDIST_AUTO_NUM_WORKERS counts instead, as in any other suite.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


class Aws(PluginAws):
    """A clean emulator. Time stands still unless the test moves it.

    `parity` is given while targets are compared: it watches the clients, and knows what the target lacks.
    """

    def __init__(self, url: str, parity: ParitySession | None = None) -> None:
        super().__init__(url, "us-east-1")
        self.parity = parity
        options = {"timeout": 60, **(parity.http_options() if parity is not None else {})}
        self.http = httpx.Client(base_url=url, **options)

    def _make(self, service: str, **options: Any) -> Any:
        client = super()._make(service, **options)
        if self.parity is not None:
            self.parity.recorder.watch(client)
        if self._elsewhere:
            adapt(client, super()._make)
        return client

    def _config(self) -> Any:
        """Without client-side validation: the emulator must validate."""
        config = super()._config().merge(Config(parameter_validation=False))
        if self._elsewhere:
            config = config.merge(Config(connect_timeout=CLIENT_SECONDS, read_timeout=CLIENT_SECONDS))
        return config

    @property
    def _elsewhere(self) -> bool:
        return self.parity is not None and self.parity.target is not None

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the admin API (`/_harness/…`); returns the JSON answer, raises for an error status."""
        if self.parity is not None:
            self.parity.require_admin(path)
        answer = self.http.request(method, f"/_harness/{path}", json=body)
        if answer.status_code == 409 and self.parity is not None and self._elsewhere:
            self.parity.lacks(path, answer.json()["message"])
        answer.raise_for_status()
        return answer.json()

    def now(self) -> float:
        if self.parity is not None and not self.parity.has("clock"):
            return time.time()
        return float(self.admin("GET", "clock")["now"])

    def advance(self, seconds: float) -> None:
        """Move time on; everything due on the way has happened when this returns."""
        self.admin("POST", "clock/advance", {"seconds": seconds})

    def settle(self, max_seconds: float = 7 * 86400) -> float:
        """Let time pass until nothing is in flight; returns the virtual seconds that took."""
        answer = self.admin("POST", "clock/settle", {"max_seconds": max_seconds})
        assert answer["settled"], f"not settled, stuck: {answer['stuck']}"
        return float(answer["elapsed"])

    def reset(self) -> None:
        """Empty it, as far as it can be emptied."""
        if self.parity is not None and self.parity.target is not None:
            self.parity.empty()
        else:
            self.admin("POST", "reset")


def aws_at(config: pytest.Config, emulator: Callable[[], EmulatorThread]) -> Aws:
    """The handle of the tests: on the endpoint that they are compared on, else on the emulator."""
    parity = parity_session(config)
    if parity is not None and parity.target is not None:
        forget_aws_settings()
        return Aws(parity.target.url, parity)
    return Aws(emulator().url, parity)


def forget_aws_settings() -> None:
    """Keep the developer's own AWS settings out of the tests' clients."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


@pytest.fixture(scope="session")
def emulator(request: pytest.FixtureRequest) -> Iterator[EmulatorThread]:
    parity = parity_session(request.config)
    if parity is not None and parity.target is not None:
        raise CannotBeShown("needs the emulator inside the test's process", "process")
    forget_aws_settings()
    with EmulatorThread(clock="manual", seed=7) as running:
        yield running


@pytest.fixture(scope="session")
def _session_aws(request: pytest.FixtureRequest) -> Aws:
    return aws_at(request.config, lambda: request.getfixturevalue("emulator"))


@pytest.fixture
def aws(_session_aws: Aws) -> Aws:
    _session_aws.reset()
    return _session_aws
