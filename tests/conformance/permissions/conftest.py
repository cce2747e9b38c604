"""Users, roles and policies for tests, and the switch."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Aws

ACCOUNT = "000000000000"
_names = itertools.count()


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class User:
    """An IAM user with one access key."""

    def __init__(self, aws: Aws, name: str) -> None:
        self.aws = aws
        self.name = name
        iam = aws.client("iam")
        self.arn: str = iam.create_user(UserName=name)["User"]["Arn"]
        self.key = iam.create_access_key(UserName=name)["AccessKey"]

    def client(self, service: str) -> Any:
        return self.aws.client(
            service,
            aws_access_key_id=self.key["AccessKeyId"],
            aws_secret_access_key=self.key["SecretAccessKey"],
        )

    def may(self, *statements: dict[str, Any]) -> None:
        """The user's only policy."""
        self.aws.client("iam").put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=document(*statements))


class Iam:
    """Makes identities with names of their own, in an emulator that enforces permissions."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        aws.admin("POST", "iam", {"mode": "enforce"})

    def name(self, hint: str = "x") -> str:
        return f"{hint}-{next(_names)}"

    def user(self, *statements: dict[str, Any]) -> User:
        made = User(self.aws, self.name("user"))
        if statements:
            made.may(*statements)
        return made

    def role(self, trusted: Any, *statements: dict[str, Any], **settings: Any) -> str:
        """The ARN of a role that trusts `trusted` (a service's name, or a principal element)."""
        principal = {"Service": trusted} if isinstance(trusted, str) and trusted != "*" else trusted
        trust = document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
        name = self.name("role")
        iam = self.aws.client("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **settings)["Role"]["Arn"]
        if statements:
            self.role_may(arn, *statements)
        return arn

    def role_may(self, arn: str, *statements: dict[str, Any]) -> None:
        """The role's only policy."""
        self.aws.client("iam").put_role_policy(
            RoleName=arn.rpartition("/")[2], PolicyName="p", PolicyDocument=document(*statements)
        )

    def assumed(self, credentials: dict[str, Any], service: str) -> Any:
        """A client with a session's credentials."""
        return self.aws.client(
            service,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )


class Refused:
    """What a refused call was answered."""

    def __init__(self, error: ClientError) -> None:
        self.code: str = error.response["Error"]["Code"]
        self.message: str = error.response["Error"]["Message"]
        self.status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]


def refused(call: Any, **params: Any) -> Refused:
    """The error of a call that must fail."""
    with pytest.raises(ClientError) as failure:
        call(**params)
    return Refused(failure.value)


@pytest.fixture
def iam(aws: Aws) -> Iam:
    """Permissions are enforced."""
    return Iam(aws)
