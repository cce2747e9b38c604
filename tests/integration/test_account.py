"""The target aws against an emulator that stands in for AWS: real Terraform, real keys, IAM that decides."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.stand_in import StandIn, make_project, records, run_pytest, stand_in, start, sweep
from tests.waiting import wait_until

# Several runs of Terraform each, and the machine may be busy.
pytestmark = pytest.mark.timeout(900)

CONFIRMED = "--harness-i-know-this-costs-money"

NOTES = '''
import boto3, json, os, pytest
from harness.ledger import Outcome
from harness.sinks import S3Objects


class Notes:
    """Records go in by invocations of the function."""

    name, most_records, most_bytes = "notes", 1, 100_000

    def __init__(self, client, function):
        self.client, self.function = client, function

    def deliver(self, batch):
        (record,) = batch
        answer = self.client.invoke(FunctionName=self.function, Payload=json.dumps({"text": record.data.decode()}))
        return [Outcome("refused", answer["FunctionError"]) if "FunctionError" in answer else Outcome("acknowledged")]


@pytest.mark.harness_aws(seconds=8)
def test_every_note_is_kept(aws, stack, ledger):
    ledger.send(Notes(aws.client("lambda"), stack.function), [{"id": number} for number in range(3)])
    ledger.check([S3Objects(aws.client("s3"), stack.bucket, "seen/")]).assert_valid()


@pytest.mark.harness_aws(seconds=2)
def test_the_next_test_finds_the_bucket_empty(stack):
    s3 = boto3.client("s3")  # as the code under test makes it
    assert "Contents" not in s3.list_objects_v2(Bucket=stack.bucket)
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=stack.bucket)["TagSet"]}
    assert stack.bucket == f"ph-{tags['harness-run'].rpartition('-')[2]}-notes"
    assert tags["harness-owner"] == "arn:aws:iam::123456789012:user/alice"
    assert "harness-start" in tags


@pytest.mark.harness_aws(seconds=2)
def test_a_failure_tells_the_function_s_log(aws, stack):
    aws.client("lambda").invoke(FunctionName=stack.function, Payload="{}")
    assert False


@pytest.mark.harness_aws(seconds=2)
def test_time_cannot_be_moved(clock):
    pass


@pytest.mark.harness_aws(seconds=2)
def test_code_cannot_be_put_back(stack):
    stack.replace_code(stack.function, "")


def test_undeclared(aws):
    pass
'''

HANGING = """
import pathlib, pytest, time

@pytest.mark.harness_aws(seconds=600)
def test_that_hangs(aws, stack):
    aws.client("s3").put_object(Bucket=stack.bucket, Key="left", Body=b"behind")
    aws.client("lambda").invoke(FunctionName=stack.function, Payload='{"text": "note"}')
    pathlib.Path("started").touch()
    time.sleep(600)
"""

SHORT = """
import pytest

@pytest.mark.harness_aws(seconds=1)
def test_it(aws, stack):
    pass
"""


@pytest.fixture
def aws_like(tmp_path: Path) -> Iterator[StandIn]:
    if shutil.which("terraform") is None:
        pytest.skip("Terraform is not on PATH")
    with stand_in(tmp_path / "aws") as place:
        yield place


def test_a_run_from_apply_to_destroy(aws_like: StandIn, tmp_path: Path) -> None:
    """The stack is applied under a prefix and with tags, tests that can run there do, and nothing is left: not even the
    log group that Lambda made beside Terraform. Others' resources stay."""
    aws_like.client("s3").create_bucket(Bucket="ph-notes")
    project = make_project(tmp_path / "project", NOTES)
    finished = run_pytest(project, aws_like.user("alice"), "-rs", CONFIRMED)
    assert "1 failed, 2 passed, 3 skipped" in finished.said, finished.said
    assert (
        "harness: aws account 123456789012, region us-east-1, as arn:aws:iam::123456789012:user/alice" in finished.said
    )
    assert "4 resources: 1 aws_iam_role, 1 aws_iam_role_policy, 1 aws_lambda_function, 1 aws_s3_bucket" in finished.said
    assert "the tests declare 14 s" in finished.said
    assert "needs clock, which the target aws does not have" in finished.said
    assert "needs reset, which the target aws does not have" in finished.said
    assert "declare how much, @pytest.mark.harness_aws(seconds=N)" in finished.said
    assert "target aws," in finished.said
    assert "KeyError: 'text'" in finished.said
    assert aws_like.names() == ["bucket ph-notes"]
    assert records(project) == []
    assert not list((project / "terraform").glob("*override*"))


def test_a_killed_run_is_swept_without_its_state(aws_like: StandIn, tmp_path: Path) -> None:
    """After `kill -9` the record tells what there is; with the Terraform state lost, all is found by its name. What
    others named nearly so stays."""
    alice = aws_like.user("alice")
    project = make_project(tmp_path / "project", HANGING)
    process = start(project, alice, "pytest", "-q", "--harness-target=aws", CONFIRMED)
    wait_until((project / "started").exists, 900)
    assert "still runs (pid" in sweep(project, alice, "--yes").said
    process.kill()
    process.communicate()

    (record,) = records(project)
    run = json.loads(record.read_text())
    prefix = f"ph-{run['id'].rpartition('-')[2]}-"
    assert len([name for name in aws_like.names() if prefix in name]) == 4
    for name in (prefix.rstrip("-"), f"x{prefix}notes", f"{prefix[:-2]}0-notes"):
        aws_like.client("s3").create_bucket(Bucket=name)
        aws_like.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    neighbours = [name for name in aws_like.names() if prefix not in name or f"x{prefix}" in name]

    (record.parent / "terraform.tfstate").unlink()
    listed = sweep(project, alice)
    assert f"{run['id']} ({prefix}*, begun " in listed.said
    assert "nothing was removed; to remove it: harness sweep --yes" in listed.said
    assert "left alone, it was made elsewhere" in sweep(project, {**alice, **_root_of_another_account()}, "--yes").said
    assert records(project) == [record]

    swept = sweep(project, alice, "--yes")
    assert swept.code == 0, swept.said
    assert f"removed bucket {prefix}notes" in swept.said
    assert aws_like.names() == neighbours
    assert records(project) == []
    assert "nothing is recorded" in sweep(project, alice).said


def test_a_run_that_may_not_apply_nor_destroy(aws_like: StandIn, tmp_path: Path) -> None:
    """Both are said, the record is kept, and somebody who may finishes the work by the Terraform state."""
    project = make_project(tmp_path / "project", SHORT)
    bob = aws_like.user("bob", "lambda:CreateFunction", "s3:DeleteBucket")
    finished = run_pytest(project, bob, CONFIRMED)
    assert finished.code == 1
    assert "terraform apply ended with one error" in finished.said, finished.said
    assert "is not authorized to perform: lambda:CreateFunction" in finished.said
    assert "may have left something in account 123456789012: harness sweep." in finished.said
    assert "is not authorized to perform: s3:DeleteBucket" in finished.said
    assert "account.py" not in finished.said
    assert [name.split()[0] for name in aws_like.names()] == ["bucket"]

    assert len(records(project)) == 1
    swept = sweep(project, aws_like.user("alice"), "--yes")
    assert swept.code == 0, swept.said
    assert aws_like.names() == []
    assert records(project) == []


def _root_of_another_account() -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": "210987654321", "AWS_SECRET_ACCESS_KEY": "test"}
