"""The AWS CDK as it comes: bootstrap, deploy, diff, an update, destroy, led here by `AWS_ENDPOINT_URL` alone (C15)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.clients import Aws
from harness.emulator.testing import EmulatorThread
from tests.clients import npm
from tests.waiting import wait_until

# Its first run installs two sets of packages, and the machine may be busy.
pytestmark = [pytest.mark.emulator_only, pytest.mark.timeout(900)]

FUNCTION = npm.HERE / "cdk" / "function"
BOUND = 300.0

Cdk = Callable[..., str]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An emulator with real time: the CDK polls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_NODE_SDK", str(npm.CACHE / "node-sdk"))
        with EmulatorThread(clock="real") as emulator:
            yield emulator.url


@pytest.fixture(scope="module")
def cdk(url: str, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    """Runs the command and returns what it said."""
    folder = npm.project("cdk")
    home = tmp_path_factory.mktemp("cdk")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }

    def run(*arguments: str, batch: int | None = None) -> str:
        """With `batch` the app runs, without it the assembly that it left is taken."""
        out = home / "cdk.out"
        app = ["--app", str(out)]
        if batch is not None:
            app = ["--app", f"node {folder / 'app.mjs'}", "--output", str(out)]
            app += ["--context", f"function={FUNCTION}", "--context", f"batch={batch}"]
        command = [str(folder / "node_modules" / ".bin" / "cdk"), *arguments, *app, "--no-notices", "--no-color"]
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=BOUND)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    return run


def test_a_pipeline_from_bootstrap_to_destroy(url: str, cdk: Cdk) -> None:
    """The two custom resources run on Node with the SDK of their runtime, and answer by https as on AWS."""
    aws = Aws(url, "us-east-1")
    cdk("bootstrap", "aws://000000000000/us-east-1", batch=10)
    cdk("deploy", "--require-approval", "never")
    outputs = _outputs(aws)
    aws.client("kinesis").put_record(StreamName=outputs["StreamName"], PartitionKey="one", Data=b"1")
    s3 = aws.client("s3")
    wait_until(lambda: s3.list_objects_v2(Bucket=outputs["BucketName"])["KeyCount"] == 1, 60.0)
    group = f"/aws/lambda/{outputs['FunctionName']}"
    found = aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [one["retentionInDays"] for one in found] == [7]

    said = cdk("diff", batch=20)
    assert "Could not create a change set" not in said
    assert "[~] AWS::Lambda::EventSourceMapping" in said
    assert "Number of stacks with differences: 1" in said
    cdk("deploy", "--require-approval", "never")
    mappings = aws.client("lambda").list_event_source_mappings(FunctionName=outputs["FunctionName"])
    assert [one["BatchSize"] for one in mappings["EventSourceMappings"]] == [20]

    cdk("destroy", "--force")
    assert outputs["BucketName"] not in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert [one["StackName"] for one in aws.client("cloudformation").describe_stacks()["Stacks"]] == ["CDKToolkit"]


def _outputs(aws: Aws) -> dict[str, Any]:
    stack = aws.client("cloudformation").describe_stacks(StackName="Pipeline")["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
