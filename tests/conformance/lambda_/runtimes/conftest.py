"""These tests run twice: on awslambdaric with AWS's paths, and on the emulator's own runtime loop with real ones, as
where neither awslambdaric nor a mount namespace can be had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from harness.emulator.testing import EmulatorThread
from harness.parity.session import CannotBeShown, parity_session
from tests.conftest import Aws, aws_at, forget_aws_settings


@pytest.fixture(scope="session", params=["awslambdaric", "bootstrap"])
def emulator(request: pytest.FixtureRequest) -> Iterator[EmulatorThread | None]:
    parity = parity_session(request.config)
    if parity is not None and parity.target is not None:
        # Once: what runs functions there is not ours to choose.
        if request.param != "awslambdaric":
            raise CannotBeShown("is about this emulator's own runtime loop", "process")
        yield None
        return
    forget_aws_settings()
    if request.param == "awslambdaric":
        pytest.importorskip("awslambdaric")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:  # read while it starts; emulators of other tests start later
            patch.setenv("HARNESS_LAMBDA_RUNTIME", request.param)
            patch.setenv("HARNESS_LAMBDA_PATHS", "aws" if request.param == "awslambdaric" else "real")
            running = stack.enter_context(EmulatorThread(clock="manual", seed=7))
        yield running


@pytest.fixture(scope="session")
def _session_aws(request: pytest.FixtureRequest, emulator: EmulatorThread) -> Aws:
    """A handle of its own: the one for all other tests would stay with this emulator when they come next."""
    return aws_at(request.config, lambda: emulator)
