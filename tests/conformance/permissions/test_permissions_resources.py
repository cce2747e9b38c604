"""Policies of queues, topics, secrets, functions and streams (docs/permissions.md)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tests.conformance.permissions.conftest import ACCOUNT, Iam, User, allow, deny, document, refused

THERE = "111111111111"


def stranger(iam: Iam, service: str) -> Any:
    """Another account's root."""
    return iam.aws.client(service, aws_access_key_id=THERE, aws_secret_access_key="x")


def by(user: User, action: str, resource: str = "*") -> dict[str, Any]:
    return allow(action, resource, Principal={"AWS": user.arn})


def test_a_queues_policy(iam: Iam) -> None:
    """E4: SQS's messages write the action in small letters."""
    sqs, name, user = iam.aws.client("sqs"), iam.name("queue"), iam.user()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    send = user.client("sqs").send_message
    assert refused(send, QueueUrl=url, MessageBody="x").code == "AccessDenied"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(by(user, "sqs:SendMessage", arn))})
    send(QueueUrl=url, MessageBody="x")
    user.client("sqs").send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])
    denying = document(deny("sqs:*", arn, Principal={"AWS": user.arn}))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": denying})
    user.may(allow("sqs:*"))
    answer = refused(send, QueueUrl=url, MessageBody="x")
    assert answer.message == (
        f"User: {user.arn} is not authorized to perform: sqs:sendmessage on resource: {arn} "
        "with an explicit deny in a resource-based policy"
    )


def test_a_topics_policy(iam: Iam) -> None:
    """The default policy of a topic opens it to its account's services only."""
    sns, user = iam.aws.client("sns"), iam.user()
    topic = sns.create_topic(Name=iam.name("topic"))["TopicArn"]
    publish = user.client("sns").publish
    assert refused(publish, TopicArn=topic, Message="x").code == "AuthorizationError"
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=document(by(user, "SNS:Publish", topic))
    )
    publish(TopicArn=topic, Message="x")


def test_a_secrets_policy(iam: Iam) -> None:
    """Within the account a secret's policy is enough."""
    secrets, user, name = iam.aws.client("secretsmanager"), iam.user(), iam.name("secret")
    arn = secrets.create_secret(Name=name, SecretString="s")["ARN"]
    read = user.client("secretsmanager").get_secret_value
    assert f"on resource: {arn} " in refused(read, SecretId=name).message
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=document(by(user, "secretsmanager:GetSecretValue")))
    assert read(SecretId=name)["SecretString"] == "s"


def test_a_functions_policy(iam: Iam) -> None:
    """C: a function's permission lets another account invoke it, a user of the same one too."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", "def handler(event, context): return 1")
    function, name = iam.aws.client("lambda"), iam.name("fn")
    arn = function.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role=iam.role("lambda.amazonaws.com"),
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    there = stranger(iam, "lambda")
    answer = refused(there.invoke, FunctionName=arn)
    assert (answer.code, answer.status) == ("AccessDeniedException", 403)
    assert answer.message == (
        f"User: arn:aws:iam::{THERE}:root is not authorized to perform: lambda:InvokeFunction on resource: {arn} "
        "because no resource-based policy allows the lambda:InvokeFunction action"
    )
    user = iam.user()
    for number, principal in enumerate((THERE, user.arn)):
        function.add_permission(
            FunctionName=name, StatementId=str(number), Action="lambda:InvokeFunction", Principal=principal
        )
    assert json.loads(there.invoke(FunctionName=arn)["Payload"].read()) == 1
    assert json.loads(user.client("lambda").invoke(FunctionName=name)["Payload"].read()) == 1
    assert refused(user.client("lambda").get_function, FunctionName=name).code == "AccessDeniedException"


def test_a_streams_policy(iam: Iam) -> None:
    """B: another account needs the stream's policy, action by action."""
    kinesis, name = iam.aws.client("kinesis"), iam.name("stream")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{name}"
    there = stranger(iam, "kinesis")
    put = {"StreamARN": arn, "Data": b"x", "PartitionKey": "p"}
    assert refused(there.put_record, **put).code == "AccessDeniedException"
    kinesis.put_resource_policy(
        ResourceARN=arn, Policy=document(allow("kinesis:PutRecord", arn, Principal={"AWS": THERE}))
    )
    there.put_record(**put)
    assert "kinesis:DescribeStreamSummary" in refused(there.describe_stream_summary, StreamARN=arn).message
    kinesis.delete_resource_policy(ResourceARN=arn)
    assert refused(there.put_record, **put).code == "AccessDeniedException"
