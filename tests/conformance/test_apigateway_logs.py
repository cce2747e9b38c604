"""Access logs and execution logs of a stage (D8)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.apigateway_api import ACCOUNT, REGION, Api, patches
from tests.conftest import Aws

GROUP = "/aws/apigateway/test/access-logs"
ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"


@pytest.fixture
def api(aws: Aws) -> Api:
    """`POST /p/{id}` of an account that may log."""
    api = Api(aws)
    role = f"arn:aws:iam::{ACCOUNT}:role/logs"
    api.client.update_account(patchOperations=patches(("replace", "/cloudwatchRoleArn", role)))
    api.mock("/p/{id}", "POST")
    api.deploy()
    return api


def messages(aws: Aws, group: str) -> list[str]:
    aws.settle()
    found = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in found]


def test_access_logs_need_a_role_and_a_request_id(aws: Aws, api: Api) -> None:
    """D8: the account's role, `$context.requestId` in the format, names that exist."""
    destination = ("replace", "/accessLogSettings/destinationArn", ARN)
    with pytest.raises(ClientError, match="must contain at least"):
        api.patch_stage("test", destination, ("replace", "/accessLogSettings/format", "$context.status"))
    with pytest.raises(ClientError, match="NotEmulated"):
        api.patch_stage("test", ("replace", "/accessLogSettings/format", "$context.requestId $context.nonsense"))
    api.client.update_account(patchOperations=patches(("replace", "/cloudwatchRoleArn", "")))
    with pytest.raises(ClientError, match="CloudWatch Logs role ARN must be set in account settings"):
        api.patch_stage("test", destination)


def test_access_log_lines(aws: Aws, api: Api) -> None:
    """D8: one line per request, `-` for what has no value, errors included; unrouted requests too."""
    aws.client("logs").create_log_group(logGroupName=GROUP)
    line = json.dumps(
        {
            "requestId": "$context.requestId",
            "ip": "$context.identity.sourceIp",
            "caller": "$context.identity.caller",
            "time": "$context.requestTime",
            "httpMethod": "$context.httpMethod",
            "resourcePath": "$context.resourcePath",
            "status": "$context.status",
            "length": "$context.responseLength",
            "error": "$context.error.message",
            "integration": "$context.integrationErrorMessage",
        }
    )
    answer = api.patch_stage(
        "test",
        ("replace", "/accessLogSettings/destinationArn", ARN + ":*"),
        ("replace", "/accessLogSettings/format", line),
    )
    assert answer["accessLogSettings"] == {"destinationArn": ARN, "format": line}
    sent = [api.send("POST", "/test/p/1"), api.send("GET", "/test/none")]
    lines: list[dict[str, Any]] = [json.loads(message) for message in messages(aws, GROUP)]
    assert [entry["requestId"] for entry in lines] == [item.headers["x-amzn-requestid"] for item in sent]
    good, bad = lines
    assert (good["httpMethod"], good["resourcePath"], good["status"], good["length"]) == ("POST", "/p/{id}", "200", "2")
    assert (good["caller"], good["error"], good["ip"]) == ("-", "-", "127.0.0.1")
    assert (bad["status"], bad["resourcePath"], bad["error"]) == ("403", "-", "Missing Authentication Token")
    api.patch_stage("test", ("remove", "/accessLogSettings", ""))
    api.send("POST", "/test/p/1")
    assert len(messages(aws, GROUP)) == 2


def test_execution_log_lines(aws: Aws, api: Api) -> None:
    """D8: the group's name and the lines, each with the request id; ERROR logs failures only. No contents so far."""
    group = f"API-Gateway-Execution-Logs_{api.id}/test"
    api.patch_stage("test", ("replace", "/*/*/logging/loglevel", "INFO"))
    sent = api.send("POST", "/test/p/7?q=1", content=b'{"a": 1}')
    request_id = sent.headers["x-amzn-requestid"]
    lines = messages(aws, group)
    assert all(line.startswith(f"({request_id}) ") for line in lines)
    texts = [line.partition(") ")[2] for line in lines]
    assert texts[:5] == [
        f"Extended Request Id: {sent.headers['x-amz-apigw-id']}",
        f"Starting execution for request: {request_id}",
        "HTTP Method: POST, Resource Path: /p/7",
        "Method request path: {id=7}",
        "Method request query string: {q=1}",
    ]
    assert not any("body" in text or "headers" in text for text in texts)
    assert texts[-2:] == ["Successfully completed execution", "Method completed with status: 200"]
    api.patch_stage("test", ("replace", "/*/*/logging/loglevel", "ERROR"))
    api.send("POST", "/test/p/7")
    assert len(messages(aws, group)) == len(lines)


def test_data_trace_adds_contents(aws: Aws, api: Api) -> None:
    """D8: with the method setting `logging/dataTrace` headers and bodies are logged, keys and tokens are not."""
    group = f"API-Gateway-Execution-Logs_{api.id}/test"
    api.patch_stage(
        "test",
        ("replace", "/*/*/logging/loglevel", "INFO"),
        ("replace", "/*/*/logging/dataTrace", "true"),
    )
    key, token = "0123456789abcdefghij", "Bearer an-example-token-of-the-tests"
    headers = {"x-api-key": key, "Authorization": token, "x-plain": "shown"}
    api.send("POST", "/test/p/7", content=b'{"a": 1}', headers=headers)
    texts = [line.partition(") ")[2] for line in messages(aws, group)]
    assert 'Method request body before transformations: {"a": 1}' in texts
    assert 'Endpoint request body after transformations: {"statusCode": 200}' in texts
    (logged,) = [text for text in texts if text.startswith("Method request headers: ")]
    assert "x-plain=shown" in logged
    assert key not in logged and token not in logged and "an-example" not in logged


def test_a_log_group_that_is_there_already_is_used(aws: Aws, api: Api) -> None:
    """D8: the execution log group is made on demand; one that Terraform made before is no error."""
    group = f"API-Gateway-Execution-Logs_{api.id}/test"
    aws.client("logs").create_log_group(logGroupName=group)
    api.patch_stage("test", ("replace", "/*/*/logging/loglevel", "INFO"))
    api.send("POST", "/test/p/7")
    assert messages(aws, group)[-1].endswith("Method completed with status: 200")
