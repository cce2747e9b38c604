"""The target aws before and after the stack: what is refused, what is asked, and how an interrupted run ends.

Terraform is a fake, the account an emulator that stands in for AWS.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fake_terraform import FakeTerraform
from tests.integration.stand_in import StandIn, make_project, records, run_pytest, stand_in, start
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(900)  # the machine may be busy
CONFIRMED = "--harness-i-know-this-costs-money"
DECLARED = """
import pathlib, pytest, time

@pytest.mark.harness_aws(seconds=600)
def test_it(aws, stack):
    pathlib.Path("started").touch()
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def aws_like(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with stand_in(tmp_path_factory.mktemp("aws")) as place:
        yield place


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", DECLARED)


def fake(tmp_path: Path) -> FakeTerraform:
    stream = {"type": "aws_kinesis_stream", "mode": "managed", "address": "aws_kinesis_stream.it"}
    change = {"actions": ["create"], "after": {"shard_count": 2}}
    return FakeTerraform.make(tmp_path / "fake", {"resource_changes": [{**stream, "change": change}]})


def test_without_the_confirmation_the_estimate_is_all(aws_like: StandIn, project: Path, tmp_path: Path) -> None:
    terraform = fake(tmp_path)
    finished = run_pytest(project, aws_like.user("alice") | terraform.environment)
    assert finished.code == 4
    assert "harness: 1 resource: 1 aws_kinesis_stream" in finished.said, finished.said
    assert "the tests declare 600 s" in finished.said
    assert "cost at least $0.03 for standing that long ($0.0300 an hour; left behind, $21.90 a month)" in finished.said
    assert "ERROR: Nothing was made; to go ahead, say --harness-i-know-this-costs-money." in finished.said
    assert terraform.commands() == ["init", "plan", "show"]
    assert records(project) == []
    assert not (project / "started").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_destroyed(aws_like: StandIn, project: Path, tmp_path: Path, number: int) -> None:
    """Ctrl-C, and the signal of a CI system that cancels a job."""
    terraform = fake(tmp_path)
    process = start(
        project, aws_like.user("alice") | terraform.environment, "pytest", "--harness-target=aws", CONFIRMED
    )
    wait_until((project / "started").exists, 600)
    assert len(records(project)) == 1
    process.send_signal(number)
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 2, said
    assert terraform.commands() == ["init", "plan", "show", "apply", "init", "destroy"]
    assert records(project) == []


def test_wrong_credentials_are_one_sentence(aws_like: StandIn, project: Path) -> None:
    wrong = aws_like.user("alice") | {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}
    finished = run_pytest(project, wrong, CONFIRMED)
    assert finished.code == 4
    assert "ERROR: AWS refuses the ambient credentials (InvalidClientTokenId)" in finished.said, finished.said
    assert not (project / ".harness").exists()


@pytest.mark.parametrize(
    ("change", "arguments", "sentence"),
    [
        ({"AWS_REGION": ""}, [], "No region is set for AWS: set AWS_REGION"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, [], "The ambient AWS credentials lead nowhere"),
        ({}, ["-n", "2"], "all tests share one stack, so they run one after another: leave out -n"),
        ({}, ["--harness-stack=elsewhere"], "There is no stack elsewhere"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    aws_like: StandIn, project: Path, change: dict[str, str], arguments: list[str], sentence: str
) -> None:
    finished = run_pytest(project, aws_like.user("alice") | change, CONFIRMED, *arguments)
    assert finished.code == 4, finished.said
    assert sentence in finished.said
    assert "Traceback" not in finished.said
    assert records(project) == []


def test_nothing_is_asked_for_tests_that_use_nothing(aws_like: StandIn, project: Path, tmp_path: Path) -> None:
    """No test that runs on aws: no plan, no question."""
    (project / "test_notes.py").write_text("def test_it():\n    pass\n\n\ndef test_undeclared(aws):\n    pass\n")
    terraform = fake(tmp_path)
    finished = run_pytest(project, aws_like.user("alice") | terraform.environment)
    assert "1 passed, 1 skipped" in finished.said, finished.said
    assert terraform.commands() == []
