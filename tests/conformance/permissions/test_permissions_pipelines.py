"""Calls between services under their roles: Firehose, Lambda, mappings, API Gateway (docs/permissions.md)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.conformance.apigateway_api import Api, kinesis_integration
from tests.conformance.permissions.conftest import ACCOUNT, Iam, allow, deny, document, refused

HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
LOGS = allow("logs:*")
READING = ("kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards")

UNCHANGED = """
def handler(event, context):
    return {"records": [{**r, "result": "Ok"} for r in event["records"]]}
"""
PUTTING = """
import boto3
def handler(event, context):
    boto3.client("kinesis").put_record(StreamName=event["stream"], Data=b"x", PartitionKey="p")
"""
SAYING = """
def handler(event, context):
    return {"statusCode": 200, "body": "said"}
"""


class Pipes:
    """Makes the parts of pipelines, under roles that may be changed later."""

    def __init__(self, iam: Iam) -> None:
        self.iam = iam
        self.aws = iam.aws

    def stream(self) -> str:
        name = self.iam.name("stream")
        self.aws.client("kinesis").create_stream(StreamName=name, ShardCount=1)
        return name

    def put(self, stream: str, data: bytes = b"record") -> None:
        self.aws.client("kinesis").put_record(StreamName=stream, Data=data, PartitionKey="p")

    def records(self, stream: str) -> list[bytes]:
        kinesis = self.aws.client("kinesis")
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )
        return [r["Data"] for r in kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]]

    def function(self, source: str, role: str, **settings: Any) -> str:
        """The function's ARN."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as out:
            out.writestr("app.py", source)
        answer = self.aws.client("lambda").create_function(
            FunctionName=self.iam.name("fn"),
            Runtime="python3.11",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": archive.getvalue()},
            Timeout=30,
            **settings,
        )
        return str(answer["FunctionArn"])

    def delivery(self, role: str, *, source: str | None = None, function: str | None = None) -> str:
        """A delivery stream to a bucket of its own name, with an error log of its own name."""
        name = self.iam.name("delivery")
        logs = self.aws.client("logs")
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="errors")
        self.aws.client("s3").create_bucket(Bucket=name)
        destination: dict[str, Any] = {
            "RoleARN": role,
            "BucketARN": f"arn:aws:s3:::{name}",
            "BufferingHints": HINTS,
            "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": name, "LogStreamName": "errors"},
        }
        if function is not None:
            parameters = [
                {"ParameterName": "LambdaArn", "ParameterValue": function},
                {"ParameterName": "NumberOfRetries", "ParameterValue": "0"},
            ]
            destination["ProcessingConfiguration"] = {
                "Enabled": True,
                "Processors": [{"Type": "Lambda", "Parameters": parameters}],
            }
        settings: dict[str, Any] = {}
        if source is not None:
            arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{source}"
            settings["DeliveryStreamType"] = "KinesisStreamAsSource"
            settings["KinesisStreamSourceConfiguration"] = {"KinesisStreamARN": arn, "RoleARN": role}
        self.aws.client("firehose").create_delivery_stream(
            DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination, **settings
        )
        return name

    def send(self, delivery: str, data: bytes = b"record") -> None:
        self.aws.client("firehose").put_record(DeliveryStreamName=delivery, Record={"Data": data})

    def errors(self, delivery: str) -> list[tuple[str, str]]:
        """(code, message) of the entries in the error log."""
        events = self.aws.client("logs").get_log_events(logGroupName=delivery, logStreamName="errors")["events"]
        entries = [json.loads(event["message"]) for event in events]
        return [(entry["errorCode"], entry["message"]) for entry in entries]

    def delivered(self, delivery: str, prefix: str = "") -> list[bytes]:
        s3 = self.aws.client("s3")
        found = s3.list_objects_v2(Bucket=delivery, Prefix=prefix).get("Contents", [])
        return [s3.get_object(Bucket=delivery, Key=item["Key"])["Body"].read() for item in found]


@pytest.fixture
def pipes(iam: Iam) -> Pipes:
    return Pipes(iam)


# -- Firehose -------------------------------------------------------------------------------------------------------


def test_firehose_without_the_right_to_write_tries_again_until_it_has_it(iam: Iam, pipes: Pipes) -> None:
    """A12, A18: S3.AccessDenied in the error log, retries, and the record once the policy is there."""
    role = iam.role("firehose.amazonaws.com", LOGS)
    delivery = pipes.delivery(role)
    pipes.send(delivery)
    iam.aws.advance(61)
    assert pipes.delivered(delivery) == []
    code, message = pipes.errors(delivery)[0]
    assert code == "S3.AccessDenied"
    assert message.startswith("Access was denied. Ensure that the trust policy for the provided IAM role allows")
    iam.role_may(role, LOGS, allow("s3:PutObject", f"arn:aws:s3:::{delivery}/*"))
    iam.aws.settle()
    assert pipes.delivered(delivery) == [b"record"]


def test_firehose_whose_role_stops_trusting_it(iam: Iam, pipes: Pipes) -> None:
    """A18: the same code for a trust policy that does not allow Firehose."""
    role = iam.role("firehose.amazonaws.com", LOGS, allow("s3:*"))
    delivery = pipes.delivery(role)
    client, name = iam.aws.client("iam"), role.rpartition("/")[2]

    def trust(service: str, **more: Any) -> None:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **more}
        client.update_assume_role_policy(RoleName=name, PolicyDocument=document(statement))

    trust("lambda.amazonaws.com")
    pipes.send(delivery)
    iam.aws.advance(61)
    assert pipes.delivered(delivery) == []
    # A20: Firehose gives the account as the external id.
    trust("firehose.amazonaws.com", Condition={"StringEquals": {"sts:ExternalId": ACCOUNT}})
    iam.aws.settle()
    assert pipes.delivered(delivery) == [b"record"]


def test_a_bucket_policy_that_denies_firehose(iam: Iam, pipes: Pipes) -> None:
    """E1: explicit deny wins over the role's policy."""
    role = iam.role("firehose.amazonaws.com", LOGS, allow("s3:*"))
    delivery = pipes.delivery(role)
    objects = f"arn:aws:s3:::{delivery}/*"
    iam.aws.client("s3").put_bucket_policy(
        Bucket=delivery, Policy=document(deny("s3:PutObject", objects, Principal={"AWS": role}))
    )
    pipes.send(delivery)
    iam.aws.advance(61)
    assert [code for code, _ in pipes.errors(delivery)][:1] == ["S3.AccessDenied"]


def test_firehose_without_the_right_to_invoke(iam: Iam, pipes: Pipes) -> None:
    """A9: Lambda.InvokeAccessDenied, and the records in processing-failed."""
    role = iam.role("firehose.amazonaws.com", LOGS, allow("s3:*"))
    function = pipes.function(UNCHANGED, iam.role("lambda.amazonaws.com", LOGS))
    delivery = pipes.delivery(role, function=function)
    pipes.send(delivery)
    iam.aws.settle()
    (failed,) = [json.loads(line) for line in pipes.delivered(delivery, "processing-failed")]
    assert failed["errorCode"] == "Lambda.InvokeAccessDenied"
    iam.role_may(role, LOGS, allow("s3:*"), allow("lambda:InvokeFunction", [function, f"{function}:*"]))
    pipes.send(delivery, b"second")
    iam.aws.settle()
    assert pipes.delivered(delivery, "2") == [b"second"]


def test_firehose_that_may_not_read_its_source(iam: Iam, pipes: Pipes) -> None:
    """A6: Kinesis.AccessDenied; the position stays, recovery goes on from there."""
    stream = pipes.stream()
    role = iam.role("firehose.amazonaws.com", LOGS, allow("s3:*"), allow(READING))
    delivery = pipes.delivery(role, source=stream)
    iam.aws.settle()
    iam.role_may(role, LOGS, allow("s3:*"))
    pipes.put(stream)
    iam.aws.advance(120)
    assert "Kinesis.AccessDenied" in [code for code, _ in pipes.errors(delivery)]
    assert pipes.delivered(delivery) == []
    iam.role_may(role, LOGS, allow("s3:*"), allow(READING, f"arn:aws:kinesis:*:*:stream/{stream}"))
    iam.aws.settle()
    assert pipes.delivered(delivery) == [b"record"]


def test_a_delivery_stream_with_a_role_that_does_not_trust_firehose(iam: Iam, pipes: Pipes) -> None:
    """C: CreateDeliveryStream refuses a role that it can't assume."""
    role = iam.role("lambda.amazonaws.com")
    answer = refused(pipes.delivery, role=role)
    assert (answer.code, answer.message) == (
        "InvalidArgumentException",
        f"Firehose is unable to assume role {role}. Please check the role provided.",
    )


# -- Lambda ---------------------------------------------------------------------------------------------------------


def test_a_function_calls_with_its_roles_rights(iam: Iam, pipes: Pipes) -> None:
    """C4: without kinesis:PutRecord the client in the function raises ClientError."""
    role = iam.role("lambda.amazonaws.com", LOGS)
    function, stream = pipes.function(PUTTING, role), pipes.stream()
    name = function.rpartition(":")[2]

    def run() -> dict[str, Any]:
        answer = iam.aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"stream": stream}))
        return json.loads(answer["Payload"].read()) or {}

    failed = run()
    assert failed["errorType"] == "AccessDeniedException"  # a ClientError
    assert failed["errorMessage"] == (
        "An error occurred (AccessDeniedException) when calling the PutRecord operation: User: "
        f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/{name} is not authorized to perform: "
        f"kinesis:PutRecord on resource: arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{stream} because no "
        "identity-based policy allows the kinesis:PutRecord action"
    )
    iam.role_may(role, LOGS, allow("kinesis:PutRecord", f"arn:aws:kinesis:*:*:stream/{stream}"))
    assert run() == {}
    assert pipes.records(stream) == [b"x"]


def test_a_function_is_a_session_of_its_role(iam: Iam, pipes: Pipes) -> None:
    """C4: GetCallerIdentity inside a function."""
    source = "import boto3\ndef handler(event, context): return boto3.client('sts').get_caller_identity()['Arn']"
    role = iam.role("lambda.amazonaws.com")
    name = pipes.function(source, role).rpartition(":")[2]
    answer = iam.aws.client("lambda").invoke(FunctionName=name)
    expected = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/{name}"
    assert json.loads(answer["Payload"].read()) == expected


def test_a_function_whose_role_may_not_log_leaves_no_log(iam: Iam, pipes: Pipes) -> None:
    """C3, E3: Lambda makes the group only if the role allows."""
    role = iam.role("lambda.amazonaws.com")
    name = pipes.function(SAYING, role).rpartition(":")[2]
    logs = iam.aws.client("logs")
    iam.aws.client("lambda").invoke(FunctionName=name)
    iam.aws.settle()
    assert logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"] == []
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.aws.client("iam").attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=basic)
    iam.aws.client("lambda").invoke(FunctionName=name)
    iam.aws.settle()
    assert len(logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]) == 1


def test_a_function_with_a_role_that_does_not_trust_lambda(iam: Iam, pipes: Pipes) -> None:
    """C: CreateFunction refuses a role that it can't assume."""
    answer = refused(pipes.function, source=SAYING, role=iam.role("firehose.amazonaws.com"))
    assert (answer.code, answer.message) == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )


def test_an_event_source_mapping_needs_to_read(iam: Iam, pipes: Pipes) -> None:
    """C8: a mapping on a stream that the role may not read is refused; one that loses its right stands still."""
    role = iam.role("lambda.amazonaws.com", LOGS)
    source, target = pipes.stream(), pipes.stream()
    forwarding = PUTTING.replace('event["stream"]', f'"{target}"')
    function = pipes.function(forwarding, role)
    arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{source}"
    client = iam.aws.client("lambda")
    create = client.create_event_source_mapping
    settings = {"EventSourceArn": arn, "FunctionName": function, "StartingPosition": "TRIM_HORIZON"}
    answer = refused(create, **settings)
    assert answer.code == "InvalidParameterValueException"
    assert answer.message.startswith(f"Cannot access stream {arn}. Please ensure the role can perform the GetRecords,")
    writing = allow("kinesis:PutRecord", f"arn:aws:kinesis:*:*:stream/{target}")
    iam.role_may(role, LOGS, writing, allow(READING, arn))
    uuid = create(**settings)["UUID"]
    pipes.put(source)
    iam.aws.settle()
    assert len(pipes.records(target)) == 1
    iam.role_may(role, LOGS, writing)
    pipes.put(source)
    iam.aws.advance(5)
    assert len(pipes.records(target)) == 1
    assert client.get_event_source_mapping(UUID=uuid)["LastProcessingResult"].startswith("PROBLEM: User: ")
    iam.role_may(role, LOGS, writing, allow(READING, arn))
    iam.aws.settle()
    assert len(pipes.records(target)) == 2


def test_a_mapping_gives_up_to_a_queue_with_its_roles_rights(iam: Iam, pipes: Pipes) -> None:
    """C9: the on-failure queue needs sqs:SendMessage and nothing else; without it the record is lost."""
    source = pipes.stream()
    arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{source}"
    sqs = iam.aws.client("sqs")
    queue = iam.name("dlq")
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    queue_arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"
    role = iam.role("lambda.amazonaws.com", LOGS, allow(READING, arn))
    function = pipes.function("def handler(event, context): raise ValueError", role)
    iam.aws.client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName=function,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": queue_arn}},
    )
    pipes.put(source)
    iam.aws.settle()
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    iam.role_may(role, LOGS, allow(READING, arn), allow("sqs:SendMessage", queue_arn))
    pipes.put(source)
    iam.aws.settle()
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_a_stream_with_a_customers_key(iam: Iam, pipes: Pipes) -> None:
    """B11: who writes needs kms:GenerateDataKey, who reads kms:Decrypt."""
    stream = pipes.stream()
    key = iam.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    iam.aws.client("kinesis").start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=key)
    user = iam.user(allow("kinesis:*"))
    put = user.client("kinesis").put_record
    answer = refused(put, StreamName=stream, Data=b"x", PartitionKey="p")
    assert (answer.code, answer.status) == ("KMSAccessDeniedException", 400)
    assert f"kms:GenerateDataKey on resource: {key} " in answer.message
    user.may(allow("kinesis:*"), allow("kms:GenerateDataKey", key))
    put(StreamName=stream, Data=b"x", PartitionKey="p")


# -- API Gateway ----------------------------------------------------------------------------------------------------


def test_a_rest_apis_role_without_the_right_to_put(iam: Iam, pipes: Pipes) -> None:
    """D3: the service's 400 AccessDeniedException is the backend's answer, to be mapped like any other."""
    role, stream = iam.role("apigateway.amazonaws.com"), pipes.stream()
    api = Api(iam.aws)
    api.method(
        "/events",
        "POST",
        {**kinesis_integration(stream), "credentials": role},
        {"200": {}, "400": {"selectionPattern": "4\\d{2}"}},
    )
    api.deploy()
    answer = api.send("POST", "/test/events", json={"key": "a"})
    assert answer.status_code == 400
    assert answer.json()["__type"] == "AccessDeniedException"
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/BackplaneAssumeRoleSession"
    assert f"User: {session} is not authorized to perform: kinesis:PutRecord" in answer.text
    iam.role_may(role, allow("kinesis:PutRecord"))
    assert api.send("POST", "/test/events", json={"key": "a"}).status_code == 200


def test_a_rest_apis_role_that_does_not_trust_it(iam: Iam, pipes: Pipes) -> None:
    """D3: without credentials nothing can be asked: 500."""
    role, stream = iam.role("lambda.amazonaws.com", allow("*")), pipes.stream()
    api = Api(iam.aws)
    api.method("/events", "POST", {**kinesis_integration(stream), "credentials": role}, {"200": {}})
    api.deploy()
    answer = api.send("POST", "/test/events", json={"key": "a"})
    assert (answer.status_code, answer.text) == (500, '{"message": "Internal server error"}')
    assert pipes.records(stream) == []


def test_a_rest_api_needs_the_functions_permission_or_a_role(iam: Iam, pipes: Pipes) -> None:
    """D5: the function's resource policy counts for the service principal, the role's policy for a role."""
    function = pipes.function(SAYING, iam.role("lambda.amazonaws.com", LOGS))
    role = iam.role("apigateway.amazonaws.com", allow("lambda:InvokeFunction", function))
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    proxy = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}
    api = Api(iam.aws)
    api.method("/open", "GET", proxy)
    api.method("/role", "GET", {**proxy, "credentials": role})
    api.deploy()
    assert api.send("GET", "/test/role").text == "said"
    assert api.send("GET", "/test/open").status_code == 500
    iam.aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api.id}/*/GET/open",
    )
    assert api.send("GET", "/test/open").text == "said"
    iam.role_may(role, allow("lambda:GetFunction"))
    assert api.send("GET", "/test/role").status_code == 500
