"""The upstream's state belongs to one World: never shared, saved whole, on the World's time."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Coroutine
from typing import Any

import pytest

from harness.emulator.call import Call, Caller
from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError
from harness.emulator.upstream.moto_upstream import MotoUpstream
from harness.emulator.world import World

START = 1_800_000_000.0


class Upstream:
    """A World with nothing but the upstream, called as services call it."""

    def __init__(self, seed: int = 7) -> None:
        self.world = World(clock=Clock("manual", start=START), seed=seed)
        self.moto = MotoUpstream(self.world)

    async def call(self, service: str, operation: str, account: str = "000000000000", **params: Any) -> Any:
        caller = Caller(account=account)
        return await self.moto.call(Call(service, operation, params, caller, self.world.new_id()))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_two_worlds_share_nothing() -> None:
    async def scenario() -> None:
        one, two = Upstream(), Upstream()
        await one.call("s3", "CreateBucket", Bucket="shared-name")
        await one.call("s3", "PutObject", Bucket="shared-name", Key="k", Body=b"one")
        with pytest.raises(AwsError) as missing:
            await two.call("s3", "GetObject", Bucket="shared-name", Key="k")
        assert missing.value.code == "NoSuchBucket"
        await two.call("s3", "CreateBucket", account="111111111111", Bucket="shared-name")
        two.moto.load(None)
        assert (await one.call("s3", "GetObject", Bucket="shared-name", Key="k"))["Body"] == b"one"

    run(scenario())


def test_accounts_share_nothing_but_bucket_names() -> None:
    async def scenario() -> None:
        up = Upstream()
        await up.call("sqs", "CreateQueue", account="111111111111", QueueName="q")
        assert (await up.call("sqs", "ListQueues")).get("QueueUrls", []) == []
        await up.call("s3", "CreateBucket", account="111111111111", Bucket="taken")
        with pytest.raises(AwsError) as taken:
            await up.call("s3", "CreateBucket", Bucket="taken")
        assert taken.value.code == "BucketAlreadyExists"

    run(scenario())


def test_same_seed_same_ids() -> None:
    async def ids(seed: int) -> list[str]:
        up = Upstream(seed)
        await up.call("sqs", "CreateQueue", QueueName="q")
        sent = await up.call("sqs", "SendMessage", QueueUrl="http://localhost/000000000000/q", MessageBody="x")
        key = await up.call("kms", "CreateKey")
        return [sent["MessageId"], key["KeyMetadata"]["KeyId"]]

    assert asyncio.run(ids(7)) == asyncio.run(ids(7))
    assert asyncio.run(ids(7)) != asyncio.run(ids(8))


def test_time_is_the_worlds() -> None:
    async def scenario() -> None:
        up = Upstream()
        await up.call("s3", "CreateBucket", Bucket="clock")
        await up.call("s3", "PutObject", Bucket="clock", Key="first", Body=b"")
        await up.world.clock.advance(3600)
        await up.call("s3", "PutObject", Bucket="clock", Key="second", Body=b"")
        times = {}
        for key in ("first", "second"):
            head = await up.call("s3", "HeadObject", Bucket="clock", Key=key)
            times[key] = head["LastModified"]
        assert times == {"first": START, "second": START + 3600}
        buckets = await up.call("s3", "ListBuckets")
        assert buckets["Buckets"][0]["CreationDate"] == START

    run(scenario())


def test_a_dump_survives_a_reset() -> None:
    async def scenario() -> None:
        up = Upstream()
        await up.call("s3", "CreateBucket", Bucket="saved")
        versioning = {"Status": "Enabled"}
        await up.call("s3", "PutBucketVersioning", Bucket="saved", VersioningConfiguration=versioning)
        for body in (b"old", b"new"):
            await up.call("s3", "PutObject", Bucket="saved", Key="k", Body=body)
        dump = up.moto.dump()
        up.moto.load(None)
        assert (await up.call("s3", "ListBuckets")).get("Buckets", []) == []
        up.moto.load(dump)
        versions = (await up.call("s3", "ListObjectVersions", Bucket="saved"))["Versions"]
        assert len(versions) == 2
        assert (await up.call("s3", "GetObject", Bucket="saved", Key="k"))["Body"] == b"new"
        with pytest.raises(AwsError) as taken:
            await up.call("s3", "CreateBucket", account="111111111111", Bucket="saved")
        assert taken.value.code == "BucketAlreadyExists"

    run(scenario())


def test_the_general_way_carries_bytes() -> None:
    """Calls with members that the direct way does not know go through moto's request handling."""

    async def scenario() -> None:
        up = Upstream()
        body = bytes(range(256)) * 2000
        await up.call("s3", "CreateBucket", Bucket="general")
        put = await up.call("s3", "PutObject", Bucket="general", Key="a/b c+d", Body=body, StorageClass="STANDARD_IA")
        assert put["ServerSideEncryption"] == "AES256"
        got = await up.call("s3", "GetObject", Bucket="general", Key="a/b c+d", Range="bytes=1-")
        assert (got["Body"], got["StorageClass"]) == (body[1:], "STANDARD_IA")

    run(scenario())


def test_broken_bytes_change_nothing() -> None:
    async def scenario() -> None:
        up = Upstream()
        await up.call("s3", "CreateBucket", Bucket="kept")
        with pytest.raises(pickle.UnpicklingError):
            up.moto.load(b"no pickle")
        assert len((await up.call("s3", "ListBuckets"))["Buckets"]) == 1

    run(scenario())


def test_deleted_objects_are_let_go() -> None:
    """A long run must not keep what it deleted."""

    async def scenario() -> None:
        import gc
        import weakref

        from moto.s3.models import s3_backends

        up = Upstream()
        await up.call("s3", "CreateBucket", Bucket="leak")
        await up.call("s3", "PutObject", Bucket="leak", Key="k", Body=b"x")
        with up.moto.state.entered():
            key = weakref.ref(s3_backends["000000000000"]["aws"].buckets["leak"].keys["k"])
        assert key() is not None
        await up.call("s3", "DeleteObject", Bucket="leak", Key="k")
        gc.collect()
        assert key() is None

    run(scenario())


_FIRST_USE = """
import asyncio, json, sys
from harness.emulator.call import Call, Caller
from harness.emulator.upstream.moto_upstream import MotoUpstream
from harness.emulator.world import World

trust = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

async def main():
    up = MotoUpstream(World(seed=7))
    async def call(service, operation, **params):
        return await up.call(Call(service, operation, params, Caller(), "id"))
    await call("s3", "CreateBucket", Bucket="first")
    await call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=trust)
    await call("iam", "AttachRolePolicy", RoleName="r", PolicyArn=policy)
    sys.stdout.buffer.write(up.dump())

asyncio.run(main())
"""


def test_a_service_used_by_another_first_is_mended_too() -> None:
    """In a fresh process: an S3 request loads IAM; the snapshot of that process is good here."""
    made = subprocess.run([sys.executable, "-c", _FIRST_USE], capture_output=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr.decode()

    async def scenario() -> None:
        up = Upstream()
        up.moto.load(made.stdout)
        attached = await up.call("iam", "ListAttachedRolePolicies", RoleName="r")
        assert [policy["PolicyName"] for policy in attached["AttachedPolicies"]] == ["AWSLambdaBasicExecutionRole"]

    run(scenario())


@pytest.mark.parametrize(
    ("operation", "params", "code", "status", "message"),
    [
        (
            "PutObject",
            {"Bucket": "no-such", "Key": "k", "Body": b""},
            "NoSuchBucket",
            404,
            "The specified bucket does not exist",
        ),
        ("GetObject", {"Bucket": "there", "Key": "no"}, "NoSuchKey", 404, "The specified key does not exist."),
    ],
)
def test_direct_s3_errors(operation: str, params: dict[str, Any], code: str, status: int, message: str) -> None:
    """E1: the same errors as over HTTP."""

    async def scenario() -> None:
        up = Upstream()
        await up.call("s3", "CreateBucket", Bucket="there")
        with pytest.raises(AwsError) as failed:
            await up.call("s3", operation, **params)
        assert (failed.value.code, failed.value.status, failed.value.message) == (code, status, message)

    run(scenario())


def test_direct_log_errors() -> None:
    """E3: missing group, missing stream, group that exists."""

    async def scenario() -> None:
        up = Upstream()
        events = [{"timestamp": int(START * 1000), "message": "m"}]

        async def failure(operation: str, **params: Any) -> tuple[str, str | None]:
            with pytest.raises(AwsError) as failed:
                await up.call("logs", operation, **params)
            return failed.value.code, failed.value.message

        put = {"logGroupName": "/g", "logStreamName": "s", "logEvents": events}
        missing = "ResourceNotFoundException"
        assert await failure("PutLogEvents", **put) == (missing, "The specified log group does not exist.")
        stream = {"logGroupName": "/g", "logStreamName": "s"}
        assert await failure("CreateLogStream", **stream) == (missing, "The specified log group does not exist.")
        await up.call("logs", "CreateLogGroup", logGroupName="/g")
        assert await failure("PutLogEvents", **put) == (missing, "The specified log stream does not exist.")
        exists = ("ResourceAlreadyExistsException", "The specified log group already exists")
        assert await failure("CreateLogGroup", logGroupName="/g") == exists

    run(scenario())


def test_a_broken_backend_is_an_internal_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        up = Upstream()
        await up.call("s3", "CreateBucket", Bucket="broken")
        from moto.s3.models import S3Backend

        def fail(*_args: Any, **_kwargs: Any) -> None:
            raise RuntimeError("boom")

        monkeypatch.setattr(S3Backend, "put_object", fail)
        with pytest.raises(AwsError) as failed:
            await up.call("s3", "PutObject", Bucket="broken", Key="k", Body=b"")
        assert (failed.value.code, failed.value.status) == ("InternalFailure", 500)

    run(scenario())
