"""Sections 7 to 10 and 12 of the triggers API's document: logs, tables, permissions, alarms, the AWS CLI's commands."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest

from tests.integration.aws_cli import version_1, version_2
from tests.integration.triggers_api import API_KEY, EVENTS, KEYS, LOG_GROUP, STACK, SamSuite, TriggersApi

EVENTS_ARN = f"arn:aws:dynamodb:us-east-1:000000000000:table/{EVENTS}"
KEYS_ARN = f"arn:aws:dynamodb:us-east-1:000000000000:table/{KEYS}"


def role_of(api: TriggersApi) -> str:
    """10.1: from the function to its role."""
    [function] = api.aws.client("lambda").list_functions()["Functions"]
    role: str = api.aws.client("lambda").get_function(FunctionName=function["FunctionName"])["Configuration"]["Role"]
    return role.rpartition("/")[2]


def test_no_key_and_no_payload_is_ever_logged(sam: SamSuite, api: TriggersApi) -> None:
    """8.4: keys that are valid, unknown or malformed, payloads, query strings: nothing of them is in the logs."""
    secrets = [API_KEY, "example-unknown-key-1", "malformed key", "a-secret-payload"]
    event_id = api.ingest(payload={"card": secrets[3]})["event_id"]
    api.call("POST", "/v1/events", {"source": secrets[3], "payload": secrets[3]})
    for key in secrets[:3]:
        api.call("GET", f"/v1/inbox?source={secrets[3]}", key=key)
        api.call("POST", f"/v1/events/{event_id}/ack", key=key)
        api.call("POST", f"/v1/events/{event_id}/ack", key=key, X_Request_ID="two words")
    api.aws.client("dynamodb").delete_table(TableName=KEYS)
    assert api.call("GET", "/v1/inbox").status_code == 503
    logged = "\n".join(api.log(LOG_GROUP))
    sam.suite.clean()
    assert "Refused: the API key is unknown or not active" in logged
    assert [secret for secret in secrets if secret in logged] == []


def test_a_missing_table_is_told_with_the_request(sam: SamSuite, api: TriggersApi) -> None:
    """1.4, 8.3: without its table the API answers 503 and logs DynamoDB's error with the request's id."""
    api.aws.client("dynamodb").delete_table(TableName=EVENTS)
    answer = api.call("GET", "/v1/inbox", X_Request_ID="no-table")
    error, request = api.log_lines("no-table")
    sam.suite.clean()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "service_unavailable")
    assert (error["level"], error["message"]) == ("ERROR", "dynamodb Query failed: ResourceNotFoundException")
    assert request["message"].startswith("GET /v1/inbox 503 ")


def test_every_line_of_a_request_has_its_id(api: TriggersApi) -> None:
    """8.2, 8.3: the request's line and what happened in it, refusals included, are found by X-Request-ID."""
    api.call("GET", "/v1/health", X_Request_ID="another")
    api.call("POST", "/v1/events", {"source": "a", "event_type": "b", "payload": {}}, X_Request_ID="known-id")
    api.call("POST", "/v1/events/nothing/ack", key="example-unknown-key-1", X_Request_ID="refused-id")
    stored, request = api.log_lines("known-id")
    assert re.fullmatch(r"Event [0-9a-f-]{36} of a b stored", stored["message"])
    assert re.fullmatch(r"POST /v1/events 201 \d+ ms", request["message"])
    refused, request = api.log_lines("refused-id")
    assert refused == {
        "level": "WARNING",
        "request_id": "refused-id",
        "message": "Refused: the API key is unknown or not active",
    }
    assert request["message"].startswith("POST /v1/events/nothing/ack 401 ")
    assert {line["request_id"] for line in api.log_lines()} == {"another", "known-id", "refused-id"}


def test_the_log_group(api: TriggersApi) -> None:
    """8.1: the document's name, kept for 7 days; the function's lines are there and nowhere else."""
    api.call("GET", "/v1/health")
    [group] = api.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/triggers-api")["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (LOG_GROUP, 7)
    assert len(api.log_lines()) == 1


def test_the_tables(triggers: TriggersApi) -> None:
    """9.1 to 9.3: keys, index, TTL, billing mode and encryption of both tables."""
    dynamodb = triggers.aws.client("dynamodb")
    assert dynamodb.list_tables()["TableNames"] == [EVENTS, KEYS]
    table = dynamodb.describe_table(TableName=EVENTS)["Table"]
    assert keys(table) == ["event_id HASH S", "created_at RANGE S"]
    [index] = table["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["Projection"]) == ("status-created_at-index", {"ProjectionType": "ALL"})
    assert keys({**table, **index}) == ["status HASH S", "created_at RANGE S"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSEDescription"]["Status"] == "ENABLED"
    ttl = dynamodb.describe_time_to_live(TableName=EVENTS)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}

    table = dynamodb.describe_table(TableName=KEYS)["Table"]
    assert keys(table) == ["api_key HASH S"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSEDescription"]["Status"] == "ENABLED"


def keys(table: Any) -> list[str]:
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    return [f"{each['AttributeName']} {each['KeyType']} {types[each['AttributeName']]}" for each in table["KeySchema"]]


def test_the_permissions(triggers: TriggersApi) -> None:
    """10.2, 10.3: exactly the document's actions, each on its table, index or log group; no wildcard. SAM attaches
    AWSLambdaBasicExecutionRole to every role that it makes."""
    iam, role = triggers.aws.client("iam"), role_of(triggers)
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["AWSLambdaBasicExecutionRole"]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    allowed = {
        (action, statement["Resource"])
        for statement in document["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    on_events = ("PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query")
    log_group = f"arn:aws:logs:us-east-1:000000000000:log-group:{LOG_GROUP}:*"
    assert allowed == {
        *((f"dynamodb:{action}", EVENTS_ARN) for action in on_events),
        ("dynamodb:Query", f"{EVENTS_ARN}/index/status-created_at-index"),
        ("dynamodb:GetItem", KEYS_ARN),
        ("logs:CreateLogStream", log_group),
        ("logs:PutLogEvents", log_group),
    }
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert [each["Principal"] for each in trust["Statement"]] == [{"Service": ["lambda.amazonaws.com"]}]


def test_the_permissions_suffice(sam: SamSuite, api: TriggersApi) -> None:
    """10.2, 10.3: with IAM enforced every endpoint works and is logged; without its statement on the events the API is
    refused by DynamoDB, and says so in its log."""
    iam, role = api.aws.client("iam"), role_of(api)
    api.aws.admin("POST", "iam", {"mode": "enforce"})
    event_id = api.ingest()["event_id"]
    assert api.call("GET", "/v1/inbox").json()["count"] == 1
    assert api.call("POST", f"/v1/events/{event_id}/ack").status_code == 200
    assert api.call("DELETE", f"/v1/events/{event_id}").status_code == 200
    assert len(api.log_lines()) == 7

    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    less = [statement for statement in document["Statement"] if statement["Sid"] != "Events"]
    policy = json.dumps({**document, "Statement": less})
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)
    answer = api.call("DELETE", f"/v1/events/{event_id}", X_Request_ID="refused")
    error = api.log_lines("refused")[0]
    sam.suite.clean()
    assert answer.status_code == 503
    assert error["message"] == "dynamodb Query failed: AccessDeniedException"


def test_the_documents_commands(api: TriggersApi) -> None:
    """7.1, 9.4: the AWS CLI commands of the document. `status` is one of DynamoDB's reserved words,
    so that its query of the inbox needs a name for it."""
    event = api.ingest()

    def aws(command: str) -> Any:
        return json.loads(version_1().run(api.aws.url, shlex.split(command)))

    outputs = aws(f"cloudformation describe-stacks --stack-name {STACK} --query 'Stacks[0].Outputs'")
    assert "ApiUrl" in {each["OutputKey"] for each in outputs}
    key = json.dumps({"event_id": {"S": event["event_id"]}, "created_at": {"S": event["created_at"]}})
    assert aws(f"dynamodb get-item --table-name {EVENTS} --key '{key}'")["Item"]["status"] == {"S": "pending"}
    found = aws(
        f"dynamodb query --table-name {EVENTS} --index-name status-created_at-index "
        '--key-condition-expression "#status = :status" --expression-attribute-names \'{"#status": "status"}\' '
        """--expression-attribute-values '{":status": {"S": "pending"}}'"""
    )
    assert found["Count"] == 1


def test_the_log_is_tailed(api: TriggersApi) -> None:
    """8.2: `aws logs tail`, which only version 2 of the AWS CLI has (without --follow, which never ends)."""
    cli = version_2()
    if cli is None:
        pytest.skip("no AWS CLI version 2 on this machine")
    api.call("GET", "/v1/health", X_Request_ID="tailed")
    assert "tailed" in cli.run(api.aws.url, ["logs", "tail", LOG_GROUP, "--since", "1d"])


def test_the_alarms(api: TriggersApi) -> None:
    """12.3: answers with 5xx raise the alarm of the API. (The function itself does not fail: it answers.)"""
    cloudwatch, function = api.aws.client("cloudwatch"), api.aws.client("lambda").list_functions()["Functions"][0]

    def alarms() -> dict[str, str]:
        found = cloudwatch.describe_alarms()["MetricAlarms"]
        return {re.split("-", each["AlarmName"])[2]: each["StateValue"] for each in found}

    api.aws.advance(1200)  # what other tests caused is past then
    assert alarms() == {"FunctionErrorsAlarm": "OK", "ServerErrorsAlarm": "OK"}
    client, name = api.aws.client("lambda"), function["FunctionName"]
    client.update_function_configuration(FunctionName=name, Handler="src.main.nothing")
    try:
        assert api.call("GET", "/v1/health").status_code == 502
        api.aws.advance(600)
        assert alarms() == {"FunctionErrorsAlarm": "ALARM", "ServerErrorsAlarm": "ALARM"}
    finally:
        client.update_function_configuration(FunctionName=name, Handler="src.main.handler")
    api.aws.advance(900)
    assert alarms() == {"FunctionErrorsAlarm": "OK", "ServerErrorsAlarm": "OK"}
