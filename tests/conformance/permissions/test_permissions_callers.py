"""Who calls, and what they are told (docs/permissions.md)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.conformance.permissions.conftest import ACCOUNT, Iam, allow, deny, document, refused
from tests.conftest import Aws

STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream"


def test_off_unless_switched_on_and_off_after_a_reset(aws: Aws) -> None:
    """C: nothing is checked by default."""
    assert aws.admin("GET", "iam") == {"mode": "off"}
    stranger = aws.client("sqs", aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
    stranger.list_queues()
    assert aws.admin("POST", "iam", {"mode": "enforce"}) == {"mode": "enforce"}
    assert refused(stranger.list_queues).code == "InvalidClientTokenId"
    aws.admin("POST", "reset")
    assert aws.admin("GET", "iam") == {"mode": "off"}
    stranger.list_queues()


def test_a_mode_that_does_not_exist(aws: Aws) -> None:
    """The admin API answers bad input with 400."""
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        aws.admin("POST", "iam", {"mode": "strict"})


def test_the_account_itself_may_do_anything(iam: Iam) -> None:
    """C: `test` and twelve digits are the account's root."""
    iam.aws.client("sqs").create_queue(QueueName=iam.name("q"))
    other = iam.aws.client("sts", aws_access_key_id="111111111111", aws_secret_access_key="x")
    assert other.get_caller_identity()["Account"] == "111111111111"


def test_everybody_may_ask_who_they_are(iam: Iam) -> None:
    """STS GetCallerIdentity can't be denied."""
    assert iam.aws.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    user = iam.user(deny("*"))
    assert user.client("sts").get_caller_identity()["Arn"] == user.arn


def test_a_user_without_policies(iam: Iam) -> None:
    """C: AWS's message names the user, the action, the resource and what is missing."""
    user, name = iam.user(), iam.name("s")
    answer = refused(user.client("kinesis").put_record, StreamName=name, Data=b"x", PartitionKey="p")
    assert (answer.code, answer.status) == ("AccessDeniedException", 400)
    assert answer.message == (
        f"User: {user.arn} is not authorized to perform: kinesis:PutRecord on resource: {STREAM}/{name} "
        "because no identity-based policy allows the kinesis:PutRecord action"
    )


def test_a_policy_takes_effect_at_once_and_so_does_its_end(iam: Iam) -> None:
    """C: decisions are remembered only until something changes."""
    name = iam.name("s")
    iam.aws.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    user = iam.user(allow("kinesis:PutRecord", f"{STREAM}/{name}"))
    put = user.client("kinesis").put_record
    for _ in range(2):
        put(StreamName=name, Data=b"x", PartitionKey="p")
    assert refused(user.client("kinesis").describe_stream, StreamName=name).code == "AccessDeniedException"
    user.may(allow("kinesis:Describe*"))
    assert refused(put, StreamName=name, Data=b"x", PartitionKey="p").code == "AccessDeniedException"
    user.client("kinesis").describe_stream(StreamName=name)


def test_a_deny_wins(iam: Iam) -> None:
    """C: explicit deny > allow."""
    name = iam.name("s")
    user = iam.user(allow("*"), deny("kinesis:Put*", f"{STREAM}/*"))
    answer = refused(user.client("kinesis").put_record, StreamName=name, Data=b"x", PartitionKey="p")
    assert answer.message.endswith(f"{STREAM}/{name} with an explicit deny in an identity-based policy")


def test_groups_and_managed_policies(iam: Iam) -> None:
    """C: identity policies are managed, inline, and those of groups."""
    admin, user = iam.aws.client("iam"), iam.user()
    group, policy = iam.name("group"), iam.name("policy")
    admin.create_group(GroupName=group)
    admin.add_user_to_group(GroupName=group, UserName=user.name)
    list_queues = user.client("sqs").list_queues
    assert refused(list_queues).code == "AccessDenied"
    admin.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=document(allow("sqs:ListQueues")))
    list_queues()
    admin.delete_group_policy(GroupName=group, PolicyName="p")
    assert refused(list_queues).code == "AccessDenied"
    arn = admin.create_policy(PolicyName=policy, PolicyDocument=document(allow("sqs:List*")))["Policy"]["Arn"]
    admin.attach_user_policy(UserName=user.name, PolicyArn=arn)
    list_queues()
    admin.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("s3:*")), SetAsDefault=True)
    assert refused(list_queues).code == "AccessDenied"
    admin.attach_group_policy(GroupName=group, PolicyArn="arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess")
    list_queues()


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "status", "spoken"),
    [
        ("sqs", "list_queues", {}, "AccessDenied", 403, "sqs:listqueues on resource: *"),
        ("sns", "list_topics", {}, "AuthorizationError", 403, "SNS:ListTopics on resource: *"),
        ("iam", "list_users", {}, "AccessDenied", 403, "iam:ListUsers on resource: *"),
        ("lambda", "list_functions", {}, "AccessDeniedException", 403, "lambda:ListFunctions on resource: *"),
        (
            "lambda",
            "invoke",
            {"FunctionName": "f", "Qualifier": "live"},
            "AccessDeniedException",
            403,
            f"lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:{ACCOUNT}:function:f:live",
        ),
        (
            "firehose",
            "put_record",
            {"DeliveryStreamName": "d", "Record": {"Data": b""}},
            "AccessDeniedException",
            400,
            f"firehose:PutRecord on resource: arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/d",
        ),
        (
            "apigateway",
            "get_resources",
            {"restApiId": "abc"},
            "AccessDeniedException",
            403,
            "apigateway:GET on resource: arn:aws:apigateway:us-east-1::/restapis/abc/resources",
        ),
        (
            "apigatewayv2",
            "delete_api",
            {"ApiId": "abc"},
            "AccessDeniedException",
            403,
            "apigateway:DELETE on resource: arn:aws:apigateway:us-east-1::/apis/abc",
        ),
        (
            "logs",
            "put_log_events",
            {"logGroupName": "g", "logStreamName": "s", "logEvents": []},
            "AccessDeniedException",
            400,
            f"logs:PutLogEvents on resource: arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g:log-stream:s",
        ),
        (
            "dynamodb",
            "query",
            {"TableName": "t", "IndexName": "i"},
            "AccessDeniedException",
            400,
            f"dynamodb:Query on resource: arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t/index/i",
        ),
        (
            "secretsmanager",
            "get_secret_value",
            {"SecretId": "s"},
            "AccessDeniedException",
            400,
            f"secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:s-??????",
        ),
        (
            "kms",
            "encrypt",
            {"KeyId": "alias/a", "Plaintext": b"x"},
            "AccessDeniedException",
            400,
            f"kms:Encrypt on resource: arn:aws:kms:us-east-1:{ACCOUNT}:alias/a",
        ),
        (
            "ssm",
            "get_parameter",
            {"Name": "/a/b"},
            "AccessDeniedException",
            400,
            f"ssm:GetParameter on resource: arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a/b",
        ),
    ],
)
def test_each_service_in_its_own_shape(
    iam: Iam, service: str, operation: str, params: dict[str, Any], code: str, status: int, spoken: str
) -> None:
    """C: action names and ARNs per operation, error shapes per service."""
    user = iam.user()
    answer = refused(getattr(user.client(service), operation), **params)
    assert (answer.code, answer.status) == (code, status)
    assert answer.message.startswith(f"User: {user.arn} is not authorized to perform: {spoken} ")


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("kinesis", "list_streams", "UnrecognizedClientException", 400),
        ("lambda", "list_functions", "UnrecognizedClientException", 403),
        ("s3", "list_buckets", "InvalidAccessKeyId", 403),
        ("iam", "list_users", "InvalidClientTokenId", 403),
        ("sts", "get_caller_identity", "InvalidClientTokenId", 403),
        ("sns", "list_topics", "InvalidClientTokenId", 403),
        ("sqs", "list_queues", "InvalidClientTokenId", 403),
    ],
)
def test_keys_that_nobody_made(iam: Iam, service: str, operation: str, code: str, status: int) -> None:
    """C: unknown access keys."""
    client = iam.aws.client(service, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
    answer = refused(getattr(client, operation))
    assert (answer.code, answer.status) == (code, status)


def test_an_inactive_key_is_unknown(iam: Iam) -> None:
    """C: a key can be switched off."""
    user = iam.user(allow("*"))
    user.client("sqs").list_queues()
    iam.aws.client("iam").update_access_key(UserName=user.name, AccessKeyId=user.key["AccessKeyId"], Status="Inactive")
    assert refused(user.client("sqs").list_queues).code == "InvalidClientTokenId"


def test_an_unsigned_request(iam: Iam) -> None:
    """C: only S3 knows anonymous requests."""
    answer = iam.aws.http.post(
        "/",
        content=b"{}",
        headers={"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-json-1.1"},
    )
    assert answer.status_code == 400
    assert json.loads(answer.content)["__type"] == "MissingAuthenticationTokenException"


def test_passing_a_role(iam: Iam) -> None:
    """A20: who creates a delivery stream needs iam:PassRole for its role."""
    role = iam.role("firehose.amazonaws.com")
    settings = {"RoleARN": role, "BucketARN": "arn:aws:s3:::some-bucket"}
    user = iam.user(allow("firehose:*"))
    create = user.client("firehose").create_delivery_stream
    name = iam.name("d")
    answer = refused(create, DeliveryStreamName=name, ExtendedS3DestinationConfiguration=settings)
    assert answer.message.startswith(
        f"User: {user.arn} is not authorized to perform: iam:PassRole on resource: {role} "
    )
    to_firehose = {"StringEquals": {"iam:PassedToService": "firehose.amazonaws.com"}}
    user.may(allow("firehose:*"), allow("iam:PassRole", role, Condition=to_firehose))
    create(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=settings)


def test_a_users_boundary_is_refused_by_name(iam: Iam) -> None:
    """Law 1: moto would take it and forget it."""
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    create = iam.aws.client("iam").create_user
    assert refused(create, UserName=iam.name("user"), PermissionsBoundary=boundary).status == 501


def test_an_alarm_publishes_by_the_topics_own_policy(iam: Iam) -> None:
    """E2: a topic's default policy lets services of its account publish; another policy decides otherwise."""
    sns, sqs, cloudwatch = (iam.aws.client(service) for service in ("sns", "sqs", "cloudwatch"))
    name = iam.name("alarm")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="N",
        MetricName="M",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )

    def fires() -> bool:
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="by hand")
        iam.aws.advance(1)
        return "Messages" in sqs.receive_message(QueueUrl=queue, VisibilityTimeout=43200)

    assert fires()
    only_events = allow("sns:Publish", topic, Principal={"Service": "events.amazonaws.com"})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(only_events))
    assert not fires()


def test_what_cannot_be_evaluated_is_refused_by_name(iam: Iam) -> None:
    """Law 1: neither allowed nor denied in silence."""
    user = iam.user(allow("sqs:*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}}))
    answer = refused(user.client("sqs").list_queues)
    assert answer.status == 501
    assert "the condition key aws:ResourceTag/team is not emulated" in answer.message
