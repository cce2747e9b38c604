"""Sessions of assumed roles: trust, policies, boundaries, other accounts (docs/permissions.md)."""

from __future__ import annotations

from typing import Any

from tests.conformance.permissions.conftest import ACCOUNT, Iam, User, allow, document, refused

THERE = "111111111111"


def session(user: User, role: str, **settings: Any) -> Any:
    return user.client("sts").assume_role(RoleArn=role, RoleSessionName="now", **settings)["Credentials"]


def test_a_role_that_names_the_user_is_enough(iam: Iam) -> None:
    """C: within the account the trust policy alone may allow."""
    user = iam.user()
    role = iam.role({"AWS": user.arn}, allow("sqs:ListQueues"))
    queues = iam.assumed(session(user, role), "sqs")
    queues.list_queues()
    answer = refused(queues.create_queue, QueueName="q")
    name = role.rpartition("/")[2]
    assert answer.message.startswith(
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/now is not authorized to perform: sqs:createqueue on "
    )


def test_a_role_that_names_the_account_needs_the_users_policy_too(iam: Iam) -> None:
    """C: the account in a trust policy only delegates."""
    user = iam.user()
    role = iam.role({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    answer = refused(user.client("sts").assume_role, RoleArn=role, RoleSessionName="now")
    assert (answer.code, answer.status) == ("AccessDenied", 403)
    assert answer.message == f"User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    user.may(allow("sts:AssumeRole", role))
    session(user, role)


def test_a_role_that_trusts_somebody_else(iam: Iam) -> None:
    """C: trust missing."""
    user = iam.user(allow("*"))
    role = iam.role("lambda.amazonaws.com")
    assert refused(user.client("sts").assume_role, RoleArn=role, RoleSessionName="now").code == "AccessDenied"
    missing = f"arn:aws:iam::{ACCOUNT}:role/{iam.name('missing')}"
    assert refused(user.client("sts").assume_role, RoleArn=missing, RoleSessionName="now").code == "AccessDenied"


def test_an_external_id(iam: Iam) -> None:
    """C: conditions in trust policies."""
    user = iam.user()
    role = iam.role({"AWS": user.arn})
    trust = document({
        "Effect": "Allow",
        "Principal": {"AWS": user.arn},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "42"}},
    })  # fmt: skip
    iam.aws.client("iam").update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=trust)
    assert refused(user.client("sts").assume_role, RoleArn=role, RoleSessionName="now").code == "AccessDenied"
    session(user, role, ExternalId="42")


def test_a_session_ends(iam: Iam) -> None:
    """C: sessions expire on the virtual clock."""
    user = iam.user()
    role = iam.role({"AWS": user.arn}, allow("*"))
    credentials = session(user, role, DurationSeconds=900)
    kinesis, s3 = iam.assumed(credentials, "kinesis"), iam.assumed(credentials, "s3")
    kinesis.list_streams()
    iam.aws.advance(901)
    assert refused(kinesis.list_streams).code == "ExpiredTokenException"
    assert refused(s3.list_buckets).code == "ExpiredToken"


def test_a_wrong_session_token(iam: Iam) -> None:
    """C: a session's key is worth nothing without its token."""
    user = iam.user()
    credentials = session(user, iam.role({"AWS": user.arn}, allow("*")))
    forged = iam.assumed(credentials | {"SessionToken": "other"}, "kinesis")
    assert refused(forged.list_streams).code == "UnrecognizedClientException"


def test_a_session_policy_limits(iam: Iam) -> None:
    """C: AssumeRole with Policy."""
    user = iam.user()
    role = iam.role({"AWS": user.arn}, allow("*"))
    credentials = session(user, role, Policy=document(allow("sqs:ListQueues")))
    iam.assumed(credentials, "sqs").list_queues()
    answer = refused(iam.assumed(credentials, "kinesis").list_streams)
    assert answer.message.endswith("because no session policy allows the kinesis:ListStreams action")


def test_a_permissions_boundary_limits(iam: Iam) -> None:
    """C: permissions boundary."""
    policy = iam.aws.client("iam").create_policy(
        PolicyName=iam.name("boundary"), PolicyDocument=document(allow("sqs:*"))
    )
    user = iam.user()
    role = iam.role({"AWS": user.arn}, allow("*"), PermissionsBoundary=policy["Policy"]["Arn"])
    credentials = session(user, role)
    iam.assumed(credentials, "sqs").list_queues()
    answer = refused(iam.assumed(credentials, "kinesis").list_streams)
    assert answer.message.endswith("because no permissions boundary allows the kinesis:ListStreams action")


def test_a_role_in_another_account(iam: Iam) -> None:
    """C: across accounts both sides must allow; the session lives in the role's account."""
    there = iam.aws.client("iam", aws_access_key_id=THERE, aws_secret_access_key="x")
    trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    name = iam.name("role")
    role = there.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    there.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow("kinesis:*")))
    user = iam.user()
    assert refused(user.client("sts").assume_role, RoleArn=role, RoleSessionName="now").code == "AccessDenied"
    user.may(allow("sts:AssumeRole", role))
    kinesis = iam.assumed(session(user, role), "kinesis")
    kinesis.create_stream(StreamName="far", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="far")["StreamDescriptionSummary"]["StreamARN"]
    assert arn == f"arn:aws:kinesis:us-east-1:{THERE}:stream/far"


def test_session_tokens_of_users_are_refused_by_name(iam: Iam) -> None:
    """Law 1: GetSessionToken's credentials could not be told apart from a stranger's."""
    answer = refused(iam.user(allow("*")).client("sts").get_session_token)
    assert answer.status == 501
