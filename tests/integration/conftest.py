"""The full stack for every test as it was right after the apply, on an emulator process of the worker's own."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.problem import Problem
from harness.targets.instance import emulator_log
from tests.conftest import Aws
from tests.integration.full_stack import SINK, FullStack
from tests.integration.provisioning import ROOT, Provisioned, Unobtainable, forget_files, provisioned

# Whole Terraform runs: started first, so that they do not end last.
_LONG = "test_terraform.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name != _LONG)


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> Iterator[Provisioned]:
    """Terraform's work, once per change of its inputs. Skipped with a warning where Terraform cannot be had; in CI
    (CI=true) that is a failure."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    # The processes that are started here run the code of this checkout, installed or not.
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        with provisioned() as result:
            yield result
    except Unobtainable as reason:
        sentence = f"the tests of the full stack need Terraform and its AWS provider: {reason}"
        if os.environ.get("CI", "").lower() in ("true", "1"):
            pytest.fail(sentence, pytrace=False)
        warnings.warn(f"SKIPPED: {sentence}", stacklevel=1)
        pytest.skip(sentence)
    except Problem as problem:
        pytest.fail(f"{problem.sentence}\n\n{problem.detail}", pytrace=False)
    if not request.session.testsfailed:
        forget_files(result.target)


@pytest.fixture(scope="session")
def _session_stack(full: Provisioned) -> FullStack:
    return FullStack(Aws(full.target.endpoint_url), full.outputs())


@pytest.fixture
def stack(full: Provisioned, _session_stack: FullStack) -> Iterator[FullStack]:
    """The full stack, clean. A traceback in the emulator's log fails the test."""
    full.target.admin.restore_snapshot(full.snapshot)
    _session_stack.aws.admin("DELETE", f"sinks/{SINK}")
    log = emulator_log(full.target.workspace, full.target.port)
    before = log.stat().st_size
    yield _session_stack
    new = _since(log, before)
    assert "Traceback" not in new, f"the emulator logged an error:\n{new[-4000:]}"


def _since(log: Path, position: int) -> str:
    with log.open("rb") as file:
        file.seek(position)
        return file.read().decode(errors="replace")
