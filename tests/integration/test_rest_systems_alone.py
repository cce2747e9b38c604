"""The systems log-relay and event-ingestion, each alone: their documents' deployment steps, a plan, a flow, an end. In
one test, because nearly all of the time is the AWS provider's waiting, which they do together."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from harness.json_object import Json
from harness.testing.suite import Suite
from tests.integration.alone import Alone
from tests.integration.aws_cli import version_1
from tests.integration.full_stack import SINK
from tests.integration.left_over import left_over

PACKAGE = "zip lambda_firehose_handler.zip lambda_firehose_handler.py"
# Steps 3 and 4 of the log-relay document, and the one command of step 5 that is not for New Relic.
LOG_RELAY_TEST = r"""
terraform output
API_ENDPOINT=$(terraform output -raw api_invoke_url)
curl -X POST $API_ENDPOINT \
  -H "Content-Type: application/json" \
  -d '{"test": "data", "timestamp": "2026-02-05"}'
"""
LOG_RELAY_VERIFY = "aws s3 ls s3://$(terraform output -raw firehose_bucket_name)/ --recursive"
# Step 5, "Test the Endpoints", of the event-ingestion document.
EVENT_INGESTION_TEST = r"""
# Get the API Gateway URL
API_URL=$(terraform output -raw api_gateway_url)

# Send a user activity event
curl -X POST "${API_URL}/events/user_activity" \
  -H "Content-Type: application/json" \
  -d '{
    "user_id": "user123",
    "action": "page_view",
    "timestamp": "2024-01-15T10:30:00Z",
    "metadata": {
      "page": "/products",
      "referrer": "google.com"
    }
  }'

# Send an order event
curl -X POST "${API_URL}/events/orders" \
  -H "Content-Type: application/json" \
  -d '{
    "order_id": "ORD-12345",
    "customer_id": "CUST-001",
    "type": "created",
    "items": [{"sku": "PROD-001", "quantity": 2}],
    "total_amount": 99.99,
    "currency": "USD"
  }'

# Send batch events
curl -X POST "${API_URL}/events/batch/user_activity" \
  -H "Content-Type: application/json" \
  -d '{
    "records": [
      {"data": "{\"user_id\": \"user1\", \"action\": \"login\"}", "partitionKey": "user1"},
      {"data": "{\"user_id\": \"user2\", \"action\": \"signup\"}", "partitionKey": "user2"}
    ]
  }'
"""
# The last row of "Recommended Settings by Volume".
VOLUME = "volumes/over-1m.tfvars"
# The plan before has shown that a refresh finds nothing.
NO_REFRESH = "-refresh=false"


@pytest.mark.timeout(600)  # half a minute of work, but beside others' on a loaded machine much more
def test_each_system_alone(harness_emulator: Suite, tmp_path: Path) -> None:
    """`make up STACK=log-relay` and `make up STACK=event-ingestion`, with the documents' own commands."""
    missing = [command for command in ("make", "bash", "curl", "zip", "terraform") if shutil.which(command) is None]
    if missing:
        pytest.skip(f"not on PATH: {', '.join(missing)}")
    stories: dict[str, Callable[[Path], None]] = {"log-relay": log_relay, "event-ingestion": event_ingestion}
    with ThreadPoolExecutor(len(stories)) as pool:
        for story in [pool.submit(tell, tmp_path / name) for name, tell in stories.items()]:
            story.result()


def log_relay(folder: Path) -> None:
    """Package, deploy, test, verify: New Relic has the log, the backup bucket is empty; then an end without remains."""
    alone = Alone.of(folder, "log-relay")
    code = folder / "lambdas" / "log_relay_transform"
    alone.run(["bash", "-ec", PACKAGE], code)
    try:
        assert "log-relay applied" in alone.make("up", "STACK=log-relay", "ARGS=--clock manual")
        assert alone.runner.plan_has_changes() is False
        with zipfile.ZipFile(code / "lambda_firehose_handler.zip") as by_hand:
            handler = by_hand.read("lambda_firehose_handler.py")
        with zipfile.ZipFile(folder / "build" / "lambdas" / "log_relay_transform.zip") as packaged:
            assert packaged.read("lambda_firehose_handler.py") == handler

        assert '{"RecordId":' in shell(alone, LOG_RELAY_TEST)
        alone.aws.settle()
        assert shell(alone, f"{LOG_RELAY_VERIFY} || true") == ""
        (delivery,) = alone.aws.admin("GET", f"sinks/{SINK}")["requests"]
        assert delivery["status"] == 200

        alone.deployed().post(alone.deployed()["api_invoke_url"], {"_force_failure": True})
        alone.aws.settle()
        assert " processing-failed/" in shell(alone, LOG_RELAY_VERIFY)
        replace(alone.runner, environ=alone.environment | {"TF_CLI_ARGS_destroy": NO_REFRESH}).destroy()
        assert_nothing_left(alone)
    finally:
        alone.make("down")


def event_ingestion(folder: Path) -> None:
    """With the settings for more than a million events a day: streams and mappings have them, the curl commands reach
    their processors; then an end without remains, although a record is still in a stream."""
    alone = Alone.of(folder, "event-ingestion")
    variables = {f"TF_CLI_ARGS_{command}": f"-var-file={VOLUME}" for command in ("apply", "plan")}
    variables["TF_CLI_ARGS_destroy"] = f"-var-file={VOLUME} {NO_REFRESH}"
    try:
        up = ["make", "up", f"PORT={alone.port}", "STACK=event-ingestion", "ARGS=--clock manual"]
        assert "event-ingestion applied" in alone.run(up, alone.folder, extra=variables)
        runner = replace(alone.runner, environ=alone.environment | variables)
        assert runner.plan_has_changes() is False

        flows = alone.deployed()["flows"]
        for flow in flows.values():
            stream = alone.aws.client("kinesis").describe_stream_summary(StreamName=flow["stream_name"])
            assert stream["StreamDescriptionSummary"]["OpenShardCount"] == 4
            mapping = alone.aws.client("lambda").get_event_source_mapping(UUID=flow["event_source_mapping_id"])
            assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (500, 0)

        said = shell(alone, EVENT_INGESTION_TEST)
        assert said.count('"SequenceNumber"') == 4
        assert '"FailedRecordCount":0' in said
        alone.aws.settle()
        activity = processed(alone, flows["user_activity"])
        assert sorted(each["user_id"] for each in activity) == ["user1", "user123", "user2"]
        (order,) = processed(alone, flows["orders"])
        assert (order["order_id"], order["total_amount"]) == ("ORD-12345", 99.99)
        assert processed(alone, flows["payments"]) == []

        alone.deployed().put_records(flows["payments"]["stream_name"], [b"still in the stream"])
        runner.destroy()
        assert_nothing_left(alone)
    finally:
        alone.make("down")


def shell(alone: Alone, script: str) -> str:
    """Run a document's commands in the stack's folder, on the state that `up` left; returns what they printed.

    curl says nothing but the answers, and the AWS CLI is the one of the development dependencies.
    """
    runner = alone.runner
    quiet = alone.folder / "bin"
    quiet.mkdir(exist_ok=True)
    curl = shutil.which("curl")
    for name, command in (("curl", f'"{curl}" -sS --noproxy "*"'), ("aws", " ".join(version_1().command))):
        (quiet / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (quiet / name).chmod(0o755)
    extra = {
        "PATH": f"{quiet}:{alone.environment['PATH']}",
        "TF_CLI_ARGS_output": f"-state={runner.state_file}",
        "TF_DATA_DIR": str(runner.data_folder),
        "CHECKPOINT_DISABLE": "1",
    }
    return alone.run(["bash", "-e", "-o", "pipefail", "-c", script], alone.stack_folder, extra=extra)


def processed(alone: Alone, flow: dict[str, str]) -> list[Json]:
    """The events in the lines `Processed <type> <sequence number> <event>` of a processor's log."""
    lines = [line for line in alone.deployed().log(flow["processor_log_group_name"]) if "Processed " in line]
    return [json.loads(line[line.index("{") :]) for line in lines]


def assert_nothing_left(alone: Alone) -> None:
    assert {name: found for name, found in left_over(alone.aws).items() if found} == {}
