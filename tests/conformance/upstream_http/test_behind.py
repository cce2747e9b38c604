"""What is behind comes back between two tests by public APIs; moto_server stands in for LocalStack."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.aws_resources.remembered import Remembered
from tests.conformance.upstream_http.test_split import PIPELINE

Front = Callable[[str], Any]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)


@pytest.fixture
def aws(front: Front) -> Any:
    return front(PIPELINE)


@pytest.fixture
def behind(aws: Any) -> Remembered:
    """With one resource of each kind, as a stack might have them."""
    aws.client("s3").create_bucket(Bucket="kept")
    aws.client("s3").put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    aws.client("s3").put_object(Bucket="kept", Key="of-the-stack", Body=b"1")
    url = aws.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    topic = aws.client("sns").create_topic(Name="kept")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="someone@example.com")
    aws.client("dynamodb").create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("dynamodb").put_item(TableName="kept", Item={"id": {"S": "of-the-stack"}, "n": {"N": "1"}})
    aws.client("logs").create_log_group(logGroupName="kept")
    aws.client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument=TRUST)
    aws.client("iam").put_role_policy(RoleName="kept", PolicyName="of-the-stack", PolicyDocument=POLICY)
    aws.client("ssm").put_parameter(Name="kept", Value="1", Type="String")
    aws.client("secretsmanager").create_secret(Name="kept", SecretString="1")
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    aws.client("kms").create_alias(AliasName="alias/kept", TargetKeyId=key)
    aws.queue, aws.topic, aws.key = url, topic, key
    behind = Remembered(aws.client, PIPELINE.split(","))
    behind.remember()
    return behind


def test_content_goes_and_the_stack_s_own_stays(aws: Any, behind: Remembered) -> None:
    s3, table = aws.client("s3"), aws.client("dynamodb")
    s3.put_object(Bucket="kept", Key="a", Body=b"1")
    s3.put_object(Bucket="kept", Key="a", Body=b"2")
    s3.delete_object(Bucket="kept", Key="a")
    s3.create_multipart_upload(Bucket="kept", Key="parts")
    aws.client("sqs").send_message(QueueUrl=aws.queue, MessageBody="seen")
    aws.client("sqs").receive_message(QueueUrl=aws.queue)
    aws.client("sqs").send_message(QueueUrl=aws.queue, MessageBody="new")
    table.put_item(TableName="kept", Item={"id": {"S": "later"}})
    table.put_item(TableName="kept", Item={"id": {"S": "of-the-stack"}, "n": {"N": "2"}})
    aws.client("logs").create_log_stream(logGroupName="kept", logStreamName="later")
    aws.client("iam").put_role_policy(RoleName="kept", PolicyName="later", PolicyDocument=POLICY)
    aws.client("sns").subscribe(TopicArn=aws.topic, Protocol="email", Endpoint="later@example.com")

    assert behind.clean() == []

    versions = s3.list_object_versions(Bucket="kept")
    assert [each["Key"] for each in versions["Versions"]] == ["of-the-stack"] and "DeleteMarkers" not in versions
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="kept")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = aws.client("sqs").get_queue_attributes(QueueUrl=aws.queue, AttributeNames=names)["Attributes"]
    assert set(counts.values()) == {"0"}
    assert table.scan(TableName="kept")["Items"] == [{"id": {"S": "of-the-stack"}, "n": {"N": "1"}}]
    assert aws.client("logs").describe_log_streams(logGroupName="kept")["logStreams"] == []
    assert aws.client("iam").list_role_policies(RoleName="kept")["PolicyNames"] == ["of-the-stack"]
    subscriptions = aws.client("sns").list_subscriptions_by_topic(TopicArn=aws.topic)["Subscriptions"]
    assert [each["Endpoint"] for each in subscriptions] == ["someone@example.com"]


def test_what_came_later_is_removed(aws: Any, behind: Remembered) -> None:
    """A bucket with content, a role with permissions, and the rest by name."""
    aws.client("s3").create_bucket(Bucket="later")
    aws.client("s3").put_object(Bucket="later", Key="a", Body=b"1")
    url = aws.client("sqs").create_queue(QueueName="later")["QueueUrl"]
    topic = aws.client("sns").create_topic(Name="later")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="someone@example.com")
    aws.client("dynamodb").create_table(
        TableName="later",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("logs").create_log_group(logGroupName="later")
    aws.client("iam").create_role(RoleName="later", AssumeRolePolicyDocument=TRUST)
    aws.client("iam").put_role_policy(RoleName="later", PolicyName="p", PolicyDocument=POLICY)
    aws.client("ssm").put_parameter(Name="later", Value="1", Type="String")
    aws.client("secretsmanager").create_secret(Name="later", SecretString="1")
    aws.client("kms").create_alias(AliasName="alias/later", TargetKeyId=aws.key)
    policy = aws.client("iam").create_policy(PolicyName="later", PolicyDocument=POLICY)["Policy"]["Arn"]
    aws.client("iam").create_policy_version(PolicyArn=policy, PolicyDocument=POLICY, SetAsDefault=True)
    aws.client("iam").attach_role_policy(RoleName="kept", PolicyArn=policy)
    aws.client("events").put_rule(Name="later", ScheduleExpression="rate(5 minutes)")
    aws.client("events").put_targets(Rule="later", Targets=[{"Id": "1", "Arn": topic}])

    assert behind.clean() == []

    assert [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]] == ["kept"]
    assert url not in aws.client("sqs").list_queues()["QueueUrls"]
    assert [each["TopicArn"] for each in aws.client("sns").list_topics()["Topics"]] == [aws.topic]
    assert aws.client("dynamodb").list_tables()["TableNames"] == ["kept"]
    assert [each["logGroupName"] for each in aws.client("logs").describe_log_groups()["logGroups"]] == ["kept"]
    assert [each["RoleName"] for each in aws.client("iam").list_roles()["Roles"]] == ["kept"]
    assert [each["Name"] for each in aws.client("ssm").describe_parameters()["Parameters"]] == ["kept"]
    assert [each["Name"] for each in aws.client("secretsmanager").list_secrets()["SecretList"]] == ["kept"]
    assert aws.client("iam").list_policies(Scope="Local")["Policies"] == []
    assert aws.client("events").list_rules()["Rules"] == []
    aliases = [each["AliasName"] for each in aws.client("kms").list_aliases()["Aliases"]]
    assert "alias/kept" in aliases and "alias/later" not in aliases


DESTROYED: dict[str, Callable[[Any], Any]] = {
    "bucket kept is gone": lambda aws: (
        aws.client("s3").delete_objects(
            Bucket="kept",
            Delete={
                "Objects": [
                    {"Key": each["Key"], "VersionId": each["VersionId"]}
                    for each in aws.client("s3").list_object_versions(Bucket="kept")["Versions"]
                ]
            },
        ),
        aws.client("s3").delete_bucket(Bucket="kept"),
    ),
    "bucket kept is not as it was": lambda aws: aws.client("s3").put_object(
        Bucket="kept", Key="of-the-stack", Body=b"2"
    ),
    "is gone": lambda aws: aws.client("sqs").delete_queue(QueueUrl=aws.queue),
    "is not as it was": lambda aws: aws.client("sqs").set_queue_attributes(
        QueueUrl=aws.queue, Attributes={"VisibilityTimeout": "7"}
    ),
    "role kept is gone": lambda aws: (
        aws.client("iam").delete_role_policy(RoleName="kept", PolicyName="of-the-stack"),
        aws.client("iam").delete_role(RoleName="kept"),
    ),
    "parameter kept is not as it was": lambda aws: aws.client("ssm").put_parameter(
        Name="kept", Value="2", Overwrite=True
    ),
    "log group kept is gone": lambda aws: aws.client("logs").delete_log_group(logGroupName="kept"),
    "table kept is gone": lambda aws: aws.client("dynamodb").delete_table(TableName="kept"),
}


@pytest.mark.parametrize("sentence", DESTROYED)
def test_what_is_gone_or_changed_is_told(aws: Any, behind: Remembered, sentence: str) -> None:
    """The stack has to be applied again then."""
    DESTROYED[sentence](aws)
    (different,) = behind.clean()
    assert different.endswith(sentence)


def test_what_is_here_is_left_alone(aws: Any, behind: Remembered) -> None:
    """The near half has its snapshot: a service that is here is not asked."""
    seen: list[str] = []

    def client_of(service: str) -> Any:
        seen.append(service)
        return aws.client(service)

    here = Remembered(client_of, ("s3", "sqs", "dynamodb"))
    here.remember()
    assert not {"s3", "sqs", "dynamodb"} & set(seen) and "iam" in seen
