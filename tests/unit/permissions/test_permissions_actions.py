"""What operations demand: every operation of every service, and the ones whose action has another name."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from harness.emulator.call import Call, Caller, HttpRequest
from harness.emulator.clock import Clock
from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.actions import required_actions
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.permissions.evaluation import ResourcePolicy
from harness.emulator.service_registry import descriptors, native
from harness.emulator.spec.model import load_model
from harness.emulator.upstream.services import SERVED
from harness.emulator.world import World

# Every service that is served in this process.
KNOWN = {*SERVED, *(each.name for each in native())}
ARN = "arn:aws:{}:us-east-1:000000000000:{}"


class Nobody:
    """A directory that holds nothing."""

    def key_owner(self, access_key: str) -> None:
        return None

    def user(self, account: str, name: str) -> None:
        return None

    def role(self, arn: str) -> None:
        return None

    def arn_in_iam(self, account: str, kind: str, name: str) -> str:
        return f"arn:aws:iam::{account}:{kind}/{name}"

    def policy_of(self, service: str, resource: str) -> ResourcePolicy:
        return ResourcePolicy()

    def key_arn(self, account: str, region: str, key_id: str) -> str:
        return ARN.format("kms", f"key/{key_id}")

    def key_of_ciphertext(self, account: str, region: str, blob: bytes) -> str:
        return ""

    def secret_arn(self, account: str, region: str, secret_id: str) -> str:
        return ARN.format("secretsmanager", f"secret:{secret_id}-abcdef")

    def object_key(self, bucket: str, key: str) -> str | None:
        return None

    def bucket_key(self, bucket: str) -> str:
        return ""

    def is_public_object(self, bucket: str, key: str) -> bool:
        return False


def demanded(
    service: str, operation: str, params: dict[str, Any], http: HttpRequest | None = None
) -> list[RequiredAction]:
    call = Call(service, operation, params, Caller(), "id", http)
    return required_actions(Asked(call, World(clock=Clock.parse("manual")), Nobody()))


def pairs(service: str, operation: str, **params: Any) -> list[tuple[str, str]]:
    return [(demand.action, demand.resource) for demand in demanded(service, operation, params)]


@pytest.mark.parametrize("service", sorted(KNOWN))
def test_every_operation_has_demands_or_is_refused(service: str) -> None:
    """Without any member nothing fails; what is unknown is refused by name."""
    spaces = {
        "apigatewayv2": "apigateway", "dynamodbstreams": "dynamodb",
    }  # fmt: skip
    for operation in load_model(service).operations:
        try:
            found = demanded(service, operation, {})
        except NotEmulated:
            continue
        for demand in found:
            assert demand.action.partition(":")[0] == spaces.get(service, service), operation
            assert demand.resource == "*" or demand.resource.startswith("arn:aws:"), operation


def test_every_served_service_is_known() -> None:
    """A service without demands would be refused whole."""
    assert descriptors().keys() >= KNOWN


@pytest.mark.parametrize(
    ("service", "operation", "params", "action", "resource"),
    [
        ("kinesis", "GetRecords", {"StreamARN": ARN.format("kinesis", "stream/s")}, "kinesis:GetRecords", "stream/s"),
        ("lambda", "Invoke", {"FunctionName": "f"}, "lambda:InvokeFunction", "function:f"),
        ("lambda", "Invoke", {"FunctionName": "f:v"}, "lambda:InvokeFunction", "function:f:v"),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "000000000000:function:f", "Qualifier": "3"},
            "lambda:InvokeFunction",
            "function:f:3",
        ),
        (
            "lambda",
            "GetLayerVersionByArn",
            {"Arn": ARN.format("lambda", "layer:l:1")},
            "lambda:GetLayerVersion",
            "layer:l:1",
        ),
        ("lambda", "GetLayerVersion", {"LayerName": "l", "VersionNumber": 1}, "lambda:GetLayerVersion", "layer:l:1"),
        ("sqs", "SendMessageBatch", {"QueueUrl": "http://x/000000000000/q"}, "sqs:SendMessage", "q"),
        ("sns", "PublishBatch", {"TopicArn": ARN.format("sns", "t")}, "sns:Publish", "t"),
        ("events", "PutRule", {"Name": "r"}, "events:PutRule", "rule/r"),
        ("events", "PutRule", {"Name": "r", "EventBusName": "b"}, "events:PutRule", "rule/b/r"),
        ("ssm", "GetParameter", {"Name": "/a/b"}, "ssm:GetParameter", "parameter/a/b"),
        ("cloudformation", "CreateStack", {"StackName": "s"}, "cloudformation:CreateStack", "stack/s/*"),
        ("cloudwatch", "DeleteAlarms", {"AlarmNames": ["a"]}, "cloudwatch:DeleteAlarms", "alarm:a"),
        ("logs", "FilterLogEvents", {"logGroupName": "g"}, "logs:FilterLogEvents", "log-group:g:log-stream:"),
    ],
)
def test_actions_and_resources(
    service: str, operation: str, params: dict[str, Any], action: str, resource: str
) -> None:
    assert pairs(service, operation, **params) == [(action, ARN.format(service, resource))]


@pytest.mark.parametrize(
    ("operation", "params", "action", "resource"),
    [
        ("HeadObject", {"Bucket": "b", "Key": "k"}, "s3:GetObject", "b/k"),
        ("GetObject", {"Bucket": "b", "Key": "k", "VersionId": "1"}, "s3:GetObjectVersion", "b/k"),
        ("UploadPart", {"Bucket": "b", "Key": "k"}, "s3:PutObject", "b/k"),
        ("ListParts", {"Bucket": "b", "Key": "k"}, "s3:ListMultipartUploadParts", "b/k"),
        ("ListObjectsV2", {"Bucket": "b"}, "s3:ListBucket", "b"),
        ("HeadBucket", {"Bucket": "b"}, "s3:ListBucket", "b"),
        ("DeleteBucketCors", {"Bucket": "b"}, "s3:PutBucketCORS", "b"),
        ("PutPublicAccessBlock", {"Bucket": "b"}, "s3:PutBucketPublicAccessBlock", "b"),
        ("GetBucketLifecycleConfiguration", {"Bucket": "b"}, "s3:GetLifecycleConfiguration", "b"),
    ],
)
def test_s3(operation: str, params: dict[str, Any], action: str, resource: str) -> None:
    assert pairs("s3", operation, **params) == [(action, f"arn:aws:s3:::{resource}")]


def test_s3_by_host_and_by_path() -> None:
    for host, path in (("b.s3.localhost.localstack.cloud:4566", "/a%20b"), ("127.0.0.1:4566", "/b/a%20b")):
        request = HttpRequest("GET", path, [("host", host)])
        assert demanded("s3", "GetObject", {}, request)[0].resource == "arn:aws:s3:::b/a b"


def test_s3_sub_resources_that_nobody_knows_are_refused() -> None:
    with pytest.raises(NotEmulated, match=r"s3 \?inventory"):
        demanded("s3", "CreateBucket", {}, HttpRequest("PUT", "/b?inventory&id=1", []))


def test_api_gateway_by_verb_and_path() -> None:
    api = {"restApiId": "a", "resourceId": "r", "httpMethod": "GET"}
    assert pairs("apigateway", "GetMethod", **api) == [
        ("apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis/a/resources/r/methods/GET")
    ]
    assert pairs("apigatewayv2", "CreateRoute", ApiId="a", RouteKey="GET /") == [
        ("apigateway:POST", "arn:aws:apigateway:us-east-1::/apis/a/routes")
    ]


def test_several_resources() -> None:
    assert [r for _, r in pairs("glue", "GetTable", DatabaseName="d", Name="t")] == [
        ARN.format("glue", resource) for resource in ("catalog", "database/d", "table/d/t")
    ]
    assert pairs("dynamodb", "BatchWriteItem", RequestItems={"b": [], "a": []}) == [
        ("dynamodb:BatchWriteItem", ARN.format("dynamodb", f"table/{name}")) for name in ("a", "b")
    ]
    assert pairs("kms", "ReEncrypt", SourceKeyId="1", DestinationKeyId="2") == [
        ("kms:ReEncryptFrom", ARN.format("kms", "key/1")),
        ("kms:ReEncryptTo", ARN.format("kms", "key/2")),
    ]


def test_roles_anywhere_in_a_call_are_passed() -> None:
    role = "arn:aws:iam::000000000000:role/r"
    destination = {
        "RoleARN": role,
        "ProcessingConfiguration": {"Processors": [{"ParameterName": "RoleArn", "ParameterValue": role + "2"}]},
    }
    found = demanded(
        "firehose", "CreateDeliveryStream",
        {"DeliveryStreamName": "d", "ExtendedS3DestinationConfiguration": destination},
    )  # fmt: skip
    assert [(d.action, d.resource) for d in found[1:]] == [("iam:PassRole", role), ("iam:PassRole", role + "2")]
    assert found[1].facts == {"iam:PassedToService": "firehose.amazonaws.com"}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-amz-json-1.0", orjson.dumps({"QueueName": "q"})),
        ("application/x-www-form-urlencoded", b"Action=CreateQueue&QueueName=q"),
        ("application/x-amz-json-1.0", b"{broken"),
    ],
)
def test_members_of_requests_that_are_passed_on(content_type: str, body: bytes) -> None:
    request = HttpRequest("POST", "/", [("content-type", content_type)], body)
    found = demanded("sqs", "CreateQueue", {}, request)[0].resource
    assert found == (ARN.format("sqs", "q") if b"broken" not in body else "*")
