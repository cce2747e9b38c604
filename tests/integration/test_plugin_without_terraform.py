"""The plugin's fixtures on an empty emulator, in projects without Terraform."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.provision.workspace import Workspace
from harness.targets.embedded import EmbeddedTarget
from harness.targets.settings import EmulatorSettings
from tests.integration.inner_pytest import emulators_left, run_pytest

CLEAN = """
import boto3, httpx, os, pytest

@pytest.mark.parametrize("time", [1, 2])
def test_each_test_finds_nothing(aws, clock, faults, sink, time):
    kinesis = aws.client("kinesis")
    assert kinesis.list_streams()["StreamNames"] == []
    assert faults.list() == []
    assert sink("api.example.com").requests == []

    kinesis.create_stream(StreamName="readings", ShardCount=1)
    before = clock.now()
    assert clock.advance(7200) == before + 7200
    rule = faults.add({"fault": "error", "match": {"service": "kinesis"}, "with": {"code": "Broken", "status": 500}})
    with pytest.raises(kinesis.exceptions.ClientError, match="Broken"):
        kinesis.list_streams()
    faults.assert_all_fired()
    assert faults.remove(rule["id"])["fired"] == 1
    with pytest.raises(AssertionError, match="never fired: idle"):
        faults.add({"id": "idle", "fault": "error", "match": {"service": "sqs"}, "with": {"code": "Broken"}})
        faults.assert_all_fired()

    sink("api.example.com").answer_with({"status": 503})
    url = f"{aws.url}/_harness/sinks/api.example.com/deliver"
    assert [httpx.post(url, content=b"one").status_code for _ in range(2)] == [503, 200]
    assert [each["status"] for each in sink("api.example.com").requests] == [503, 200]
    assert sink("api.example.com").records == [b"one"]


def test_tokens_of_an_issuer_on_the_internet(tokens, clock):
    import json, base64
    token = tokens("https://tenant.example.com/", audience="api", scope="read write", claims={"level": 3}, lifetime=60)
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    now = int(clock.now())
    assert claims == {
        "iss": "https://tenant.example.com/", "sub": "test-user", "aud": "api", "scope": "read write", "level": 3,
        "iat": now, "exp": now + 60,
    }


def test_clients_of_the_code_under_test_reach_the_emulator(aws):
    assert boto3.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert boto3.client("s3").meta.endpoint_url == aws.url


def test_the_environment_is_the_developers_again():
    assert os.environ["AWS_PROFILE"] == "no-such-profile"
    assert "AWS_SECRET_ACCESS_KEY" not in os.environ
    assert boto3.DEFAULT_SESSION is None


def test_own_options_of_a_client(aws):
    client = aws.client("sqs", region_name="eu-west-1")
    assert "eu-west-1" in client.create_queue(QueueName="jobs")["QueueUrl"] or client.meta.region_name == "eu-west-1"


def test_a_killed_emulator_is_started_anew_1(aws, faults):
    faults.add({"fault": "kill-emulator", "match": {"service": "kinesis"}})
    with pytest.raises(Exception):
        aws.client("kinesis").list_streams()


def test_a_killed_emulator_is_started_anew_2(aws):
    assert aws.client("kinesis").list_streams()["StreamNames"] == []


def test_a_stack_needs_an_option(stack):
    pass
"""

OWN_NAMES = """
import pytest

@pytest.fixture
def aws():
    return "mine"

@pytest.fixture
def clock(clock):
    return [clock]

def test_own_fixtures_win(aws, clock, sink):
    assert aws == "mine"
    assert clock[0].now() > 0
"""

UNUSED = """
import sys

def test_nothing_is_started_or_imported():
    assert "boto3" not in sys.modules
    assert "harness.emulator" not in sys.modules
    assert "harness.testing.opening" not in sys.modules
"""

BORROWED = """
import httpx

def test_it_holds_what_it_held(aws, clock, faults, sink):
    faults.add({"fault": "error", "match": {"service": "sqs"}, "with": {"code": "Broken"}})
    sink("api.example.com").answer_with({"status": 503})
    httpx.post(f"{aws.url}/_harness/sinks/api.example.com/deliver", content=b"one")
    assert aws.client("kinesis").list_streams()["StreamNames"] == ["mine"]
    aws.client("kinesis").delete_stream(StreamName="mine")

def test_it_still_does(aws, faults, sink):
    assert faults.list() == []
    assert sink("api.example.com").requests == []
    assert aws.client("kinesis").list_streams()["StreamNames"] == ["mine"]
    aws.client("kinesis").create_stream(StreamName="other", ShardCount=1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def test_every_test_starts_clean(project: Path) -> None:
    """Data, time, faults and sinks of one test are not there for the next; nothing is left behind."""
    (project / "test_clean.py").write_text(CLEAN)
    finished = run_pytest(project)
    assert "8 passed, 1 error" in finished.said, finished.said
    assert "The fixture stack needs a Terraform stack: --harness-stack PATH" in finished.said
    assert emulators_left(project) == []


def test_own_fixtures_of_the_same_names_win(project: Path) -> None:
    """The plugin's other fixtures do not hang on those that a project may override."""
    (project / "test_own.py").write_text(OWN_NAMES)
    finished = run_pytest(project)
    assert "1 passed" in finished.said, finished.said


def test_a_project_that_uses_none_of_it_pays_nothing(project: Path) -> None:
    (project / "test_unused.py").write_text(UNUSED)
    finished = run_pytest(project)
    assert "1 passed" in finished.said, finished.said
    assert not (project / ".harness").exists()


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--harness-target=moon", "There is no target moon; use embedded, localstack or aws."),
        ("--harness-seed=x", "--harness-seed x is not a number."),
        ("--harness-endpoint-url=4566", "--harness-endpoint-url 4566 is no URL of an emulator"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(project: Path, option: str, sentence: str) -> None:
    finished = run_pytest(project, option)
    assert finished.code == 4
    assert f"ERROR: {sentence}" in finished.said
    assert "Traceback" not in finished.said


def test_containers_without_a_daemon_are_one_sentence(project: Path) -> None:
    (project / "test_clean.py").write_text("def test_it(aws):\n    pass\n")
    finished = run_pytest(project, "--harness-target=localstack", DOCKER_HOST=f"unix://{project}/none.sock")
    assert "No Docker daemon answers (there is no socket); start one" in finished.said
    assert "pytest_plugin.py" not in finished.said


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--harness-iam=enforce", "On the target localstack IAM is LocalStack's, which decides nothing"),
        ("--harness-endpoint-url=http://127.0.0.1:9", "The target localstack starts containers of its own"),
    ],
)
def test_options_that_containers_do_not_have(project: Path, option: str, sentence: str) -> None:
    (project / "test_clean.py").write_text("def test_it(aws):\n    pass\n")
    assert sentence in run_pytest(project, "--harness-target=localstack", option).said


CONTAINERS = """
def test_it(containers):
    raise AssertionError("it must be skipped")
"""


def test_containers_are_skipped_where_there_are_none(project: Path) -> None:
    (project / "test_containers.py").write_text(CONTAINERS)
    finished = run_pytest(project, "-rs")
    assert "1 skipped" in finished.said
    assert "needs containers, which the target embedded does not have" in finished.said


def test_an_emulator_that_runs_already_is_left_as_it_was(project: Path, tmp_path: Path) -> None:
    """With --harness-endpoint-url every test finds what the emulator held; with two workers that is refused."""
    (project / "test_borrowed.py").write_text(BORROWED)
    target = EmbeddedTarget(Workspace(tmp_path), 0, EmulatorSettings("manual", 5))
    target.start()
    try:
        target.aws.client("kinesis").create_stream(StreamName="mine", ShardCount=1)
        finished = run_pytest(project, f"--harness-endpoint-url={target.endpoint_url}")
        assert "2 passed" in finished.said, finished.said
        assert target.aws.client("kinesis").list_streams()["StreamNames"] == ["mine"]
        assert target.admin.snapshots() == []

        refused = run_pytest(project, f"--harness-endpoint-url={target.endpoint_url}", "-n", "2")
        assert refused.code == 4
        assert "One emulator cannot serve several workers" in refused.said
    finally:
        target.stop()


def test_an_endpoint_that_does_not_answer_is_one_sentence(project: Path) -> None:
    (project / "test_borrowed.py").write_text(BORROWED)
    finished = run_pytest(project, "--harness-endpoint-url=http://127.0.0.1:9")
    assert "The emulator at http://127.0.0.1:9 does not answer" in finished.said
    assert "pytest_plugin.py" not in finished.said
