"""moto's state after repeating its noted calls is what it was: the same ids, times, contents."""

from __future__ import annotations

import asyncio
import datetime
import enum
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.emulator.call import Call, Caller, HttpRequest
from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError
from harness.emulator.upstream import pickling
from harness.emulator.upstream.journal import only_reads
from harness.emulator.upstream.moto_upstream import MotoUpstream
from harness.emulator.upstream.state import _in_use, _path
from harness.emulator.world import World

_MADE_BY_LOADING = "123456789012"
"""The account whose backend moto makes when a service is loaded, at whatever time that is."""
TRUST = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}
)
_PLAIN = (str, bytes, int, float, bool, type(None), datetime.date, enum.Enum)


def plain(value: Any, path: str, seen: dict[int, str], out: dict[str, Any]) -> None:
    """An object graph as paths and values; what was met before is the path it was met at."""
    kind = type(value).__name__
    if isinstance(value, datetime.datetime):
        out[path] = value.replace(microsecond=0)  # S3 moves on by one with each reading, noted or not
    elif isinstance(value, _PLAIN):
        out[path] = value
    elif id(value) in seen:
        out[path] = f"as {seen[id(value)]}"
    elif hasattr(value, "private_bytes"):
        out[path] = str(value.public_key().public_numbers())
    elif hasattr(value, "rollover"):  # a spooled file
        place = value.tell()
        value.seek(0)
        out[path] = value.read()
        value.seek(place)
    elif isinstance(value, set | frozenset):
        out[path] = sorted(_member(item, seen) for item in value)
    elif callable(value) or kind in ("lock", "RLock", "module"):
        out[path] = kind
    else:
        out[path] = kind
        seen[id(value)] = path
        if isinstance(value, dict):
            for place, (key, item) in enumerate(list(dict.items(value))):
                plain(item, f"{path}/{place}:{key}", seen, out)
        elif isinstance(value, list | tuple):
            for place, item in enumerate(value):
                plain(item, f"{path}/{place}", seen, out)
        for name, item in sorted(getattr(value, "__dict__", {}).items()):
            # The ETag is worked out of the content when somebody first reads it; moto counts readings in ticks, for
            # states that change by them, of which the journal's services have none.
            if name in ("_etag", "_tick"):
                continue
            plain(item, f"{path}.{name}", seen, out)


def _member(item: Any, seen: dict[int, str]) -> str:
    """An item of a set, without its address: the same in another world."""
    if isinstance(item, _PLAIN):
        return str(item)
    return f"as {seen[id(item)]}" if id(item) in seen else type(item).__name__


Place = tuple[tuple[str, str], str, str]


def places(upstream: MotoUpstream) -> list[Place]:
    """Class, account and region of all backends in use."""
    with upstream.state.entered():
        return [
            (_path(found), account, region) for found in _in_use() for account in found for region in found[account]
        ]


def content(upstream: MotoUpstream, wanted: list[Place]) -> dict[str, Any]:
    """All backends in use, as paths and values. The wanted ones are made if they are not there: reading does that."""
    out: dict[str, Any] = {}
    with upstream.state.entered():
        for path, account, region in wanted:
            pickling.backend_dict(*path)[account][region]
        for found in sorted(_in_use(), key=lambda found: str(_path(found))):
            for account, regions in sorted(found.items()):
                if account == _MADE_BY_LOADING:
                    continue
                for region, backend in sorted(regions.items()):
                    plain(backend, f"{_path(found)[1]}/{account}/{region}", {}, out)
    return out


def same(one: MotoUpstream, other: MotoUpstream) -> None:
    wanted = places(other)
    first, second = content(one, wanted), content(other, wanted)
    differences = [
        (path, first.get(path), second.get(path)) for path in {**first, **second} if first.get(path) != second.get(path)
    ]
    assert differences[:5] == []


class Run:
    """A world whose upstream notes its calls, and the calls to make on it."""

    def __init__(self) -> None:
        self.world = World(clock=Clock("manual", start=1_700_000_000.0), seed=3)
        self.upstream = MotoUpstream(self.world)
        self.world.upstream = self.upstream
        self.journal = self.upstream.keep_journal(lambda: None)
        self.entries: list[Any] = []

    async def call(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self.world.bus.call(service, operation, params, Caller())
        except AwsError as error:
            return {"error": error.code}

    def repeated(self) -> MotoUpstream:
        """Another world's upstream after repeating what was noted."""
        self.entries += self.journal.take()
        other = World(clock=Clock("manual", start=1_800_000_000.0), seed=99)
        upstream = MotoUpstream(other)
        for entry in self.entries:
            upstream.repeat(entry)
        return upstream


names = st.sampled_from(["one", "two"])
Step = tuple[str, str, dict[str, Any]]


def calls() -> st.SearchStrategy[Any]:
    """Calls that make, change, read and destroy things, in any order."""

    def call(service: str, operation: str, **params: Any) -> st.SearchStrategy[Step]:
        return st.fixed_dictionaries(params).map(lambda drawn: (service, operation, drawn))

    bucket = names.map(lambda name: f"bucket-{name}")
    queue = names.map(lambda name: f"http://localhost/000000000000/{name}")
    topic = names.map(lambda name: f"arn:aws:sns:us-east-1:000000000000:{name}")
    body = st.binary(max_size=20)
    text = st.text("abc", min_size=1, max_size=5)
    table = names.map(lambda name: f"table-{name}")
    return st.one_of(
        call("s3", "CreateBucket", Bucket=bucket),
        call("s3", "PutObject", Bucket=bucket, Key=names, Body=body),
        call("s3", "PutObject", Bucket=bucket, Key=names, Body=body, StorageClass=st.just("STANDARD_IA")),
        call("s3", "GetObject", Bucket=bucket, Key=names),
        call("s3", "DeleteObject", Bucket=bucket, Key=names),
        call("s3", "ListObjectsV2", Bucket=bucket),
        call("s3", "CreateMultipartUpload", Bucket=bucket, Key=names),
        call("s3", "ListObjectVersions", Bucket=bucket),
        call(
            "s3", "PutBucketVersioning", Bucket=bucket, VersioningConfiguration=st.just({"Status": "Enabled"})
        ),
        call("sqs", "CreateQueue", QueueName=names),
        call("sqs", "SendMessage", QueueUrl=queue, MessageBody=text),
        call("sqs", "ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=st.integers(1, 3)),
        call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=st.just(["All"])),
        call("sqs", "PurgeQueue", QueueUrl=queue),
        call("sns", "CreateTopic", Name=names),
        call(
            "sns", "Subscribe", TopicArn=topic, Protocol=st.just("sqs"),
            Endpoint=names.map(lambda name: f"arn:aws:sqs:us-east-1:000000000000:{name}"),
        ),
        call("sns", "Publish", TopicArn=topic, Message=text),
        call("iam", "CreateRole", RoleName=names, AssumeRolePolicyDocument=st.just(TRUST)),
        call("iam", "DeleteRole", RoleName=names),
        call("kms", "CreateKey", Description=text),
        call("kms", "DescribeKey", KeyId=st.just("alias/aws/s3")),
        call("logs", "CreateLogGroup", logGroupName=names),
        call("logs", "CreateLogStream", logGroupName=names, logStreamName=names),
        call(
            "logs", "PutLogEvents", logGroupName=names, logStreamName=names,
            logEvents=st.just([{"timestamp": 1_700_000_000_000, "message": "m"}]),
        ),
        call(
            "dynamodb", "CreateTable", TableName=table, BillingMode=st.just("PAY_PER_REQUEST"),
            AttributeDefinitions=st.just([{"AttributeName": "id", "AttributeType": "S"}]),
            KeySchema=st.just([{"AttributeName": "id", "KeyType": "HASH"}]),
        ),
        call("dynamodb", "PutItem", TableName=table, Item=st.fixed_dictionaries({"id": text.map(lambda t: {"S": t})})),
        call("dynamodb", "Scan", TableName=table),
        call(
            "sts", "AssumeRole", RoleArn=st.just("arn:aws:iam::000000000000:role/one"),
            RoleSessionName=text.map("s{}".format),
        ),
        call("ssm", "PutParameter", Name=names, Value=text, Type=st.just("String"), Overwrite=st.just(True)),
        call("secretsmanager", "CreateSecret", Name=names, SecretString=text),
        call("secretsmanager", "GetSecretValue", SecretId=names),
        call("events", "PutRule", Name=names, EventPattern=st.just('{"source": ["a"]}')),
        st.tuples(st.just("advance"), st.just(""), st.fixed_dictionaries({"seconds": st.integers(0, 100)})),
    )  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(calls(), min_size=5, max_size=30))
@example(
    [
        ("sqs", "CreateQueue", {"QueueName": "one"}),
        ("sqs", "SendMessage", {"QueueUrl": "http://localhost/000000000000/one", "MessageBody": "a"}),
        ("sqs", "ReceiveMessage", {"QueueUrl": "http://localhost/000000000000/one", "MaxNumberOfMessages": 1}),
    ]
)  # a message in flight
def test_repeating_the_noted_calls_gives_the_same_state(steps: list[Step]) -> None:
    asyncio.run(_same_state(steps))


async def _same_state(steps: list[Step]) -> None:
    run = Run()
    for service, operation, params in steps:
        if service == "advance":
            await run.world.clock.advance(params["seconds"])
        else:
            await run.call(service, operation, params)
    same(run.repeated(), run.upstream)


def test_ids_and_secrets_that_clients_hold_are_the_same() -> None:
    async def scenario() -> None:
        run = Run()
        await run.call("s3", "CreateBucket", {"Bucket": "bucket"})
        upload = await run.call("s3", "CreateMultipartUpload", {"Bucket": "bucket", "Key": "k"})
        await run.call("s3", "ListObjectsV2", {"Bucket": "bucket"})
        part = {"Bucket": "bucket", "Key": "k", "UploadId": upload["UploadId"], "PartNumber": 1, "Body": b"part"}
        answer = await run.call("s3", "UploadPart", part)
        key = (await run.call("kms", "CreateKey", {}))["KeyMetadata"]["KeyId"]
        pair = (await run.call("kms", "CreateKey", {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}))["KeyMetadata"]
        cipher = (await run.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"secret"}))["CiphertextBlob"]
        sign = {"KeyId": pair["KeyId"], "Message": b"m", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
        signature = (await run.call("kms", "Sign", sign))["Signature"]
        url = (await run.call("sqs", "CreateQueue", {"QueueName": "q"}))["QueueUrl"]
        await run.call("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": "m"})
        received = (await run.call("sqs", "ReceiveMessage", {"QueueUrl": url}))["Messages"][0]

        after = Run()
        after.upstream = after.world.upstream = run.repeated()
        assert (await after.call("kms", "Decrypt", {"CiphertextBlob": cipher}))["Plaintext"] == b"secret"
        assert (await after.call("kms", "Verify", {**sign, "Signature": signature}))["SignatureValid"]
        done = {"Parts": [{"ETag": answer["ETag"], "PartNumber": 1}]}
        finish = {"Bucket": "bucket", "Key": "k", "UploadId": upload["UploadId"], "MultipartUpload": done}
        assert "error" not in await after.call("s3", "CompleteMultipartUpload", finish)
        assert (await after.call("s3", "GetObject", {"Bucket": "bucket", "Key": "k"}))["Body"] == b"part"
        forget = {"QueueUrl": url, "ReceiptHandle": received["ReceiptHandle"]}
        assert "error" not in await after.call("sqs", "DeleteMessage", forget)
        with after.upstream.state.entered():
            from harness.emulator.upstream.loading import backends

            assert backends("sqs")["000000000000"]["us-east-1"].queues["q"]._messages == []

    asyncio.run(scenario())


def test_an_outside_request_is_repeated_as_it_came() -> None:
    async def scenario() -> None:
        run = Run()
        await run.call("s3", "CreateBucket", {"Bucket": "bucket"})
        headers = [
            ("host", "localhost:4566"),
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("content-encoding", "aws-chunked"),
            ("x-amz-meta-kind", "chunked"),
        ]
        request = HttpRequest("PUT", "/bucket/a%20b", headers, b"3\r\nabc\r\n0\r\n\r\n")
        call = Call("s3", "PutObject", {}, Caller(), "id-1", request)
        answer = await run.world.bus.forward(call, request)
        assert answer.status == 200
        big = HttpRequest("PUT", "/bucket/big", headers[:1], bytes(300_000))
        await run.world.bus.forward(Call("s3", "PutObject", {}, Caller(), "id-2", big), big)
        same(run.repeated(), run.upstream)

    asyncio.run(scenario())


def test_a_later_version_of_an_object_is_later_after_a_restore() -> None:
    """Where time stands still, S3's own clock must not fall back to what the saved versions are later than."""

    async def scenario() -> None:
        run = Run()
        await run.call("s3", "CreateBucket", {"Bucket": "bucket"})
        versioned = {"Bucket": "bucket", "VersioningConfiguration": {"Status": "Enabled"}}
        await run.call("s3", "PutBucketVersioning", versioned)
        for body in (b"1", b"2", b"3"):
            await run.call("s3", "PutObject", {"Bucket": "bucket", "Key": "k", "Body": body})
        other = Run()
        await other.call("s3", "ListBuckets", {})
        other.upstream.load(run.upstream.dump())
        await other.call("s3", "PutObject", {"Bucket": "bucket", "Key": "k", "Body": b"4"})
        versions = (await other.call("s3", "ListObjectVersions", {"Bucket": "bucket"}))["Versions"]
        times = [version["LastModified"] for version in versions]
        assert [version["IsLatest"] for version in versions] == [True, False, False, False]
        assert times == sorted(times, reverse=True)

    asyncio.run(scenario())


def test_emptying_and_restoring_are_repeated() -> None:
    async def scenario() -> None:
        run = Run()
        await run.call("s3", "CreateBucket", {"Bucket": "kept"})
        state = run.upstream.dump()
        await run.call("s3", "CreateBucket", {"Bucket": "later"})
        run.upstream.load(None)
        same(run.repeated(), run.upstream)
        run.upstream.load(state)
        await run.call("s3", "PutObject", {"Bucket": "kept", "Key": "k", "Body": b"v"})
        same(run.repeated(), run.upstream)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("service", "operation", "reads"),
    [
        ("s3", "GetObject", True),
        ("s3", "PutObject", False),
        ("s3", "DeleteObjects", False),
        ("sqs", "ReceiveMessage", False),
        ("sqs", "GetQueueUrl", True),
        ("sqs", "ChangeMessageVisibility", False),
        ("dynamodb", "Query", True),
        ("dynamodb", "BatchGetItem", True),
        ("dynamodb", "BatchWriteItem", False),
        ("dynamodb", "ExecuteStatement", False),
        ("dynamodbstreams", "GetShardIterator", False),
        ("kms", "Encrypt", True),
        ("kms", "DescribeKey", False),
        ("sts", "AssumeRole", False),
        ("logs", "FilterLogEvents", True),
        ("s3", "", False),
    ],
)
def test_what_only_reads_is_not_noted(service: str, operation: str, reads: bool) -> None:
    assert only_reads(Call(service, operation, {}, Caller(), "id")) is reads


@pytest.mark.parametrize(
    ("service", "operation", "method", "target", "body", "reads"),
    [
        ("s3", "ListMultipartUploads", "GET", "/bucket?uploads", b"", True),
        ("s3", "ListMultipartUploads", "DELETE", "/bucket?publicAccessBlock&uploads", b"", False),
        ("s3", "ListParts", "PATCH", "/bucket/key?uploadId=x", b"", False),
        ("iam", "ListUsers", "POST", "/", b"Action=ListUsers&Version=2010-05-08", True),
        ("iam", "ListUsers", "POST", "/?Action=ListUsers", b"Action=CreateUser&UserName=u", False),
        ("iam", "GetUser", "POST", "/?Action=GetUser&Action=DeleteUser", b"", False),
        ("sqs", "ListQueues", "POST", "/?Action=CreateQueue&QueueName=q", b"{}", False),
    ],
)
def test_a_request_with_several_names_only_reads_when_each_does(
    service: str, operation: str, method: str, target: str, body: bytes, reads: bool
) -> None:
    request = HttpRequest(method, target, [("content-type", "application/x-www-form-urlencoded")], body)
    assert only_reads(Call(service, operation, {}, Caller(), "id", request)) is reads


def test_without_a_journal_calls_run_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run()
    run.upstream.end_journal()
    called: list[Callable[..., Any]] = []

    async def plainly(call: Call, size: int, work: Callable[..., Any], *args: Any) -> Any:
        called.append(work)
        return {}

    monkeypatch.setattr(run.upstream, "_run", plainly)
    asyncio.run(run.call("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": b""}))
    from harness.emulator.upstream import direct

    assert called == [direct._put_object]
