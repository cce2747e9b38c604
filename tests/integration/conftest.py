"""The full stack for every test as it was right after the apply, by the project's own pytest plugin."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import NoReturn

import pytest

from harness.problem import Problem
from harness.pytest_plugin import harness_options
from harness.targets import DEFAULT_TARGET, Capability, lacks
from harness.testing.opening import suite_on
from harness.testing.suite import Suite
from harness.testing.topology import Unobtainable
from tests.conftest import Aws
from tests.integration.full_stack import FullStack
from tests.integration.provisioning import ROOT, Provisioned
from tests.integration.triggers_api import SamSuite, TriggersApi, sam_suite

# Whole runs of Terraform, of SAM CLI and of all drills: started first, so that they do not end last; of these first
# what has the full stack applied, for which other workers wait soon.
_LONG = (
    "test_systems_alone.py",
    "test_rest_systems_alone.py",
    "test_event_ingestion_usage.py",
    "test_terraform.py",
    "test_plugin_in_foreign_project.py",
    "test_drills.py",
    "test_account.py",
    "test_triggers_api_sam.py",
    "test_triggers_api_up.py",
)
# Fixtures of tests that play on the target's own stack.
_ON_THE_TARGET = {"harness_clean", "full", "usage_emulator"}
# The first test with one of these waits for Terraform, or for SAM CLI to be installed, to build and to deploy.
_PREPARED = {"harness_emulator", "sam"}
_PREPARED_SECONDS = 900  # the machine may be busy
# What the developer's shell may hold for another stack than ours.
_NOT_OURS = ("TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(_LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(_LONG)))
    target = harness_options(config).target
    for item in items:
        if not _PREPARED.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(_PREPARED_SECONDS))
        if target != DEFAULT_TARGET and _ON_THE_TARGET.isdisjoint(getattr(item, "fixturenames", ())):
            reason = f"starts emulators of its own, or needs none: the target {target} would make no difference"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def harness_emulator(request: pytest.FixtureRequest) -> Iterator[Suite]:
    """The plugin's, but skipped with a warning where Terraform cannot be had; in CI (CI=true) that is a failure."""
    for name in [name for name in os.environ if name.startswith(_NOT_OURS)]:
        del os.environ[name]
    # The processes that are started here run the code of this checkout, installed or not.
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        with suite_on(harness_options(request.config)) as suite:
            yield suite
    except Unobtainable as reason:
        _skip(f"the tests of the full stack need Terraform and its AWS provider: {reason.sentence} {reason.detail}")
    except Problem as problem:
        pytest.fail(f"{problem.sentence}\n\n{problem.detail}", pytrace=False)
    if not request.session.testsfailed:
        suite.target.forget()


def _skip(sentence: str) -> NoReturn:
    """Skip with a warning; in CI (CI=true) that is a failure."""
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(sentence, pytrace=False)
    warnings.warn(f"SKIPPED: {sentence}", stacklevel=1)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def full(harness_emulator: Suite) -> Provisioned:
    """Terraform on the emulator of this process."""
    return Provisioned.of(harness_emulator)


@pytest.fixture(scope="session")
def _session_aws(harness_emulator: Suite) -> Aws:
    return Aws(harness_emulator.aws.url)


@pytest.fixture
def aws(harness_clean: Suite, _session_aws: Aws) -> Aws:
    """The handle of the project's other tests, on the emulator with the full stack."""
    return _session_aws


@pytest.fixture
def snapshots(harness_clean: Suite) -> None:
    """Skips the test where no snapshot holds the whole state."""
    if Capability.SNAPSHOTS not in harness_clean.target.capabilities:
        pytest.skip(lacks(harness_clean.target.name, Capability.SNAPSHOTS))


@pytest.fixture
def iam_is_here(harness_clean: Suite) -> None:
    """Skips the test where no policy can decide over what the emulator does."""
    if harness_clean.target.name != DEFAULT_TARGET:
        pytest.skip(f"needs IAM in the emulator itself; on the target {harness_clean.target.name} it is behind")


@pytest.fixture
def stack(harness_clean: Suite, aws: Aws) -> Iterator[FullStack]:
    """The full stack, clean. A traceback in the emulator's log fails the test."""
    before = harness_clean.target.log_position()
    yield FullStack(aws, harness_clean.outputs or {})
    new = harness_clean.target.log_since(before)
    assert "Traceback" not in new, f"the emulator logged an error:\n{new[-4000:]}"


@pytest.fixture(scope="session")
def sam(request: pytest.FixtureRequest) -> Iterator[SamSuite]:
    """The triggers API on an emulator of this process; skipped like the full stack where SAM CLI cannot be had."""
    try:
        with sam_suite(harness_options(request.config)) as suite:
            yield suite
    except Unobtainable as reason:
        _skip(f"the tests of the triggers API need SAM CLI and its packages: {reason.sentence} {reason.detail}")
    except Problem as problem:
        pytest.fail(f"{problem.sentence}\n\n{problem.detail}", pytrace=False)
    if not request.session.testsfailed:
        suite.suite.target.forget()


@pytest.fixture(scope="module")
def triggers(sam: SamSuite) -> Iterator[TriggersApi]:
    """The deployed triggers API, clean, for the tests of a module. A traceback in the emulator's log fails the last."""
    sam.suite.clean()
    before = sam.suite.target.log_position()
    yield TriggersApi(Aws(sam.suite.aws.url), sam.suite.outputs or {})
    new = sam.suite.target.log_since(before)
    assert "Traceback" not in new, f"the emulator logged an error:\n{new[-4000:]}"


@pytest.fixture
def api(triggers: TriggersApi) -> TriggersApi:
    """The same with empty tables and logs, for tests that only use the API: its Lambda environment stays warm."""
    triggers.empty()
    return triggers
