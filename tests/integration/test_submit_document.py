"""The submit system by its document: the acceptance criteria of its three phases, in their order.

The optional ones are in test_submit_variants.py and test_submit_enforced.py, the clean-up in test_systems_alone.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.integration.full_stack import FullStack
from tests.integration.provisioning import ROOT

# What the console offers as a test event for a function behind an HTTP API, cut to what matters.
CONSOLE_EVENT = {
    "version": "2.0",
    "routeKey": "POST /submit",
    "rawPath": "/submit",
    "headers": {"content-type": "application/json"},
    "requestContext": {"http": {"method": "POST", "path": "/submit"}, "stage": "$default"},
    "body": '{"id": "from the console"}',
    "isBase64Encoded": False,
}


def statements(policy: Any) -> list[dict[str, Any]]:
    """The statements of a policy document, as text or decoded."""
    document = json.loads(policy) if isinstance(policy, str) else policy
    return list(document["Statement"])


def actions(policy: Any, resource: str) -> set[str]:
    """What the policy allows on the resource."""
    return {action for each in statements(policy) if resource in each["Resource"] for action in each["Action"]}


def test_phase_1_the_bucket(stack: FullStack) -> None:
    """The bucket exists and is listed. (`force_destroy`: the clean-up destroys it with objects in it.)"""
    s3 = stack.aws.client("s3")
    assert stack.submit["bucket_name"] in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=stack.submit["bucket_name"])["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_phase_1_the_stream(stack: FullStack) -> None:
    """`api-kinesis-stream` is active, with one shard, and is listed (B1)."""
    kinesis = stack.aws.client("kinesis")
    assert "api-kinesis-stream" in kinesis.list_streams()["StreamNames"]
    summary = kinesis.describe_stream_summary(StreamName="api-kinesis-stream")["StreamDescriptionSummary"]
    assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 1)


def test_phase_1_the_delivery_stream(stack: FullStack) -> None:
    """Its source is the stream, its destination the bucket, both by the role that Firehose may assume (A2, A6)."""
    described = stack.aws.client("firehose").describe_delivery_stream(
        DeliveryStreamName=stack.submit["delivery_stream_name"]
    )["DeliveryStreamDescription"]
    assert (described["DeliveryStreamStatus"], described["DeliveryStreamType"]) == ("ACTIVE", "KinesisStreamAsSource")
    source = described["Source"]["KinesisStreamSourceDescription"]
    (destination,) = described["Destinations"]
    s3 = destination["ExtendedS3DestinationDescription"]
    role = stack.aws.client("iam").get_role(RoleName=stack.submit["delivery_stream_name"])["Role"]
    assert source["KinesisStreamARN"] == stack.submit["stream_arn"]
    assert s3["BucketARN"] == f"arn:aws:s3:::{stack.submit['bucket_name']}"
    assert source["RoleARN"] == s3["RoleARN"] == role["Arn"]


@pytest.mark.parametrize(
    ("role", "service"), [("function_name", "lambda.amazonaws.com"), ("delivery_stream_name", "firehose.amazonaws.com")]
)
def test_phase_1_each_role_trusts_its_service_alone(stack: FullStack, role: str, service: str) -> None:
    trust = stack.aws.client("iam").get_role(RoleName=stack.submit[role])["Role"]["AssumeRolePolicyDocument"]
    (statement,) = statements(trust)
    assert (statement["Action"], statement["Principal"]) == ("sts:AssumeRole", {"Service": service})


def test_phase_1_the_roles_may_do_their_work(stack: FullStack) -> None:
    """Lambda: its log and the stream. Firehose: the bucket, the stream, its log. That this suffices, and that less does
    not, is shown with permissions enforced (test_submit_enforced.py)."""
    iam, account = stack.aws.client("iam"), "000000000000"
    function, delivery = stack.submit["function_name"], stack.submit["delivery_stream_name"]
    policy = iam.get_role_policy(RoleName=function, PolicyName="function")["PolicyDocument"]
    assert actions(policy, stack.submit["stream_arn"]) == {"kinesis:PutRecord"}
    log = f"arn:aws:logs:us-east-1:{account}:log-group:{stack.submit['function_log_group_name']}:*"
    assert actions(policy, log) == {"logs:CreateLogStream", "logs:PutLogEvents"}

    policy = iam.get_role_policy(RoleName=delivery, PolicyName="delivery")["PolicyDocument"]
    bucket = f"arn:aws:s3:::{stack.submit['bucket_name']}"
    assert {"s3:PutObject", "s3:AbortMultipartUpload"} <= actions(policy, f"{bucket}/*")
    assert {"s3:GetBucketLocation", "s3:ListBucket"} <= actions(policy, bucket)
    assert {"kinesis:GetRecords", "kinesis:GetShardIterator"} <= actions(policy, stack.submit["stream_arn"])


def test_phase_2_the_function_is_the_zip_with_its_variable(stack: FullStack) -> None:
    """The deployed code is the packaged zip, byte for byte, and KINESIS_STREAM names the stream (C4)."""
    found = stack.aws.client("lambda").get_function(FunctionName=stack.submit["function_name"])["Configuration"]
    package = (ROOT / "build" / "lambdas" / "submit.zip").read_bytes()
    assert found["CodeSha256"] == base64.b64encode(hashlib.sha256(package).digest()).decode()
    assert found["Environment"]["Variables"] == {"KINESIS_STREAM": "api-kinesis-stream"}
    assert (found["State"], found["Handler"]) == ("Active", "handler.lambda_handler")


def test_phase_2_the_console_test_works(stack: FullStack) -> None:
    """The console's Test button is Invoke with a test event and the log's tail; the stream has the record (C1, C3)."""
    answer = stack.aws.client("lambda").invoke(
        FunctionName=stack.submit["function_name"], Payload=json.dumps(CONSOLE_EVENT), LogType="Tail"
    )
    assert (answer["StatusCode"], answer.get("FunctionError")) == (200, None)
    result = json.loads(answer["Payload"].read())
    body = json.loads(result["body"])
    assert (result["statusCode"], body["message"]) == (200, "Accepted")
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert f"Accepted: {body['shardId']} {body['sequenceNumber']}" in tail
    assert "REPORT RequestId: " in tail
    assert records(stack) == [b'{"id":"from the console"}\n']


def test_phase_2_the_console_test_with_an_event_of_no_api(stack: FullStack) -> None:
    """The console's default event ("hello-world") has no body: the handler's own 400, no function error (C1)."""
    event = json.dumps({"key1": "value1", "key2": "value2", "key3": "value3"})
    answer = stack.aws.client("lambda").invoke(FunctionName=stack.submit["function_name"], Payload=event)
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"].read())["statusCode"] == 400
    assert records(stack) == []


def test_phase_2_the_route_is_a_proxy_and_deployed_by_itself(stack: FullStack) -> None:
    """`POST /submit` leads to the function in proxy mode; `$default` has auto-deploy: a new route is served at once,
    without CreateDeployment (D9)."""
    gateway, api = stack.aws.client("apigatewayv2"), stack.submit["api_id"]
    (route,) = gateway.get_routes(ApiId=api)["Items"]
    (integration,) = gateway.get_integrations(ApiId=api)["Items"]
    (stage,) = gateway.get_stages(ApiId=api)["Items"]
    assert (route["RouteKey"], route["AuthorizationType"]) == ("POST /submit", "NONE")
    assert route["Target"] == f"integrations/{integration['IntegrationId']}"
    assert (integration["IntegrationType"], integration["PayloadFormatVersion"]) == ("AWS_PROXY", "2.0")
    assert f":function:{stack.submit['function_name']}/invocations" in integration["IntegrationUri"]
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)

    more = stack.submit["submit_url"].replace("/submit", "/more")
    assert stack.post(more, {}).status_code == 404
    gateway.create_route(ApiId=api, RouteKey="POST /more", Target=route["Target"])
    # Found, and refused by the permission, which names the one route (the status says which of the two it is).
    assert stack.post(more, {}).status_code == 500


def test_phase_2_the_permission_is_for_this_route_alone(stack: FullStack) -> None:
    """API Gateway may invoke the function for `POST /submit` of this API; no 403, no permission error on a call."""
    policy = stack.aws.client("lambda").get_policy(FunctionName=stack.submit["function_name"])["Policy"]
    (statement,) = statements(policy)
    assert (statement["Effect"], statement["Action"]) == ("Allow", "lambda:InvokeFunction")
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    source = statement["Condition"]["ArnLike"]["AWS:SourceArn"]
    assert source == f"arn:aws:execute-api:us-east-1:000000000000:{stack.submit['api_id']}/*/POST/submit"
    assert stack.post(stack.submit["submit_url"], {"id": 1}).status_code == 200


def test_phase_3_curl(stack: FullStack) -> None:
    """The real curl: HTTP 200; a line in CloudWatch; the document in S3 within two minutes."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not on PATH")
    answer = subprocess.run(
        [
            *(curl, "--silent", "--show-error", "--include", "--noproxy", "*", "--max-time", "60"),
            *("-X", "POST", stack.submit["submit_url"], "-H", "Content-Type: application/json"),
            *("-d", '{"device": "test", "value": 42}'),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    head, _, body = answer.stdout.partition("\n\n")
    assert head.startswith("HTTP/1.1 200"), answer.stdout
    accepted = json.loads(body)
    log = "\n".join(stack.log(stack.submit["function_log_group_name"]))
    assert f"Accepted: {accepted['shardId']} {accepted['sequenceNumber']}" in log
    stack.aws.advance(120)
    assert stack.lines(stack.submit["bucket_name"]) == [{"device": "test", "value": 42}]


def records(stack: FullStack) -> list[bytes]:
    """The data of all records in the stream."""
    kinesis, name = stack.aws.client("kinesis"), stack.submit["stream_name"]
    iterator = kinesis.get_shard_iterator(
        StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]
