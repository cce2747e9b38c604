"""Settings without effect: kept, read back and said by name, or refused where the emulator is strict (docs/kept.md).

What Lambda, S3 and Logs show of them is AWS's (C1, E1 of docs/reference).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from harness.emulator.testing import EmulatorThread
from tests.conformance.lambda_.conftest import ROLE, archive
from tests.conftest import Aws

pytestmark = pytest.mark.emulator_only

VPC = {"SubnetIds": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
CODE = {"ZipFile": archive({"index.py": "def handler(event, context):\n    return 'ran'\n"})}


def make(client: Any, name: str, **settings: Any) -> Any:
    return client.create_function(
        FunctionName=name, Runtime="python3.11", Handler="index.handler", Role=ROLE, Code=CODE, **settings
    )


def header(answer: Any) -> str | None:
    told: str | None = answer["ResponseMetadata"]["HTTPHeaders"].get("x-harness-kept")
    return told


def listed(aws: Aws) -> list[tuple[str, str, str]]:
    return [(one["service"], one["resource"], one["setting"]) for one in aws.admin("GET", "kept")["kept"]]


def test_a_functions_settings_are_said_as_long_as_it_has_them(aws: Aws) -> None:
    client = aws.client("lambda")
    plain = make(client, "plain", TracingConfig={"Mode": "PassThrough"}, SnapStart={"ApplyOn": "None"})
    assert (header(plain), listed(aws)) == (None, [])

    made = make(client, "traced", TracingConfig={"Mode": "Active"}, VpcConfig=VPC)
    arn = made["FunctionArn"]
    assert header(made) == "TracingConfig.Mode, VpcConfig"
    assert listed(aws) == [("lambda", arn, "TracingConfig.Mode"), ("lambda", arn, "VpcConfig")]

    changed = client.update_function_configuration(FunctionName="traced", TracingConfig={"Mode": "PassThrough"})
    assert header(changed) is None
    assert listed(aws) == [("lambda", arn, "VpcConfig")]
    client.update_function_configuration(FunctionName="traced", MemorySize=256)
    assert listed(aws) == [("lambda", arn, "VpcConfig")]

    client.delete_function(FunctionName="traced")
    assert listed(aws) == []


def test_snap_start_is_read_back(aws: Aws) -> None:
    """On for published versions, off for $LATEST."""
    client = aws.client("lambda")
    made = make(client, "snapped", SnapStart={"ApplyOn": "PublishedVersions"})
    assert made["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    published = client.publish_version(FunctionName="snapped")
    assert published["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    assert header(made) == "SnapStart.ApplyOn"


def test_what_is_kept_survives_a_snapshot(aws: Aws) -> None:
    arn = make(aws.client("lambda"), "snapshot", VpcConfig=VPC)["FunctionArn"]
    aws.admin("PUT", "snapshots/kept")
    aws.admin("POST", "reset")
    assert listed(aws) == []
    aws.admin("POST", "snapshots/kept")
    assert listed(aws) == [("lambda", arn, "VpcConfig")]
    aws.admin("DELETE", "snapshots/kept")


def test_a_buckets_settings(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="kept-settings")
    assert header(s3.put_bucket_logging(Bucket="kept-settings", BucketLoggingStatus={})) is None
    s3.create_bucket(Bucket="kept-logs", ObjectOwnership="BucketOwnerPreferred")
    s3.put_bucket_acl(Bucket="kept-logs", ACL="log-delivery-write")
    to_logs = {"LoggingEnabled": {"TargetBucket": "kept-logs", "TargetPrefix": ""}}
    assert header(s3.put_bucket_logging(Bucket="kept-settings", BucketLoggingStatus=to_logs)) == "BucketLoggingStatus"
    s3.put_bucket_accelerate_configuration(Bucket="kept-settings", AccelerateConfiguration={"Status": "Enabled"})
    arn = "arn:aws:s3:::kept-settings"
    assert listed(aws) == [("s3", arn, "AccelerateConfiguration"), ("s3", arn, "BucketLoggingStatus")]
    s3.put_bucket_accelerate_configuration(Bucket="kept-settings", AccelerateConfiguration={"Status": "Suspended"})
    assert listed(aws) == [("s3", arn, "BucketLoggingStatus")]
    s3.delete_bucket(Bucket="kept-settings")
    assert listed(aws) == []


def test_a_log_groups_class(aws: Aws) -> None:
    logs = aws.client("logs")
    answer = logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    assert header(answer) == "logGroupClass"
    assert listed(aws) == [("logs", "arn:aws:logs:us-east-1:000000000000:log-group:/rare", "logGroupClass")]
    logs.create_log_group(logGroupName="/rare/below", logGroupClass="INFREQUENT_ACCESS")
    logs.delete_log_group(logGroupName="/rare")
    assert [resource.rpartition(":")[2] for _, resource, _ in listed(aws)] == ["/rare/below"]
    logs.delete_log_group(logGroupName="/rare/below")
    assert listed(aws) == []


def test_what_fails_is_not_noted(aws: Aws) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        aws.client("s3").put_bucket_accelerate_configuration(
            Bucket="no-such-bucket", AccelerateConfiguration={"Status": "Enabled"}
        )
    make(aws.client("lambda"), "twice")
    with pytest.raises(ClientError, match="already exist"):
        make(aws.client("lambda"), "twice", VpcConfig=VPC)
    assert listed(aws) == []


def test_the_coverage_page_has_a_column(aws: Aws) -> None:
    service = aws.admin("GET", "coverage")["services"]["lambda"]
    assert "SnapStart.ApplyOn" in service["kept"]
    others = {"ProvisionedConcurrentExecutions"}
    assert {*service["operations"]["CreateFunction"]["kept_members"]} == {*service["kept"]} - others
    provisioned = service["operations"]["PutProvisionedConcurrencyConfig"]
    assert provisioned["kept_members"] == ["ProvisionedConcurrentExecutions"]
    assert "SnapStart" not in service["operations"]["CreateFunction"]["refused_members"]


@pytest.fixture(scope="module")
def strict() -> Iterator[Any]:
    with EmulatorThread() as emulator:
        emulator.world.kept.strict = True

        def client(service: str) -> Any:
            return boto3.client(
                service,
                endpoint_url=emulator.url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )

        yield client


def test_a_strict_emulator_refuses_by_name(strict: Any) -> None:
    client = strict("lambda")
    with pytest.raises(ClientError, match="CreateFunction with VpcConfig, which has no effect here") as caught:
        make(client, "strict", VpcConfig=VPC)
    assert caught.value.response["Error"]["Code"] == "NotEmulated"
    assert client.list_functions()["Functions"] == []
    make(client, "strict", TracingConfig={"Mode": "PassThrough"})
    with pytest.raises(ClientError, match=r"UpdateFunctionConfiguration with TracingConfig\.Mode"):
        client.update_function_configuration(FunctionName="strict", TracingConfig={"Mode": "Active"})
    assert client.get_function_configuration(FunctionName="strict")["TracingConfig"] == {"Mode": "PassThrough"}

    s3 = strict("s3")
    s3.create_bucket(Bucket="strict")
    with pytest.raises(ClientError, match="which has no effect here"):
        s3.put_bucket_accelerate_configuration(Bucket="strict", AccelerateConfiguration={"Status": "Enabled"})
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket="strict")
