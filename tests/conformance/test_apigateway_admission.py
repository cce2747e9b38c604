"""What a REST API lets in: validators and models, keys and quotas, and what it logs of it (D2, D6, D8)."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.apigateway_api import ACCOUNT, REGION, Api, patches
from tests.conftest import Aws

KEY = "0123456789abcdefghij"
INVALID_BODY = '{"message": "Invalid request body"}'
SCHEMA = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
AUTHORIZER = """
def handler(event, context):
    return {
        "principalId": "me",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}],
        },
        "usageIdentifierKey": event["authorizationToken"],
    }
"""


@pytest.fixture
def api(aws: Aws) -> Api:
    return Api(aws)


def validated(api: Api, method: str, models: dict[str, str], **checks: bool) -> None:
    """`/p` with a validator; the model `Item` wants an `id`."""
    api.client.create_model(restApiId=api.id, name="Item", contentType="application/json", schema=json.dumps(SCHEMA))
    validator = api.client.create_request_validator(restApiId=api.id, name="v", **checks)["id"]
    api.mock("/p", method, requestModels=models, requestValidatorId=validator)
    api.deploy()


def keyed(api: Api, **plan: Any) -> str:
    """`GET /keyed` needs KEY, which is in a plan with these members; returns the plan's id."""
    api.mock("/keyed", apiKeyRequired=True)
    api.deploy()
    stages = [{"apiId": api.id, "stage": "test"}]
    made = api.client.create_usage_plan(name="plan", apiStages=stages, **plan)["id"]
    key = api.client.create_api_key(name="key", value=KEY, enabled=True)["id"]
    api.client.create_usage_plan_key(usagePlanId=made, keyId=key, keyType="API_KEY")
    return str(made)


def call(api: Api, value: str = KEY) -> int:
    return api.send("GET", "/test/keyed", headers={"x-api-key": value}).status_code


# -- validators and models --------------------------------------------------------------------------------------------


def test_a_get_without_a_body_fails_a_required_schema(api: Api) -> None:
    """D2: a method without a body is checked all the same."""
    validated(api, "GET", {"application/json": "Item"}, validateRequestBody=True)
    answer = api.send("GET", "/test/p")
    assert (answer.status_code, answer.text) == (400, INVALID_BODY)


def test_the_default_model_is_for_every_other_content_type(api: Api) -> None:
    """D2: `$default` where no model has the content type; parameters of the type do not count."""
    validated(api, "POST", {"$default": "Item", "application/xml": "Empty"}, validateRequestBody=True)
    for content_type, status in (
        ("text/plain", 400),
        ("application/json; charset=utf-8", 400),
        ("application/xml", 200),
    ):
        answer = api.send("POST", "/test/p", content=b'{"statusCode": 200}', headers={"content-type": content_type})
        assert answer.status_code == status, content_type
    fits = b'{"statusCode": 200, "id": 1}'
    assert api.send("POST", "/test/p", content=fits, headers={"content-type": "text/plain"}).status_code == 200


def test_a_validator_checks_only_what_it_is_told_to(api: Api) -> None:
    """D2: parameters alone leave the body alone."""
    validated(api, "POST", {"application/json": "Item"}, validateRequestParameters=True)
    assert api.send("POST", "/test/p", content=b"{}").status_code == 200


def test_a_gateway_response_may_tell_what_was_wrong(api: Api) -> None:
    """D1, D2: `$context.error.validationErrorString` holds the validator's full errors, with a header of one's own."""
    validated(api, "POST", {"application/json": "Item"}, validateRequestBody=True)
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="BAD_REQUEST_BODY",
        statusCode="422",
        responseParameters={"gatewayresponse.header.Access-Control-Allow-Origin": "'https://shop.example'"},
        responseTemplates={"application/json": '{"error": "$context.error.validationErrorString"}'},
    )
    assert api.send("POST", "/test/p", content=b"{}").status_code == 400  # not before it is deployed (D8)
    api.deploy()
    answer = api.send("POST", "/test/p", content=b'{"id": 1.5}')
    assert answer.status_code == 422
    assert "1.5" in answer.text and "integer" in answer.text
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert api.send("POST", "/test/p", content=b'{"id": 1}').status_code == 200


def test_a_changed_model_counts_from_the_next_deployment(api: Api) -> None:
    """D8: models and validators belong to the deployment."""
    validated(api, "POST", {"application/json": "Item"}, validateRequestBody=True)
    lax = json.dumps({"type": "object", "properties": {}})
    api.client.update_model(restApiId=api.id, modelName="Item", patchOperations=patches(("replace", "/schema", lax)))
    assert api.send("POST", "/test/p", content=b"{}").status_code == 400
    api.deploy()
    assert api.send("POST", "/test/p", content=b"{}").status_code == 200


# -- keys and limits --------------------------------------------------------------------------------------------------


def test_the_key_is_asked_for_before_the_body_is_looked_at(api: Api) -> None:
    """D1: the order of the pipeline: key, validation, mapping."""
    api.client.create_model(restApiId=api.id, name="Item", contentType="application/json", schema=json.dumps(SCHEMA))
    validator = api.client.create_request_validator(restApiId=api.id, name="v", validateRequestBody=True)["id"]
    models = {"application/json": "Item"}
    api.mock("/keyed", "POST", apiKeyRequired=True, requestModels=models, requestValidatorId=validator)
    keyed(api)
    assert api.send("POST", "/test/keyed", content=b"{}").status_code == 403
    assert api.send("POST", "/test/keyed", content=b"{}", headers={"x-api-key": KEY}).status_code == 400


@pytest.mark.parametrize(("period", "offset"), [("DAY", 0), ("WEEK", 0), ("WEEK", 2), ("MONTH", 0), ("MONTH", 3)])
def test_a_quota_ends_with_its_period(aws: Aws, api: Api, period: str, offset: int) -> None:
    """D6: weeks begin on Sunday, months on the first, each `offset` days later, at midnight UTC of the clock."""
    begins: dict[str, Callable[[datetime], bool]] = {
        "DAY": lambda day: True,
        "WEEK": lambda day: day.isoweekday() == 7,
        "MONTH": lambda day: day.day == 1,
    }
    keyed(api, quota={"limit": 2, "period": period, "offset": offset})
    tomorrow = datetime.fromtimestamp(aws.now() // 86400 * 86400 + 86400, UTC)
    days = (tomorrow + timedelta(days=number) for number in range(32))
    end = next(day for day in days if begins[period](day - timedelta(days=offset))).timestamp()
    assert [call(api) for _ in range(3)] == [200, 200, 429]
    aws.advance(end - aws.now() - 1)
    assert call(api) == 429
    aws.advance(1)
    assert call(api) == 200


def test_what_is_throttled_does_not_use_up_the_quota(aws: Aws, api: Api) -> None:
    """D6: only requests that were let in are counted."""
    plan = keyed(api, throttle={"rateLimit": 1.0, "burstLimit": 1}, quota={"limit": 2, "period": "MONTH"})
    assert [call(api) for _ in range(3)] == [200, 429, 429]
    aws.advance(1)
    assert call(api) == 200
    aws.advance(1)
    exceeded = api.send("GET", "/test/keyed", headers={"x-api-key": KEY})
    assert exceeded.headers["x-amzn-errortype"] == "LimitExceededException"
    day = time.strftime("%Y-%m-%d", time.gmtime(aws.now()))
    usage = api.client.get_usage(usagePlanId=plan, startDate=day, endDate=day)["items"]
    assert list(usage.values()) == [[[2, 0]]]


def test_the_stricter_of_plan_and_stage_decides(aws: Aws, api: Api) -> None:
    """D6: the plan's limits come first, then the method's on the stage."""
    keyed(api, throttle={"rateLimit": 100.0, "burstLimit": 100})
    api.patch_stage(
        "test",
        ("replace", "/*/*/throttling/rateLimit", "1"),
        ("replace", "/*/*/throttling/burstLimit", "2"),
    )
    assert [call(api) for _ in range(3)] == [200, 200, 429]


def test_an_authorizer_may_name_the_key(aws: Aws) -> None:
    """D6: apiKeySource AUTHORIZER takes `usageIdentifierKey`, and no header."""
    api = Api(aws, apiKeySource="AUTHORIZER")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", AUTHORIZER)
    role = f"arn:aws:iam::{ACCOUNT}:role/authorizer"
    arn = aws.client("lambda").create_function(
        FunctionName="names-the-key",
        Runtime="python3.11",
        Handler="app.handler",
        Role=role,
        Code={"ZipFile": package.getvalue()},
    )["FunctionArn"]
    authorizer = api.client.create_authorizer(
        restApiId=api.id,
        name="keys",
        type="TOKEN",
        authorizerUri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations",
        authorizerCredentials=role,
        identitySource="method.request.header.Authorization",
    )["id"]
    api.mock("/named", authorizationType="CUSTOM", authorizerId=authorizer, apiKeyRequired=True)
    keyed(api)
    refused = api.send("GET", "/test/named", headers={"Authorization": "another", "x-api-key": KEY})
    assert refused.status_code == 403
    assert api.send("GET", "/test/named", headers={"Authorization": KEY}).status_code == 200


# -- access logs ------------------------------------------------------------------------------------------------------


def test_access_logs_may_go_to_a_delivery_stream(aws: Aws, api: Api) -> None:
    """D8: a stream whose name begins with `amazon-apigateway-`, one line per record; no other one."""
    aws.client("s3").create_bucket(Bucket="access-logs")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="amazon-apigateway-logs",
        ExtendedS3DestinationConfiguration={
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/firehose",
            "BucketARN": "arn:aws:s3:::access-logs",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        },
    )
    api.mock("/p")
    api.deploy()
    streams = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream"
    log_format = ("replace", "/accessLogSettings/format", '{"id":"$context.requestId","status":"$context.status"}')
    with pytest.raises(ClientError, match="Invalid ARN specified in the request"):
        api.patch_stage("test", ("replace", "/accessLogSettings/destinationArn", f"{streams}/mine"), log_format)
    destination = f"{streams}/amazon-apigateway-logs"
    api.patch_stage("test", ("replace", "/accessLogSettings/destinationArn", destination), log_format)
    sent = [api.send("GET", path) for path in ("/test/p", "/test/none")]
    aws.settle()
    s3 = aws.client("s3")
    (found,) = s3.list_objects_v2(Bucket="access-logs")["Contents"]
    lines = s3.get_object(Bucket="access-logs", Key=found["Key"])["Body"].read().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"id": answer.headers["x-amzn-requestid"], "status": str(answer.status_code)} for answer in sent
    ]


def test_a_log_group_that_is_gone_costs_no_request(aws: Aws, api: Api) -> None:
    """D8: requests are answered whatever becomes of their log lines."""
    role = f"arn:aws:iam::{ACCOUNT}:role/logs"
    api.client.update_account(patchOperations=patches(("replace", "/cloudwatchRoleArn", role)))
    api.mock("/p")
    api.deploy()
    api.patch_stage(
        "test",
        ("replace", "/accessLogSettings/destinationArn", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/gone"),
        ("replace", "/accessLogSettings/format", "$context.requestId $context.status"),
    )
    assert api.send("GET", "/test/p").status_code == 200
    aws.settle()
    aws.client("logs").create_log_group(logGroupName="/gone")
    assert api.send("GET", "/test/p").status_code == 200
    aws.settle()
    events = aws.client("logs").filter_log_events(logGroupName="/gone")["events"]
    assert [event["message"].split()[1] for event in events] == ["200"]
