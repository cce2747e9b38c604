"""Faults by public means: what they do, and that each restores what it changed, also after a failure."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.testing.public_faults import PublicFaults

ROLE = "arn:aws:iam::000000000000:role/f"
CODE = "import os\n\ndef handler(event, context):\n    return dict(os.environ)[event]\n"


class Broken(Exception):
    pass


@pytest.fixture
def faults(aws: Any) -> PublicFaults:
    return PublicFaults(aws.client, lambda: True)


@pytest.fixture
def function(aws: Any) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("f.py", CODE)
    aws.client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.11",
        Role=ROLE,
        Handler="f.handler",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"AA": "1", "BB": "2"}},
    )
    return "f"


def invoke(aws: Any, variable: str) -> Any:
    answer = aws.client("lambda").invoke(FunctionName="f", Payload=json.dumps(variable))
    return answer.get("FunctionError") or json.loads(answer["Payload"].read())


@pytest.mark.parametrize("before", [None, 3])
def test_no_concurrency(aws: Any, faults: PublicFaults, function: str, before: int | None) -> None:
    """Every invocation is throttled; afterwards the function has what it had, or nothing reserved."""
    client = aws.client("lambda")
    if before is not None:
        client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=before)
    with pytest.raises(Broken), faults.no_concurrency(function):
        with pytest.raises(ClientError) as caught:
            invoke(aws, "AA")
        assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
        raise Broken
    assert client.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions") == before
    assert invoke(aws, "AA") == "1"


def test_a_poisoned_environment(aws: Any, faults: PublicFaults, function: str) -> None:
    """One value changed, one taken away, one added; afterwards as before."""
    with pytest.raises(Broken), faults.environment(function, AA="poison", BB=None, CC="3"):
        assert [invoke(aws, name) for name in ("AA", "BB", "CC")] == ["poison", "Unhandled", "3"]
        raise Broken
    settings = aws.client("lambda").get_function_configuration(FunctionName=function)
    assert settings["Environment"]["Variables"] == {"AA": "1", "BB": "2"}
    assert invoke(aws, "AA") == "1"


@pytest.fixture
def enforcing(aws: Any) -> Any:
    """Two sides of one account: the emulator in enforce mode, and a user who is allowed everything."""
    iam = aws.client("iam")
    iam.create_user(UserName="tester")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="tester", PolicyName="all", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName="tester")["AccessKey"]
    aws.admin("POST", "iam", {"mode": "enforce"})

    def client(service: str) -> Any:
        return aws.client(service, aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])

    yield client
    aws.admin("POST", "iam", {"mode": "off"})


def put(client: Any, key: str) -> str:
    """What S3 says to a write."""
    try:
        client("s3").put_object(Bucket="held", Key=key, Body=b"1")
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "taken"


@pytest.mark.parametrize("policy", [None, "AllowSomebody"])
def test_a_denied_bucket(enforcing: Any, policy: str | None) -> None:
    """Writes below the prefix are refused; the policy that was there is there again, to the letter."""
    s3 = enforcing("s3")
    s3.create_bucket(Bucket="held")
    before = None
    if policy is not None:
        allow = {
            "Sid": policy,
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::held/*",
        }
        s3.put_bucket_policy(Bucket="held", Policy=json.dumps({"Version": "2012-10-17", "Statement": allow}))
        before = s3.get_bucket_policy(Bucket="held")["Policy"]
    faults = PublicFaults(enforcing, lambda: True)
    with pytest.raises(Broken), faults.denied("held", prefix="data/"):
        assert (put(enforcing, "data/1"), put(enforcing, "other")) == ("AccessDenied", "taken")
        if policy is not None:
            sids = [each["Sid"] for each in json.loads(s3.get_bucket_policy(Bucket="held")["Policy"])["Statement"]]
            assert sids == [policy, "HarnessFault"]
        raise Broken
    assert put(enforcing, "data/1") == "taken"
    if before is None:
        with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
            s3.get_bucket_policy(Bucket="held")
    else:
        assert s3.get_bucket_policy(Bucket="held")["Policy"] == before


def test_a_denied_role(enforcing: Any) -> None:
    """Whoever has the role is refused while it lasts."""
    iam = enforcing("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="r", PolicyName="s3", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    enforcing("s3").create_bucket(Bucket="held")
    keys = enforcing("sts").assume_role(RoleArn=arn, RoleSessionName="s")["Credentials"]

    def with_role(service: str) -> Any:
        import boto3

        return boto3.client(
            service,
            endpoint_url=enforcing("s3").meta.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    assert put(with_role, "1") == "taken"
    with pytest.raises(Broken), PublicFaults(enforcing, lambda: True).role_denied("r", ["s3:PutObject"]):
        assert put(with_role, "2") == "AccessDenied"
        raise Broken
    assert put(with_role, "3") == "taken"
    assert iam.list_role_policies(RoleName="r")["PolicyNames"] == ["s3"]


def test_a_denial_that_nobody_enforces_is_no_fault(aws: Any) -> None:
    faults = PublicFaults(aws.client, lambda: False)
    with pytest.raises(pytest.skip.Exception, match="policies decide nothing here"), faults.denied("held"):
        pass
    with pytest.raises(pytest.skip.Exception), faults.role_denied("r", ["s3:*"]):
        pass
