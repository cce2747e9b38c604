"""Faults by AWS's public means: they work on every target, a real account included.

Each is a context manager that restores exactly what it changed, also when the block fails.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.json_object import Json
from harness.waiting import wait_for

_UPDATE_SECONDS = 300.0
_POLL_SECONDS = 1.0


class PublicFaults:
    """What goes wrong by the means that any AWS account has.

    with public_faults.no_concurrency(stack.function_name):
        …                                              # every invocation is throttled

    `client_of` makes clients. `enforced` says whether policies decide on this target; where they do not, a denial would
    be no fault at all, and `denied` and `role_denied` skip the test.
    """

    def __init__(self, client_of: Callable[[str], Any], enforced: Callable[[], bool]) -> None:
        self._client_of = client_of
        self._enforced = enforced

    @contextlib.contextmanager
    def no_concurrency(self, function: str) -> Iterator[None]:
        """Reserved concurrency 0: Lambda throttles every invocation (429)."""
        client = self._client_of("lambda")
        before = client.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")
        client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        try:
            yield
        finally:
            if before is None:
                client.delete_function_concurrency(FunctionName=function)
            else:
                client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=before)

    @contextlib.contextmanager
    def environment(self, function: str, **variables: str | None) -> Iterator[None]:
        """Poison: the function's environment with other values, None for a variable that is taken away."""
        client = self._client_of("lambda")
        settings = client.get_function_configuration(FunctionName=function)
        before: dict[str, str] = settings.get("Environment", {}).get("Variables", {})
        poisoned = {name: value for name, value in (before | variables).items() if value is not None}
        try:
            _update(client, function, poisoned)
            yield
        finally:
            _update(client, function, before)

    @contextlib.contextmanager
    def denied(self, bucket: str, actions: Sequence[str] = ("s3:PutObject",), prefix: str = "") -> Iterator[None]:
        """The bucket's policy denies everybody these actions on objects below the prefix."""
        self._require_enforcement()
        client = self._client_of("s3")
        before = _bucket_policy(client, bucket)
        policy: Json = json.loads(before) if before is not None else {"Version": "2012-10-17", "Statement": []}
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        statement = _denial(actions, [f"arn:aws:s3:::{bucket}/{prefix}*"], principal="*")
        try:
            client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy | {"Statement": [*statements, statement]}))
            yield
        finally:
            if before is None:
                client.delete_bucket_policy(Bucket=bucket)
            else:
                client.put_bucket_policy(Bucket=bucket, Policy=before)

    @contextlib.contextmanager
    def role_denied(self, role: str, actions: Sequence[str], resources: Sequence[str] = ("*",)) -> Iterator[None]:
        """The role has one more inline policy, which denies it these actions."""
        self._require_enforcement()
        client = self._client_of("iam")
        name = f"harness-fault-{uuid.uuid4()}"
        document = {"Version": "2012-10-17", "Statement": [_denial(actions, resources)]}
        try:
            client.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
            yield
        finally:
            with contextlib.suppress(client.exceptions.NoSuchEntityException):
                client.delete_role_policy(RoleName=role, PolicyName=name)

    def _require_enforcement(self) -> None:
        if not self._enforced():
            pytest.skip("policies decide nothing here, so a denial would be no fault; run with --harness-iam enforce")


def _denial(actions: Sequence[str], resources: Sequence[str], principal: str | None = None) -> Json:
    statement: Json = {
        "Sid": "HarnessFault",
        "Effect": "Deny",
        "Action": list(actions),
        "Resource": list(resources),
    }
    return statement if principal is None else {**statement, "Principal": principal}


def _bucket_policy(client: Any, bucket: str) -> str | None:
    try:
        policy: str = client.get_bucket_policy(Bucket=bucket)["Policy"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        return None
    return policy


def _update(client: Any, function: str, variables: dict[str, str]) -> None:
    """Give the function this environment and wait until it has it: on AWS that takes a moment."""
    client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    wait_for(
        lambda: client.get_function_configuration(FunctionName=function).get("LastUpdateStatus") != "InProgress",
        seconds=_UPDATE_SECONDS,
        what=f"The function {function} was not updated",
        every=_POLL_SECONDS,
    )
