"""These tests run twice: on awslambdaric, and on the emulator's own runtime loop."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from harness.emulator.testing import EmulatorThread
from tests.conftest import Aws


@pytest.fixture(scope="session", params=["awslambdaric", "bootstrap"])
def emulator(request: pytest.FixtureRequest) -> Iterator[EmulatorThread]:
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    if request.param == "awslambdaric":
        pytest.importorskip("awslambdaric")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_LAMBDA_RUNTIME", request.param)
        with EmulatorThread(clock="manual", seed=7) as running:
            yield running


@pytest.fixture(scope="session")
def _session_aws(emulator: EmulatorThread) -> Aws:
    """A handle of its own: the one for all other tests would stay with this emulator when they come next."""
    return Aws(emulator.url)
