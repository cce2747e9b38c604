"""The plugin in a project that is not ours: a Terraform folder, Lambda code, two lines of configuration."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness.testing.suite import Suite
from tests.integration.inner_pytest import emulators_left, run_pytest
from tests.integration.provisioning import ROOT

_LEFT_OUT = shutil.ignore_patterns(".harness", "build", ".terraform*", "__pycache__", ".pytest_cache")

BROKEN = '''
from harness.ledger import KinesisEntry
from harness.sinks import S3Objects

FORGETFUL = """
def handler(event, context):
    return {"records": [{"recordId": r["recordId"], "result": "Dropped", "data": r["data"]} for r in event["records"]]}
"""
RAISING = """
def handler(event, context):
    raise RuntimeError("no price today")
"""


def test_forgetful(aws, stack, ledger, clock):
    stack.replace_code(stack.function_name, FORGETFUL)
    clock.advance(90)
    ledger.send(KinesisEntry(aws.client("kinesis"), stack.stream_name), [{"id": number} for number in range(7)])
    ledger.check([S3Objects(aws.client("s3"), stack.bucket_name, "priced/")]).assert_valid()


def test_raising(aws, stack, clock, faults):
    faults.add({"id": "unused", "fault": "error", "match": {"service": "sqs"}, "with": {"code": "Never"}})
    stack.replace_code(stack.function_name, RAISING)
    aws.client("kinesis").put_record(StreamName=stack.stream_name, PartitionKey="1", Data=b"{}")
    clock.settle()
    faults.assert_all_fired()
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "orders"
    shutil.copytree(ROOT / "examples" / "orders", folder, ignore=_LEFT_OUT)
    return folder


@pytest.fixture
def terraform(tmp_path: Path) -> tuple[Path, Path]:
    """A Terraform that writes down with which command it is run; and what it wrote."""
    real, record, command = shutil.which("terraform"), tmp_path / "commands", tmp_path / "terraform-that-counts"
    if real is None:
        pytest.skip("Terraform is not on PATH")
    command.write_text(f'#!/bin/sh\necho "$1" >>"{record}"\nexec "{real}" "$@"\n')
    command.chmod(0o755)
    return command, record


def test_the_example_with_two_workers(harness_emulator: Suite, project: Path, terraform: tuple[Path, Path]) -> None:
    """Terraform runs once for two workers and not at all for the next run; a failure's report says what happened."""
    command, record = terraform
    (project / "tests" / "test_broken.py").write_text(BROKEN)
    first = run_pytest(project, "-n", "2", TF_CMD=str(command))
    assert "2 failed, 4 passed" in first.said, first.said
    assert record.read_text().split().count("apply") == 1
    assert record.read_text().split().count("init") == 1
    assert emulators_left(project) == []

    forgetful, raising = _reports(first.said, "test_forgetful", "test_raising")
    assert 'seed 7; again: pytest --harness-seed 7 "tests/test_broken.py::test_forgetful"' in forgetful
    assert re.search(r"clock \d{4}-\d\d-\d\dT[\d:]{8}Z, [1-9]\d+\.\d s into the test", forgetful)
    assert "LedgerBroken: ledger: invalid" in forgetful
    assert "because 7 records are lost" in forgetful
    assert "fate: dropped because the transform answered Dropped" in forgetful
    assert "harness: log of" not in forgetful
    assert "harness: log of price-orders" in raising
    assert "RuntimeError: no price today" in raising
    assert "fault unused (error): matched 0, fired 0" in raising
    assert "ledger" not in raising
    assert "harness: errors of the emulator" not in first.said

    record.unlink()
    second = run_pytest(project, "-n", "2", "tests/test_orders.py", TF_CMD=str(command))
    assert "4 passed" in second.said, second.said
    assert set(record.read_text().split()) == {"version"}


def test_an_error_of_terraform_is_shown_once_as_it_is(harness_emulator: Suite, project: Path) -> None:
    """The diagnostic, for every test that needs the stack, without a stack trace of ours."""
    (project / "terraform" / "more.tf").write_text('output "wrong" {\n  value = aws_sqs_queue.none.url\n}\n')
    finished = run_pytest(project)
    assert finished.code == 1
    assert "4 errors" in finished.said, finished.said
    assert "Error: Reference to undeclared resource" in finished.said
    assert "pytest_plugin.py" not in finished.said
    assert emulators_left(project) == []


def _reports(said: str, *tests: str) -> list[str]:
    """What is said of each failed test."""
    parts = re.split(r"^_{5,} (\w+) _{5,}$", said.partition("short test summary")[0], flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return [found[test] for test in tests]
