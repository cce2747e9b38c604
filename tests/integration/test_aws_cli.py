"""The iot document's AWS CLI commands, as it writes them, with the real AWS CLI of both versions."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.integration.aws_cli import VARIABLE, AwsCli, powershell_commands, version_1, version_2
from tests.integration.full_stack import FullStack

SEND = """
# Sends a single record
aws kinesis put-record `
  --cli-binary-format raw-in-base64-out `
  --stream-name ExampleDataStream `
  --data '{"device_id":"sensor-001","temperature":22.5,"humidity":60}' `
  --partition-key "sensor-001"

# Sends multiple records (batch)
aws kinesis put-records `
  --cli-binary-format raw-in-base64-out `
  --stream-name ExampleDataStream `
  --records `
    Data='{"device_id":"sensor-001","value":100}',PartitionKey=sensor-001 `
    Data='{"device_id":"sensor-002","value":200}',PartitionKey=sensor-002 `
    Data='{"device_id":"sensor-003","value":300}',PartitionKey=sensor-003
"""

LIST = """
# List objects in S3
aws s3 ls s3://bucket-for-iot-data-salvador/
"""

LOGS = """
# Lambda logs
aws logs describe-log-groups --log-group-name-prefix /aws/lambda/firehose_lambda_processor_salvador

# Firehose logs
aws logs describe-log-groups --log-group-name-prefix /aws/kinesisfirehose/
"""


@pytest.fixture(params=[1, 2], ids=["version-1", "version-2"])
def cli(request: pytest.FixtureRequest) -> AwsCli:
    """Version 1 always (without --cli-binary-format, which it has not), version 2 where the machine has it."""
    if request.param == 1:
        return version_1()
    found = version_2()
    if found is None:
        pytest.skip(f"no AWS CLI version 2: neither {VARIABLE} nor PATH leads to one, and PyPI has version 1 alone")
    return found


def test_errors_are_shown_as_aws_shows_them(stack: FullStack, cli: AwsCli) -> None:
    """The CLI finds code, message and operation in the answers of two protocols."""
    missing = cli.run(stack.aws.url, ["s3", "ls", "s3://no-such-bucket-anywhere/"], succeeds=False)
    assert "An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation" in missing
    arguments = ["kinesis", "describe-stream", "--stream-name", "nothing"]
    assert (
        "An error occurred (ResourceNotFoundException) when calling the DescribeStream operation: "
        "Stream nothing under account 000000000000 not found." in cli.run(stack.aws.url, arguments, succeeds=False)
    )


def test_a_shell_that_takes_the_quotes_gets_an_error_from_the_cli(stack: FullStack, cli: AwsCli) -> None:
    """In a POSIX shell the batch's quotes are gone before the CLI sees them: its own parser refuses the JSON, and no
    request is sent. There the whole word has to be quoted."""
    batch = shlex.split(SEND.replace("`\n", " ").splitlines()[-1])[1:]
    assert batch[-1] == 'Data={"device_id":"sensor-003","value":300},PartitionKey=sensor-003'
    assert "Error parsing parameter '--records'" in cli.run(stack.aws.url, batch, succeeds=False)
    stack.aws.settle()
    assert stack.objects("bucket-for-iot-data-salvador") == {}


def test_the_documents_commands(stack: FullStack, cli: AwsCli, tmp_path: Path) -> None:
    """put-record, put-records and `s3 ls`; the records without a temperature are delivered as they are."""
    one, several = [json.loads(cli.run(stack.aws.url, command)) for command in powershell_commands(SEND)]
    assert one["ShardId"] == "shardId-000000000000"
    assert (several["FailedRecordCount"], len(several["Records"])) == (0, 3)
    stack.aws.settle()

    (listing,) = [cli.run(stack.aws.url, command) for command in powershell_commands(LIST)]
    assert [line.split() for line in listing.splitlines()] == [["PRE", "data/"], ["PRE", "source-backup/"]]
    bucket = "s3://bucket-for-iot-data-salvador/"
    files = cli.run(stack.aws.url, ["s3", "ls", "--recursive", f"{bucket}data/"]).splitlines()
    size, key = files[0].split(maxsplit=3)[2:]
    cli.run(stack.aws.url, ["s3", "cp", bucket + key, str(tmp_path / "object")])
    content = (tmp_path / "object").read_bytes()
    assert len(content) == int(size)
    assert [json.loads(line) for line in content.splitlines()] == [
        {"device_id": "sensor-001", "temperature": 22.5, "humidity": 60, "temperature_f": 72.5},
        *({"device_id": f"sensor-00{number}", "value": number * 100} for number in (1, 2, 3)),
    ]


def test_the_documents_log_groups(stack: FullStack, cli: AwsCli) -> None:
    """The log groups that the document looks for are there."""
    by_function, by_delivery = [
        [group["logGroupName"] for group in json.loads(cli.run(stack.aws.url, command))["logGroups"]]
        for command in powershell_commands(LOGS)
    ]
    assert by_function == ["/aws/lambda/firehose_lambda_processor_salvador"]
    assert stack.iot["delivery_log_group_name"] in by_delivery
    assert all(name.startswith("/aws/kinesisfirehose/") for name in by_delivery)
