"""Sections 2, 3 and 5 of the triggers API's document: SAM CLI's own commands, on the emulator that holds the stack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Aws
from tests.integration.left_over import left_over
from tests.integration.triggers_api import API_KEY, EVENTS, KEYS, LOG_GROUP, STACK, SamSuite, TriggersApi

RESOURCES = {
    "ApiKeysTable": "AWS::DynamoDB::Table",
    "EventsTable": "AWS::DynamoDB::Table",
    "FunctionErrorsAlarm": "AWS::CloudWatch::Alarm",
    "ServerErrorsAlarm": "AWS::CloudWatch::Alarm",
    "TriggersApi": "AWS::ApiGateway::RestApi",
    "TriggersApiDeployment": "AWS::ApiGateway::Deployment",
    "TriggersApiFunction": "AWS::Lambda::Function",
    "TriggersApiFunctionProxyPermissionStage": "AWS::Lambda::Permission",
    "TriggersApiFunctionRole": "AWS::IAM::Role",
    "TriggersApiLogGroup": "AWS::Logs::LogGroup",
    "TriggersApiStage": "AWS::ApiGateway::Stage",
}
RESERVED = "environment variables you have provided contains reserved keys"


@pytest.fixture
def fresh(sam: SamSuite) -> Iterator[TriggersApi]:
    """The stack as it was right after the deployment, for a test that changes it."""
    sam.suite.clean()
    api = TriggersApi(Aws(sam.suite.aws.url), sam.suite.outputs or {})
    api.put_key(API_KEY, active=True)
    yield api
    sam.suite.clean()


def stack_of(aws: Aws, name: str = STACK) -> Any:
    return aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def everything(aws: Aws) -> dict[str, list[Any]]:
    """What is there, without the key that DynamoDB makes for its encryption: AWS's own, in every account."""
    found = left_over(aws)
    found["keys"] = [key for key in found["keys"] if "DynamoDB" not in key["Description"]]
    return {name: sorted(each, key=str) for name, each in found.items() if each}


def configuration(aws: Aws) -> Any:
    resource = aws.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="TriggersApiFunction"
    )
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    return aws.client("lambda").get_function_configuration(FunctionName=name)


def test_a_function_that_sets_a_reserved_variable_rolls_back(sam: SamSuite, fresh: TriggersApi, tmp_path: Path) -> None:
    """2.3: the document has the template set AWS_REGION, which Lambda refuses; the stack goes back to what it was."""
    before = configuration(fresh.aws)
    copy = sam.own_copy(tmp_path / "project")
    copy.change("AUTH_MODE: aws", "AUTH_MODE: aws\n        AWS_REGION:\n          Ref: AWS::Region")
    finished = copy.deploy()
    assert finished.code == 1
    assert RESERVED in " ".join(finished.printed.split())
    stack = stack_of(fresh.aws)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert configuration(fresh.aws)["Environment"] == before["Environment"]
    assert fresh.call("POST", "/v1/events", {"source": "a", "event_type": "b", "payload": {}}).status_code == 201


def test_a_first_deployment_that_fails_leaves_what_is_retained(
    sam: SamSuite, fresh: TriggersApi, tmp_path: Path
) -> None:
    """The same on a new stack: ROLLBACK_COMPLETE, and of its resources the retained tables alone."""
    before = everything(fresh.aws)
    copy = sam.own_copy(tmp_path / "project")
    copy.change("AUTH_MODE: aws", "AUTH_MODE: aws\n        AWS_REGION:\n          Ref: AWS::Region")
    finished = copy.deploy("--stack-name", "triggers-api-test", "--parameter-overrides", "Stage=test")
    assert finished.code == 1
    assert stack_of(fresh.aws, "triggers-api-test")["StackStatus"] == "ROLLBACK_COMPLETE"
    tables = ["triggers-api-events-test", "triggers-api-keys-test"]
    assert everything(fresh.aws) == {**before, "tables": sorted([*before["tables"], *tables])}


def test_a_changed_template_is_deployed(sam: SamSuite, fresh: TriggersApi, tmp_path: Path) -> None:
    """5.3: UPDATE_COMPLETE, and only what changed is touched. With LOG_LEVEL=DEBUG the log names the DynamoDB
    operations (8.2), still without a key (8.4)."""
    event_id = fresh.ingest()["event_id"]
    copy = sam.own_copy(tmp_path / "project")
    copy.change("MemorySize: 512", "MemorySize: 1024")
    copy.change("LOG_LEVEL: INFO", "LOG_LEVEL: DEBUG")
    copy.change("RetentionInDays: 7", "RetentionInDays: 14")
    assert copy.deploy().code == 0
    assert stack_of(fresh.aws)["StackStatus"] == "UPDATE_COMPLETE"
    changed = {
        event["LogicalResourceId"]
        for event in fresh.aws.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
        if event["ResourceStatus"] == "UPDATE_COMPLETE"
    }
    assert changed == {STACK, "TriggersApiFunction", "TriggersApiLogGroup"}
    assert configuration(fresh.aws)["MemorySize"] == 1024
    assert fresh.aws.client("logs").describe_log_groups()["logGroups"][0]["retentionInDays"] == 14

    assert fresh.call("DELETE", f"/v1/events/{event_id}", X_Request_ID="debugged").status_code == 200
    messages = [line["message"] for line in fresh.log_lines("debugged")]
    assert messages[:3] == [f"dynamodb GetItem {KEYS}", "The API key is valid", f"dynamodb Query {EVENTS}"]
    assert f"dynamodb DeleteItem {EVENTS}" in messages
    assert not [line for line in fresh.log(LOG_GROUP) if API_KEY in line]


def test_the_template_is_valid(sam: SamSuite) -> None:
    """2.12: `sam validate`."""
    finished = sam.runner.run("validate")
    assert finished.code == 0, finished.printed
    assert "is a valid SAM Template" in finished.printed


def test_the_package_is_complete_and_small(sam: SamSuite) -> None:
    """3.2: `.aws-sam` is there, with the dependencies and the code, below 50 MB."""
    package = sam.runner.stack.folder / ".aws-sam" / "build" / "TriggersApiFunction"
    assert {"src", "fastapi", "mangum", "pydantic_core", "starlette"} <= {path.name for path in package.iterdir()}
    assert sum(path.stat().st_size for path in package.rglob("*") if path.is_file()) < 50e6


def test_the_stack_is_complete(sam: SamSuite, fresh: TriggersApi) -> None:
    """5.4, 12.1, 7.1: status, resources, handler, outputs, the last as `sam list stack-outputs` gave them too."""
    stack = stack_of(fresh.aws)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    resources = fresh.aws.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    found = {re.sub(r"[0-9a-f]{10}$", "", each["LogicalResourceId"]): each["ResourceType"] for each in resources}
    assert found == RESOURCES
    function = configuration(fresh.aws)
    assert (function["Handler"], function["Runtime"]) == ("src.main.handler", "python3.11")
    assert (function["Timeout"], function["MemorySize"]) == (30, 512)
    assert function["FunctionName"].startswith("triggers-api-TriggersApiFunction-")
    assert function["Environment"]["Variables"] == {
        "STAGE": "prod",
        "DYNAMODB_TABLE_EVENTS": EVENTS,
        "DYNAMODB_TABLE_KEYS": KEYS,
        "AUTH_MODE": "aws",
        "LOG_LEVEL": "INFO",
    }
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert re.fullmatch(r"https://[a-z0-9]{10}\.execute-api\.us-east-1\.amazonaws\.com/prod", outputs["ApiUrl"])
    assert (outputs["EventsTableName"], outputs["ApiKeysTableName"]) == (EVENTS, KEYS)
    api_id = outputs["ApiUrl"].split("//")[1].split(".")[0]
    local = f"{fresh.aws.url}/_aws/execute-api/{api_id}/prod"
    assert fresh.outputs == {**outputs, "ApiUrl": local, "curl": f"curl -sS {local}/v1/health"}


def test_deploying_again_deleting_and_the_guided_deployment(sam: SamSuite, fresh: TriggersApi, tmp_path: Path) -> None:
    """5.3: the second `sam deploy` finds nothing to change. `sam delete` leaves the tables, which the template retains,
    and SAM's own bucket, empty. 5.2: `sam deploy --guided` with the document's answers, which it saves."""
    assert sam.runner.deploy() is False
    assert stack_of(fresh.aws)["StackStatus"] == "CREATE_COMPLETE"

    deleted = sam.runner.run("delete", "--stack-name", STACK, "--no-prompts")
    assert deleted.code == 0, deleted.printed
    left = everything(fresh.aws)
    assert left.keys() == {"tables", "buckets"}
    assert left["tables"] == [EVENTS, KEYS]
    [bucket] = left["buckets"]
    assert bucket["Name"].startswith("aws-sam-cli-managed-default-")
    assert fresh.objects(bucket["Name"]) == {}

    for table in left["tables"]:  # a first deployment does not take over tables that are there
        fresh.aws.client("dynamodb").delete_table(TableName=table)
    copy = sam.own_copy(tmp_path / "project")
    config = copy.runner.stack.folder / "samconfig.toml"
    config.unlink()
    questions = ("triggers-api", "us-east-1", "prod", "Y", "Y", "N", "y", "Y", "", "", "y")
    finished = copy.runner.run("deploy", "--guided", answers="\n".join(questions) + "\n")
    assert finished.code == 0, finished.printed
    assert "Successfully created/updated stack - triggers-api" in finished.printed
    assert stack_of(fresh.aws)["StackStatus"] == "CREATE_COMPLETE"
    assert 'stack_name = "triggers-api"' in config.read_text()
    assert "confirm_changeset = true" in config.read_text()
