"""`--verify-signatures` (docs/signatures.md; AWS General Reference, "Signing AWS API requests")."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from harness.emulator.testing import EmulatorThread
from tests.conformance.apigateway_api import Api
from tests.conftest import Aws

OBJECT = {"Bucket": "signed", "Key": "a b/ü+~.txt"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def checking() -> Iterator[Aws]:
    with EmulatorThread(verify_signatures=True) as emulator:
        yield Aws(emulator.url)


@pytest.fixture
def strict(checking: Aws) -> Aws:
    checking.reset()
    checking.client("s3").create_bucket(Bucket="signed")
    return checking


def client(aws: Aws, service: str, key: str, secret: str, token: str | None = None, **options: Any) -> Any:
    config = Config(retries={"total_max_attempts": 1}, **options)
    credentials = {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}
    return boto3.client(service, endpoint_url=aws.url, region_name="us-east-1", config=config, **credentials)


def code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_what_is_rightly_signed_is_served_by_every_protocol(strict: Aws) -> None:
    strict.client("kinesis").create_stream(StreamName="s", ShardCount=1)
    strict.client("kinesis").put_record(StreamName="s", Data=b"x", PartitionKey="p")
    assert strict.client("lambda").list_functions()["Functions"] == []
    assert strict.client("iam").list_users()["Users"] == []
    assert strict.client("sns").list_topics()["Topics"] == []
    assert strict.client("cloudwatch").list_metrics()["Metrics"] is not None
    assert strict.client("apigateway").get_rest_apis()["items"] == []
    with pytest.raises(ClientError) as missing:  # `:` in a path is encoded twice
        strict.client("lambda").get_function(FunctionName="arn:aws:lambda:us-east-1:000000000000:function:f")
    assert code(missing) == ("ResourceNotFoundException", 404)
    other = client(strict, "sts", "123456789012", "test")
    assert other.get_caller_identity()["Account"] == "123456789012"


def test_objects_of_any_name_and_parameters(strict: Aws) -> None:
    s3 = strict.client("s3")
    s3.put_object(**OBJECT, Body=b"hello", Metadata={"note": "a  b"})
    assert s3.get_object(**OBJECT, ResponseContentType="text/x; a=b")["Body"].read() == b"hello"
    assert s3.list_objects_v2(Bucket="signed", Prefix="a b/", Delimiter="/")["KeyCount"] == 1


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("kinesis", "list_streams", ("InvalidSignatureException", 400)),
        ("lambda", "list_functions", ("InvalidSignatureException", 403)),
        ("iam", "list_users", ("SignatureDoesNotMatch", 403)),
        ("s3", "list_buckets", ("SignatureDoesNotMatch", 403)),
    ],
)
def test_a_wrong_secret(strict: Aws, service: str, operation: str, expected: tuple[str, int]) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(strict, service, "test", "wrong"), operation)()
    assert code(refused) == expected


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("kinesis", "list_streams", ("UnrecognizedClientException", 400)),
        ("lambda", "list_functions", ("UnrecognizedClientException", 403)),
        ("iam", "list_users", ("InvalidClientTokenId", 403)),
        ("s3", "list_buckets", ("InvalidAccessKeyId", 403)),
    ],
)
def test_a_key_that_nobody_made(strict: Aws, service: str, operation: str, expected: tuple[str, int]) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(strict, service, "nobody", "test"), operation)()
    assert code(refused) == expected


def test_requests_without_a_signature(strict: Aws) -> None:
    target = {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-json-1.1"}
    answer = strict.http.post("/", content=b"{}", headers=target)
    assert (answer.status_code, answer.json()["__type"]) == (400, "MissingAuthenticationTokenException")
    answer = strict.http.get("/?Action=ListUsers&Version=2010-05-08")
    assert (answer.status_code, "<Code>MissingAuthenticationToken</Code>" in answer.text) == (403, True)
    answer = strict.http.get("/2015-03-31/functions/")
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    for method, path in (("PUT", "/signed/key"), ("GET", "/"), ("DELETE", "/signed"), ("PUT", "/signed?policy")):
        answer = strict.http.request(method, path)
        assert (answer.status_code, "<Code>AccessDenied</Code>" in answer.text) == (403, True), (method, path)
    answer = strict.http.put("/signed/key", headers={"Authorization": "AWS test:c2lnbmF0dXJl"})
    assert (answer.status_code, "<Code>InvalidRequest</Code>" in answer.text) == (400, True)
    answer = strict.http.put("/signed/key", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=test"})
    assert (answer.status_code, "<Code>AuthorizationHeaderMalformed</Code>" in answer.text) == (400, True)
    assert strict.http.get("/_harness/health").status_code == 200


def test_anybody_reads_what_is_public(strict: Aws) -> None:
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    strict.client("s3").put_bucket_ownership_controls(Bucket="signed", OwnershipControls=rules)
    strict.client("s3").put_object(Bucket="signed", Key="public", Body=b"hello", ACL="public-read")
    assert strict.http.get("/signed/public").content == b"hello"


def test_keys_of_users_and_sessions(strict: Aws) -> None:
    iam = strict.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    assert client(strict, "kinesis", key["AccessKeyId"], key["SecretAccessKey"]).list_streams()["StreamNames"] == []
    with pytest.raises(ClientError) as refused:
        client(strict, "kinesis", key["AccessKeyId"], "test").list_streams()
    assert code(refused)[0] == "InvalidSignatureException"
    iam.update_access_key(UserName="u", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError) as refused:
        client(strict, "kinesis", key["AccessKeyId"], key["SecretAccessKey"]).list_streams()
    assert code(refused)[0] == "UnrecognizedClientException"
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    made = strict.client("sts").assume_role(RoleArn=role, RoleSessionName="s")["Credentials"]
    session = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert client(strict, "kinesis", *session).list_streams()["StreamNames"] == []
    with pytest.raises(ClientError) as refused:
        client(strict, "kinesis", *session[:2]).list_streams()
    assert code(refused)[0] == "UnrecognizedClientException"
    strict.advance(3700)
    with pytest.raises(ClientError) as refused:
        client(strict, "kinesis", *session).list_streams()
    assert code(refused)[0] == "ExpiredTokenException"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls_and_forms(strict: Aws, version: str) -> None:
    s3 = client(strict, "s3", "test", "test", signature_version=version)
    put = s3.generate_presigned_url("put_object", {**OBJECT, "ContentType": "text/x", "Metadata": {"a": "b"}})
    headers = {"Content-Type": "text/x", **({"x-amz-meta-a": "b"} if version == "s3v4" else {})}
    answer = strict.http.put(put, content=b"hello", headers=headers)
    assert answer.status_code == 200, answer.text
    get = s3.generate_presigned_url("get_object", {**OBJECT, "ResponseContentType": "text/y"})
    assert strict.http.get(get).content == b"hello"
    for spoiled in (get.replace("text%2Fy", "text%2Fz"), get.replace("a%20b", "a%20c"), get.replace("=test", "=other")):
        assert spoiled != get
        assert strict.http.get(spoiled).status_code == 403
    assert strict.http.put(get, content=b"evil").status_code == 403
    form = s3.generate_presigned_post("signed", "form")
    assert strict.http.post(form["url"], data=form["fields"], files={"file": b"x"}).status_code == 204
    signature = "signature" if version == "s3" else "x-amz-signature"
    spoiled_form = {**form["fields"], signature: form["fields"][signature][::-1]}
    refused = strict.http.post(form["url"], data=spoiled_form, files={"file": b"x"})
    assert (refused.status_code, "<Code>SignatureDoesNotMatch</Code>" in refused.text) == (403, True)
    assert strict.http.post("/signed", data={"key": "evil"}, files={"file": b"x"}).status_code == 403


def test_a_body_that_is_not_the_signed_one(strict: Aws) -> None:
    kinesis = client(strict, "kinesis", "test", "test")

    def spoil(request: Any, **_: Any) -> None:
        request.data = request.body = b'{"StreamName":"evil","ShardCount":1}'
        request.headers["Content-Length"] = str(len(request.body))

    kinesis.meta.events.register("before-send.kinesis.CreateStream", spoil)
    with pytest.raises(ClientError) as refused:
        kinesis.create_stream(StreamName="good", ShardCount=1)
    assert code(refused)[0] == "InvalidSignatureException"
    assert strict.client("kinesis").list_streams()["StreamNames"] == []


def test_clients_go_by_the_machine_s_clock_wherever_the_world_s_is(strict: Aws) -> None:
    strict.advance(7 * 86400)
    assert strict.client("kinesis").list_streams()["StreamNames"] == []


def test_dates_may_be_a_quarter_of_an_hour_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmulatorThread("real", verify_signatures=True) as emulator:
        check_dates(Aws(emulator.url), monkeypatch)


def check_dates(real_time: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    kinesis, s3, iam = (client(real_time, service, "test", "test") for service in ("kinesis", "s3", "iam"))
    minutes = [14.0]
    real = botocore.auth.get_current_datetime

    def moved(**options: Any) -> datetime.datetime:
        now: datetime.datetime = real(**options)
        return now - datetime.timedelta(minutes=minutes[0])

    monkeypatch.setattr(botocore.auth, "get_current_datetime", moved)
    for minutes[0] in (-14.0, 14.0):
        kinesis.list_streams()
    for minutes[0], words in ((-17.0, "Signature not yet current: "), (17.0, "Signature expired: ")):
        with pytest.raises(ClientError, match=words) as refused:
            kinesis.list_streams()
        assert code(refused) == ("InvalidSignatureException", 400)
        with pytest.raises(ClientError, match=words) as refused:
            iam.list_users()
        assert code(refused) == ("SignatureDoesNotMatch", 403)
        with pytest.raises(ClientError) as refused:
            s3.list_buckets()
        assert code(refused) == ("RequestTimeTooSkewed", 403)


def streamed(aws: Aws, spoil: str = "", trailer: bool = False) -> Any:
    """A PutObject whose body is signed chunk by chunk, as the Java SDK sends it. boto3 can't: made by hand."""
    import hashlib
    import hmac
    import time

    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{date[:8]}/us-east-1/s3/aws4_request"
    key = b"AWS4test"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")

    def sign(text: str) -> str:
        return hmac.digest(key, text.encode(), "sha256").hex()

    def sha(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    headers = {
        "host": aws.url.removeprefix("http://"),
        "x-amz-content-sha256": payload,
        "x-amz-date": date,
        "x-amz-decoded-content-length": "70000",
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"PUT\n/signed/streamed\n\n{lines}\n{names}\n{payload}"
    before = seed = sign(f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{sha(canonical.encode())}")
    body = io.BytesIO()
    for chunk in (b"a" * 65536, b"b" * 4464, b""):
        before = sign(f"AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{before}\n{sha(b'')}\n{sha(chunk)}")
        said = "0" * 64 if (spoil == "last" and not chunk) or (spoil == "first" and chunk[:1] == b"a") else before
        body.write(f"{len(chunk):x};chunk-signature={said}\r\n".encode())
        body.write(chunk + (b"\r\n" if chunk or not trailer else b""))
    if trailer:
        line = "x-amz-checksum-crc32:" + crc()
        signature = sign(f"AWS4-HMAC-SHA256-TRAILER\n{date}\n{scope}\n{before}\n{sha((line + chr(10)).encode())}")
        signature = "0" * 64 if spoil == "trailer" else signature
        body.write(f"{line}\r\nx-amz-trailer-signature:{signature}\r\n\r\n".encode())
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={seed}"
    headers["content-encoding"] = "aws-chunked"
    content = body.getvalue()
    if spoil == "content":
        content = content.replace(b"bbbb", b"bbbc", 1)
    return aws.http.put("/signed/streamed", content=content, headers=headers)


def crc() -> str:
    import base64
    import zlib

    return base64.b64encode(zlib.crc32(b"a" * 65536 + b"b" * 4464).to_bytes(4, "big")).decode()


@pytest.mark.parametrize("trailer", [False, True])
def test_uploads_that_are_signed_chunk_by_chunk(strict: Aws, trailer: bool) -> None:
    answer = streamed(strict, trailer=trailer)
    assert answer.status_code == 200, answer.text
    stored = strict.client("s3").get_object(Bucket="signed", Key="streamed")["Body"].read()
    assert stored == b"a" * 65536 + b"b" * 4464
    for spoil in ("first", "last", "content", *(("trailer",) if trailer else ())):
        refused = streamed(strict, spoil, trailer)
        assert (refused.status_code, "<Code>SignatureDoesNotMatch</Code>" in refused.text) == (403, True), spoil


def test_off_by_default(aws: Aws) -> None:
    assert client(aws, "kinesis", "nobody", "wrong").list_streams()["StreamNames"] == []


def test_methods_with_aws_iam_ask_the_same(strict: Aws) -> None:
    """D1: an API of a deployed stage, signed for execute-api."""
    api = Api(strict)
    api.mock("/a", authorizationType="AWS_IAM")
    api.deploy()
    url = f"{strict.url}/_aws/execute-api/{api.id}/test/a?x=a%20b&y=1"
    for secret, status in (("test", 200), ("wrong", 403)):
        request = AWSRequest("GET", url)
        credentials = Credentials("test", secret)
        botocore.auth.SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
        answer = strict.http.get(url, headers=dict(request.headers))
        assert answer.status_code == status, answer.text
    assert strict.http.get(url).json() == {"message": "Missing Authentication Token"}
