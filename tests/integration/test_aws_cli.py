"""The iot walk-through with the real AWS CLI, as its document writes it.

Two things differ, both because of the CLI from PyPI (version 1): it has no --cli-binary-format, whose value is its
default, and a JSON text inside its shorthand stays in quotes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.full_stack import FullStack

_AWS = Path(sys.executable).with_name("aws")


def aws(stack: FullStack, *arguments: str, succeeds: bool = True) -> str:
    """Run the CLI; returns what it printed."""
    assert _AWS.is_file(), "awscli is one of the development dependencies"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": stack.aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    finished = subprocess.run(
        [sys.executable, str(_AWS), *arguments], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (finished.returncode == 0) is succeeds, finished.stderr
    return finished.stdout if succeeds else finished.stderr


def test_errors_are_shown_as_aws_shows_them(stack: FullStack) -> None:
    """The CLI finds code, message and operation in the answers of two protocols."""
    missing = aws(stack, "s3", "ls", "s3://no-such-bucket-anywhere/", succeeds=False)
    assert "An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation" in missing
    wrong = aws(stack, "kinesis", "describe-stream", "--stream-name", "nothing", succeeds=False)
    assert (
        "An error occurred (ResourceNotFoundException) when calling the DescribeStream operation: "
        "Stream nothing under account 000000000000 not found." in wrong
    )


def test_the_documents_commands(stack: FullStack, tmp_path: Path) -> None:
    """put-record, put-records, s3 ls and cp, describe-log-groups: input and output are the CLI's own."""
    stream, bucket = stack.iot["stream_name"], stack.iot["bucket_name"]
    assert stream == "ExampleDataStream"
    one = aws(
        stack,
        *("kinesis", "put-record", "--stream-name", stream, "--partition-key", "sensor-001"),
        *("--data", '{"device_id":"sensor-001","temperature":22.5,"humidity":60}'),
    )
    assert json.loads(one)["ShardId"] == "shardId-000000000000"
    records = [
        f'Data=\'{{"device_id":"sensor-00{number}","value":{number}00}}\',PartitionKey=sensor-00{number}'
        for number in (1, 2, 3)
    ]
    several = aws(stack, "kinesis", "put-records", "--stream-name", stream, "--records", *records)
    assert json.loads(several)["FailedRecordCount"] == 0
    stack.aws.settle()

    listing = aws(stack, "s3", "ls", f"s3://{bucket}/")
    assert [line.split()[-1] for line in listing.splitlines()] == ["data/", "source-backup/"]
    files = aws(stack, "s3", "ls", "--recursive", f"s3://{bucket}/data/").splitlines()
    size, key = files[0].split(maxsplit=3)[2:]
    aws(stack, "s3", "cp", f"s3://{bucket}/{key}", str(tmp_path / "object"))
    content = (tmp_path / "object").read_bytes()
    assert len(content) == int(size)
    assert [json.loads(line) for line in content.splitlines()] == [
        {"device_id": "sensor-001", "temperature": 22.5, "humidity": 60, "temperature_f": 72.5},
        *({"device_id": f"sensor-00{number}", "value": number * 100} for number in (1, 2, 3)),
    ]


@pytest.mark.parametrize("prefix", ["/aws/lambda/firehose_lambda_processor_salvador", "/aws/kinesisfirehose/"])
def test_the_documents_log_groups(stack: FullStack, prefix: str) -> None:
    """The log groups that the document looks for are there."""
    groups = json.loads(aws(stack, "logs", "describe-log-groups", "--log-group-name-prefix", prefix))["logGroups"]
    names = {group["logGroupName"] for group in groups}
    expected = stack.iot["function_log_group_name"], stack.iot["delivery_log_group_name"]
    assert names & set(expected)
    assert all(name.startswith(prefix) for name in names)
