"""scripts/new_service.py: what it makes answers, with nothing else touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.provisioning import ROOT

# One of each protocol: AWS JSON, REST with JSON, Query.
SERVICES = {"mediastore": "list_containers", "mq": "list_brokers", "elasticbeanstalk": "list_available_solution_stacks"}
CALL_OVER_HTTP = """
import sys, boto3
from harness.emulator.testing import EmulatorThread
with EmulatorThread() as emulator:
    for argument in sys.argv[1:]:
        service, _, operation = argument.partition(":")
        client = boto3.client(service, endpoint_url=emulator.url, region_name="eu-west-1",
                              aws_access_key_id="test", aws_secret_access_key="test")
        answer = getattr(client, operation)()
        print(service, answer["ResponseMetadata"]["HTTPStatusCode"], emulator.world.bus.is_native(service))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's sources, to be changed."""
    left = shutil.ignore_patterns("__pycache__", ".mypy_cache")
    for folder in ("harness", "scripts"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=left)
    for path in ("pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/elsewhere.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / "tests" / "conformance").mkdir()
    return tmp_path


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=250,
    )


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_new_service_answers_when_the_emulator_starts(copy: Path) -> None:
    before = files(copy)
    for service in SERVICES:
        made = python(copy, "scripts/new_service.py", service)
        assert made.returncode == 0, made.stderr
    after = files(copy)
    rooms = {f"harness/emulator/services/{service}/" for service in SERVICES}
    tests = {f"tests/conformance/test_{service}.py" for service in SERVICES}
    added = after.keys() - before.keys()
    assert {name for name in added if not name.startswith(tuple(rooms))} == tests
    assert {name: after[name] for name in before} == before, "nothing that was there is touched"

    called = python(copy, "-c", CALL_OVER_HTTP, *(f"{service}:{call}" for service, call in SERVICES.items()))
    assert called.stdout.splitlines() == [f"{service} 200 True" for service in SERVICES], called.stderr

    ran = python(copy, "-m", "pytest", "-p", "no:cacheprovider", *sorted(tests))
    assert ran.returncode == 0, ran.stdout
    styled = python(copy, "-m", "ruff", "check", "--no-cache", *sorted(rooms | tests))
    assert styled.returncode == 0, styled.stdout
    formatted = python(copy, "-m", "ruff", "format", "--no-cache", "--check", *sorted(rooms | tests))
    assert formatted.returncode == 0, formatted.stdout
