"""The plugin on --harness-target=localstack, in a project of its own with a Terraform stack."""

from __future__ import annotations

from pathlib import Path

import docker

from tests.integration.inner_pytest import run_pytest

STACK = """
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
resource "aws_s3_bucket" "out" { bucket = "plugin-out" }
resource "aws_sqs_queue" "letters" { name = "plugin-letters" }
resource "aws_kinesis_stream" "readings" {
  name        = "plugin-readings"
  shard_count = 1
}
output "bucket" { value = aws_s3_bucket.out.bucket }
output "queue" { value = aws_sqs_queue.letters.url }
output "stream" { value = aws_kinesis_stream.readings.name }
"""

TESTS = """
import pytest

@pytest.mark.parametrize("time", [1, 2])
def test_each_test_finds_the_stack_and_nothing_else(aws, stack, clock, faults, sink, ledger, backup, time):
    s3, sqs = aws.client("s3"), aws.client("sqs")
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [stack.bucket]
    assert "Contents" not in s3.list_objects_v2(Bucket=stack.bucket)
    assert "Messages" not in sqs.receive_message(QueueUrl=stack.queue)
    assert aws.client("kinesis").list_streams()["StreamNames"] == [stack.stream]
    assert faults.list() == []
    s3.put_object(Bucket=stack.bucket, Key="a", Body=b"1")
    s3.create_bucket(Bucket="later")
    sqs.send_message(QueueUrl=stack.queue, MessageBody="1")
    aws.client("kinesis").delete_stream(StreamName=stack.stream)
    faults.add({"fault": "error", "match": {"service": "s3"}, "with": {"code": "Broken", "status": 400}})
    clock.advance(3600)
    assert ledger.sent == [] and clock.settle() >= 0


def test_a_bucket_behind_is_destroyed(aws, stack):
    aws.client("s3").delete_bucket(Bucket=stack.bucket)


def test_it_is_there_again(aws, stack):
    aws.client("s3").put_object(Bucket=stack.bucket, Key="a", Body=b"1")


def test_containers_break(aws, stack, containers):
    with containers.killed("edge"):
        pass
    assert aws.client("kinesis").list_streams()["StreamNames"] == [stack.stream]
    containers.pause("localstack")  # and it forgets to go on


def test_all_is_well_again(aws, stack):
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=stack.bucket)


def test_policies_decide_nothing_here(aws, stack, public_faults):
    with public_faults.denied(stack.bucket):
        raise AssertionError("it must be skipped")


def test_a_failure_shows_the_containers(aws, stack):
    aws.client("s3").list_buckets()
    raise AssertionError("on purpose")
"""


def test_a_suite_on_containers(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nharness_stack = terraform\nharness_target = localstack\n")
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform" / "main.tf").write_text(STACK)
    (tmp_path / "test_it.py").write_text(TESTS)
    before = _containers()
    finished = run_pytest(tmp_path, "-rs")
    assert "1 failed, 6 passed, 1 skipped" in finished.said, finished.said
    assert "policies decide nothing here" in finished.said
    assert "harness: container localstack" in finished.said and "AWS s3.ListBuckets => 200" in finished.said
    assert list((tmp_path / ".harness" / "pytest").glob("*/localstack.log")), "logs of a failed run are kept"
    assert _containers() == before


def _containers() -> set[str]:
    client = docker.from_env()
    try:
        return {container.id for container in client.containers.list(all=True)}
    finally:
        client.close()


def test_what_does_not_go_together(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("def test_it(aws):\n    pass\n")
    finished = run_pytest(tmp_path, "--harness-target=localstack", "--harness-iam=enforce")
    assert "IAM is LocalStack's, which decides nothing" in finished.said
