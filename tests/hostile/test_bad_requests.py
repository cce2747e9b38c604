"""Bad requests get AWS's answer, in the protocol of the service called, and one line in the log."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import zipfile
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.emulator.build import build_world
from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.edge.recognise import recognise
from harness.emulator.edge.server import Edge
from harness.emulator.services.lambda_.execution.disk import fingerprint
from harness.emulator.services.lambda_.execution.runtime_api import RuntimeApi
from harness.emulator.spec.xml_text import escaped, readable

SCOPE = "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")
DTD = b'<!DOCTYPE x [<!ENTITY a "b">]>'
Send = Callable[..., Awaitable[HttpResponse]]


def during(scenario: Callable[[Edge], Awaitable[None]]) -> None:
    async def work() -> None:
        world = build_world("manual", 3)
        edge = Edge(world)
        await world.start()
        try:
            await scenario(edge)
        finally:
            await world.stop()

    asyncio.run(work())


def ask(method: str, target: str, service: str, *headers: tuple[str, str], body: bytes = b"") -> HttpRequest:
    return HttpRequest(
        method, target, [("host", "localhost"), ("authorization", SCOPE.format(service)), *headers], body
    )


def form(service: str, **fields: str) -> HttpRequest:
    return ask("POST", "/", service, FORM, body=urlencode(fields).encode())


def aws_json(service: str, target: str, body: bytes) -> HttpRequest:
    headers = (("x-amz-target", target), ("content-type", "application/x-amz-json-1.1"))
    return ask("POST", "/", service, *headers, body=body)


def code(answer: HttpResponse) -> str:
    """The error's code, however the protocol spells it."""
    if answer.body[:1] == b"<":
        found = ElementTree.fromstring(answer.body).find(".//{*}Code")
        assert found is not None
        return found.text or ""
    return str(orjson.loads(answer.body).get("__type") or dict(answer.headers)["x-amzn-ErrorType"])


# -- recognition --------------------------------------------------------------------------------------------------

_ODD = st.sampled_from(
    ["X-Amz-Credential", "X-Amz-Credential=", "AWSAccessKeyId", "Signature", "Action", "Action=",
     "Version=%ff", "=", "&", "%", "uploads", "x=1"]
)  # fmt: skip
_NAMES = st.sampled_from(
    ["host", "authorization", "x-amz-target", "content-type", "smithy-protocol", "x-amz-copy-source"]
)
_VALUES = st.one_of(
    st.text(alphabet=st.characters(max_codepoint=255), max_size=30),
    st.sampled_from(
        [SCOPE.format("s3"), "Credential=/20000101///aws4_request", "a.b.", ".", "application/x-amz-cbor-1.1"]
    ),
)
_PATHS = st.one_of(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?#"), max_size=30),
    st.sampled_from(["/", "/2015-03-31/functions", "/restapis", "/v2/apis", "/service/x/operation/y", "//", "*"]),
)


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]),
    path=_PATHS,
    query=st.lists(_ODD, max_size=4).map("&".join),
    headers=st.lists(st.tuples(_NAMES, _VALUES), max_size=4),
    body=st.one_of(st.binary(max_size=40), st.just(b"Action=%00&Version")),
)
@example("GET", "/", "X-Amz-Credential=", [], b"")
@example("GET", "/", "AWSAccessKeyId&Signature", [], b"")
def test_recognition_never_raises(
    method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    meant = recognise(HttpRequest(method, f"{path}?{query}" if query else path, headers, body))
    assert meant.form in ("json", "cbor", "rest", "query", "s3", "rpcv2")


def test_incomplete_presigned_queries_are_answered() -> None:
    async def scenario(edge: Edge) -> None:
        empty = await edge.handle(HttpRequest("GET", "/?X-Amz-Credential=", [("host", "localhost")]))
        assert (empty.status, code(empty)) == (400, "AuthorizationQueryParametersError")
        bare = await edge.handle(HttpRequest("GET", "/?AWSAccessKeyId&Signature", [("host", "localhost")]))
        assert bare.status < 500

    during(scenario)


# -- what nobody serves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "content"),
    [
        ("pipes", "application/json"),
        ("iot", "application/json"),
        ("scheduler", "application/json"),
        ("xray", "application/json"),
        ("es", "application/json"),
        ("lakeformation", "application/json"),
        ("kafka", "application/json"),
        ("athena", "application/x-amz-json-1.1"),
        ("ecs", "application/x-amz-json-1.1"),
        ("aoss", "application/x-amz-json-1.1"),
        ("route53", "application/xml"),
        ("ec2", "application/xml"),
        ("no-such-service", "application/xml"),
    ],
)
def test_a_refusal_speaks_the_services_protocol(service: str, content: str) -> None:
    async def scenario(edge: Edge) -> None:
        answer = await edge.handle(ask("POST", "/x", service, body=b"{}"))
        assert (answer.status, code(answer)) == (501, "NotEmulated")
        assert dict(answer.headers)["Content-Type"] == content

    during(scenario)


@pytest.mark.parametrize("service", ["iam", "sts", "sns", "sqs"])
def test_an_unknown_action(service: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(edge: Edge) -> None:
        answer = await edge.handle(form(service, Action="Nonsense", Version="2010-05-08"))
        assert (answer.status, code(answer)) == (400, "InvalidAction")

    during(scenario)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("dynamodb", "DynamoDB_20120810"),
        ("events", "AWSEvents"),
        ("glue", "AWSGlue"),
        ("kms", "TrentService"),
        ("logs", "Logs_20140328"),
        ("secretsmanager", "secretsmanager"),
        ("sqs", "AmazonSQS"),
        ("ssm", "AmazonSSM"),
    ],
)
def test_json_services_refuse_what_is_no_operation_and_no_json(
    service: str, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    known = {"logs": "DescribeLogGroups", "secretsmanager": "ListSecrets", "ssm": "DescribeParameters"}
    known |= {"dynamodb": "ListTables", "events": "ListRules", "glue": "GetDatabases", "kms": "ListKeys"}
    known |= {"sqs": "ReceiveMessage"}

    async def scenario(edge: Edge) -> None:
        answer = await edge.handle(aws_json(service, f"{prefix}.Nonsense", b"{}"))
        assert (answer.status, code(answer)) == (400, "UnknownOperationException")
        for body in (b"{bad", b"[]", b"\xff", b"1", b'{"a": NaN}'):
            answer = await edge.handle(aws_json(service, f"{prefix}.{known[service]}", body))
            assert (answer.status, code(answer)) == (400, "SerializationException"), body
        for method, target in (("GET", "/no/such"), ("PUT", "/"), ("DELETE", "/x")):
            answer = await edge.handle(ask(method, target, service))
            assert (answer.status, code(answer)) == (404, "UnknownOperationException")

    during(scenario)
    assert caplog.records == []


@pytest.mark.parametrize("body", [b"", b"QueueName=q"])
def test_a_form_without_an_action_is_answered_in_xml(body: bytes) -> None:
    """W1: SQS speaks Query beside JSON, and a form is Query's."""

    async def scenario(edge: Edge) -> None:
        for service in ("sqs", "iam", "sns"):
            answer = await edge.handle(ask("POST", "/", service, FORM, body=body))
            assert (answer.status, answer.body[:5], code(answer)) == (400, b"<?xml", "MissingAction"), service

    during(scenario)


def test_a_long_poll_with_odd_content(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(edge: Edge) -> None:
        deep = b'{"QueueUrl": ' + b'{"a":' * 500 + b"1" + b"}" * 501
        answer = await edge.handle(aws_json("sqs", "AmazonSQS.ReceiveMessage", deep))
        assert (answer.status, code(answer)) == (400, "SerializationException")
        odd = form(
            "sqs", Action="ReceiveMessage", QueueUrl="http://localhost/000000000000/\u20ac", Version="2012-11-05"
        )
        assert 400 <= (await edge.handle(odd)).status < 500

    during(scenario)
    assert not [record for record in caplog.records if record.exc_info]


def test_policies_that_were_only_looked_at_are_no_state() -> None:
    """After a restart they would be gone from the list."""
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"

    async def scenario(edge: Edge) -> None:
        await edge.handle(form("iam", Action="GetPolicy", PolicyArn=arn, Version="2010-05-08"))
        details = form("iam", Action="GetAccountAuthorizationDetails", Version="2010-05-08")
        assert arn.encode() not in (await edge.handle(details)).body
        lambda_ = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [lambda_]})
        role = form("iam", Action="CreateRole", RoleName="r", AssumeRolePolicyDocument=trust, Version="2010-05-08")
        attach = form("iam", Action="AttachRolePolicy", RoleName="r", PolicyArn=arn, Version="2010-05-08")
        assert [(await edge.handle(each)).status for each in (role, attach)] == [200, 200]
        assert arn.encode() in (await edge.handle(details)).body

    during(scenario)


@pytest.mark.parametrize("value", ["21", "-1", '"nan"', '"x"', "1e9", "[]"])
def test_a_long_poll_without_a_proper_time(value: str) -> None:
    async def scenario(edge: Edge) -> None:
        await edge.handle(aws_json("sqs", "AmazonSQS.CreateQueue", b'{"QueueName": "q"}'))
        body = b'{"QueueUrl": "http://localhost/000000000000/q", "WaitTimeSeconds": %s}' % value.encode()
        answer = await edge.handle(aws_json("sqs", "AmazonSQS.ReceiveMessage", body))
        assert (answer.status, code(answer)) == (400, "InvalidParameterValue")

    during(scenario)


def test_what_moto_fails_at_is_one_line(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(edge: Edge) -> None:
        await edge.handle(form("sns", Action="ListTopics", Version="2010-03-31"))
        from moto.sns.models import SNSBackend

        def fail(*_: Any, **__: Any) -> None:
            raise KeyError("x")

        monkeypatch.setattr(SNSBackend, "list_topics", fail)
        answer = await edge.handle(form("sns", Action="ListTopics", Version="2010-03-31"))
        assert (answer.status, code(answer)) == (500, "InternalFailure")

    during(scenario)
    assert [record.exc_info for record in caplog.records] == [None]
    assert caplog.messages[0].startswith("moto failed at sns ListTopics: KeyError('x') (test_bad_requests.py:")


def test_a_missing_member_of_a_form_is_the_clients_mistake() -> None:
    async def scenario(edge: Edge) -> None:
        for action in ("CreateUser", "CreatePolicy", "AttachRolePolicy"):
            answer = await edge.handle(form("iam", Action=action, Version="2010-05-08"))
            assert (answer.status, code(answer)) == (400, "ValidationError"), action

    during(scenario)


# -- Kinesis, Lambda ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "body", "names"),
    [
        ("PutRecord", b'{"StreamName": "s", "Data": "eA=="}', ["partitionKey"]),
        ("PutRecord", b'{"StreamName": "s", "Data": "eA==", "PartitionKey": null}', ["partitionKey"]),
        (
            "PutRecords",
            b'{"StreamName": "s", "Records": [{"Data": null, "PartitionKey": null}]}',
            ["records.1.member.data", "records.1.member.partitionKey"],
        ),
    ],
)
def test_kinesis_wants_a_partition_key(operation: str, body: bytes, names: list[str]) -> None:
    async def scenario(edge: Edge) -> None:
        answer = await edge.handle(aws_json("kinesis", f"Kinesis_20131202.{operation}", body))
        assert (answer.status, code(answer)) == (400, "ValidationException")
        message = orjson.loads(answer.body)["message"]
        for name in names:
            assert f"at '{name}' failed to satisfy constraint: Member must not be null" in message

    during(scenario)


def test_a_filter_without_a_pattern() -> None:
    async def scenario(edge: Edge) -> None:
        out = BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("main.py", "def handler(event, context): ...")
        from harness.emulator.call import Caller

        bus = edge.world.bus
        await bus.call("kinesis", "CreateStream", {"StreamName": "s", "ShardCount": 1}, Caller())
        await bus.call(
            "lambda", "CreateFunction",
            {"FunctionName": "f", "Runtime": "python3.11", "Role": "arn:aws:iam::000000000000:role/r",
             "Handler": "main.handler", "Code": {"ZipFile": out.getvalue()}}, Caller(),
        )  # fmt: skip
        members = {
            "FunctionName": "f",
            "EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
            "StartingPosition": "LATEST",
            "FilterCriteria": {"Filters": [{}]},
        }
        body = json.dumps(members).encode()
        answer = await edge.handle(ask("POST", "/2015-03-31/event-source-mappings/", "lambda", body=body))
        assert (answer.status, code(answer)) == (400, "InvalidParameterValueException")

    during(scenario)


def test_a_hot_reload_folder_with_odd_links(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("1")
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    (tmp_path / "up").symlink_to(tmp_path)
    before = fingerprint(str(tmp_path))
    assert fingerprint(str(tmp_path)) == before
    (tmp_path / "main.py").write_text("22")
    os.utime(tmp_path / "main.py", (1, 1))
    assert fingerprint(str(tmp_path)) != before


@pytest.mark.parametrize("target", ["*", "", "/", "/w", "/code", "/w/1/2018-06-01/runtime/x", "/code/../x"])
def test_the_runtime_api_answers_any_path(target: str) -> None:
    api = RuntimeApi(lambda sha256: None)
    answer = asyncio.run(api._handle(HttpRequest("OPTIONS", target, [])))
    assert answer.status in (403, 404)


# -- S3 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "root"),
    [
        ("PUT", "/new-bucket", "CreateBucketConfiguration"),
        ("PUT", "/bucket?tagging", "Tagging"),
        ("PUT", "/bucket?versioning", "VersioningConfiguration"),
        ("PUT", "/bucket?lifecycle", "LifecycleConfiguration"),
        ("POST", "/bucket?delete", "Delete"),
        ("POST", "/bucket/key?uploadId=u", "CompleteMultipartUpload"),
    ],
)
def test_s3_takes_no_document_types(method: str, target: str, root: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(edge: Edge) -> None:
        await edge.handle(ask("PUT", "/bucket", "s3"))
        for body in (DTD + f"<{root}>&a;</{root}>".encode(), DTD + f"<{root}/>".encode(), b"<a", b"\xff\xfe<"):
            answer = await edge.handle(ask(method, target, "s3", body=body))
            assert (answer.status, code(answer)) == (400, "MalformedXML"), body

    during(scenario)
    assert caplog.records == []


def test_an_object_may_be_a_document_with_a_type() -> None:
    async def scenario(edge: Edge) -> None:
        await edge.handle(ask("PUT", "/bucket", "s3"))
        assert (await edge.handle(ask("PUT", "/bucket/a.xml", "s3", body=DTD + b"<a/>\x01"))).status == 200
        assert (await edge.handle(ask("GET", "/bucket/a.xml", "s3"))).body == DTD + b"<a/>\x01"
        missing = await edge.handle(ask("GET", "/bucket/a%00", "s3"))  # S3 names the key in its error
        assert ElementTree.fromstring(missing.body).findtext("Code") == "NoSuchKey"

    during(scenario)


def test_completing_an_upload_that_is_not_there() -> None:
    async def scenario(edge: Edge) -> None:
        await edge.handle(ask("PUT", "/bucket", "s3"))
        body = b"<CompleteMultipartUpload/>"
        answer = await edge.handle(ask("POST", "/bucket/key?uploadId=no", "s3", body=body))
        assert (answer.status, code(answer)) == (404, "NoSuchUpload")
        made = await edge.handle(ask("POST", "/bucket/key?uploads", "s3"))
        upload = ElementTree.fromstring(made.body).find("{*}UploadId")
        assert upload is not None
        answer = await edge.handle(ask("POST", f"/bucket/key?uploadId={quote(upload.text or '')}", "s3"))
        assert (answer.status, code(answer)) == (400, "InvalidRequest")

    during(scenario)


# -- XML ----------------------------------------------------------------------------------------------------------


@given(st.text(max_size=50))
def test_any_text_is_readable_xml(text: str) -> None:
    ElementTree.fromstring(f"<a>{escaped(text)}</a>".encode())


@given(st.text(alphabet=st.characters(exclude_characters="<&", exclude_categories=["Cs"]), max_size=50))
def test_any_answer_is_made_readable(text: str) -> None:
    ElementTree.fromstring(readable(f"<a>{text}</a>".encode()))


def test_what_xml_can_hold_stays() -> None:
    body = "<a>\t\r\n é € 😀</a>".encode()
    assert readable(body) is body
    assert readable(b"<a>\x01</a>", numbered=True) == b"<a>&#x1;</a>"  # as S3 writes such keys


def test_control_characters_in_answers_of_the_query_protocol() -> None:
    async def scenario(edge: Edge) -> None:
        for fields in (
            {"Action": "CreateUser", "UserName": "a\x01b", "Version": "2010-05-08"},
            {"Action": "GetUser", "UserName": "no\x02", "Version": "2010-05-08"},
            {"Action": "No\x00\x1f", "Version": "2010-05-08"},
        ):
            ElementTree.fromstring((await edge.handle(form("iam", **fields))).body)
        answer = await edge.handle(ask("GET", "/no-bucket/a%01b%ef%bf%bf", "s3"))
        ElementTree.fromstring(answer.body)
        await edge.handle(ask("PUT", "/bucket", "s3"))
        await edge.handle(ask("PUT", "/bucket/a%01b", "s3", body=b"x"))
        listed = await edge.handle(ask("GET", "/bucket?list-type=2&encoding-type=url", "s3"))
        assert b"<Key>a%01b</Key>" in listed.body

    during(scenario)


# -- policies -----------------------------------------------------------------------------------------------------

GOOD = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "*", "Resource": "*"}
BAD = [
    "nonsense",
    "[]",
    "{}",
    '"x"',
    json.dumps({"Statement": 3}),
    json.dumps({"Statement": []}),
    json.dumps({"Statement": ["x"]}),
    json.dumps({"Version": "2030-01-01", "Statement": [GOOD]}),
    json.dumps({"Statement": [{**GOOD, "Effect": "Maybe"}]}),
    json.dumps({"Statement": [{**GOOD, "Action": {}}]}),
    json.dumps({"Statement": [{**GOOD, "Principal": {"AWS": [1]}}]}),
    json.dumps({"Statement": [{**GOOD, "Condition": {"StringEquals": "x"}}]}),
    json.dumps({"Statement": [{name: value for name, value in GOOD.items() if name != "Principal"}]}),
]
URL = "http://localhost/000000000000/q"
TOPIC = "arn:aws:sns:us-east-1:000000000000:t"


@pytest.mark.parametrize("policy", BAD)
def test_a_policy_that_can_not_be_read_is_refused(policy: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(edge: Edge) -> None:
        async def refused(request: HttpRequest, expected: str) -> None:
            answer = await edge.handle(request)
            assert (answer.status, code(answer)) == (400, expected), answer.body

        await edge.handle(ask("PUT", "/bucket", "s3"))
        await refused(ask("PUT", "/bucket?policy", "s3", body=policy.encode()), "MalformedPolicy")
        assert (await edge.handle(ask("GET", "/bucket", "s3"))).status == 200
        await edge.handle(aws_json("sqs", "AmazonSQS.CreateQueue", b'{"QueueName": "q"}'))
        attributes = {"QueueUrl": URL, "Attributes": {"Policy": policy}}
        await refused(
            aws_json("sqs", "AmazonSQS.SetQueueAttributes", orjson.dumps(attributes)), "InvalidAttributeValue"
        )
        query = {"Action": "SetQueueAttributes", "QueueUrl": URL, "Attribute.1.Name": "Policy", "Version": "2012-11-05"}
        await refused(form("sqs", **query, **{"Attribute.1.Value": policy}), "InvalidAttributeValue")
        await edge.handle(form("sns", Action="CreateTopic", Name="t", Version="2010-03-31"))
        query = {"Action": "SetTopicAttributes", "TopicArn": TOPIC, "AttributeName": "Policy", "Version": "2010-03-31"}
        await refused(form("sns", **query, AttributeValue=policy), "InvalidParameter")
        made = await edge.handle(aws_json("kms", "TrentService.CreateKey", b"{}"))
        key = {"KeyId": orjson.loads(made.body)["KeyMetadata"]["KeyId"], "PolicyName": "default", "Policy": policy}
        await refused(
            aws_json("kms", "TrentService.PutKeyPolicy", orjson.dumps(key)), "MalformedPolicyDocumentException"
        )
        secret = {"Name": "s", "SecretString": "x"}
        await edge.handle(aws_json("secretsmanager", "secretsmanager.CreateSecret", orjson.dumps(secret)))
        put = orjson.dumps({"SecretId": "s", "ResourcePolicy": policy})
        target = "secretsmanager.PutResourcePolicy"
        await refused(aws_json("secretsmanager", target, put), "MalformedPolicyDocumentException")
        put = orjson.dumps({"policyName": "p", "policyDocument": policy})
        await refused(aws_json("logs", "Logs_20140328.PutResourcePolicy", put), "InvalidParameterException")
        role = {"Action": "CreateRole", "RoleName": "r", "Version": "2010-05-08", "AssumeRolePolicyDocument": policy}
        await refused(form("iam", **role), "MalformedPolicyDocument")

    during(scenario)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_good_policies_are_taken() -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": GOOD})

    async def scenario(edge: Edge) -> None:
        async def taken(request: HttpRequest) -> None:
            answer = await edge.handle(request)
            assert answer.status < 300, answer.body

        await taken(ask("PUT", "/bucket", "s3"))
        await taken(ask("PUT", "/bucket?policy", "s3", body=policy.encode()))
        attributes = {"QueueName": "q", "Attributes": {"Policy": policy}}
        await taken(aws_json("sqs", "AmazonSQS.CreateQueue", orjson.dumps(attributes)))
        empty = orjson.dumps({"QueueUrl": URL, "Attributes": {"Policy": ""}})
        await taken(aws_json("sqs", "AmazonSQS.SetQueueAttributes", empty))
        query = {"Action": "CreateTopic", "Name": "t", "Version": "2010-03-31", "Attributes.entry.1.key": "Policy"}
        await taken(form("sns", **query, **{"Attributes.entry.1.value": policy}))
        await taken(aws_json("kms", "TrentService.CreateKey", orjson.dumps({"Policy": policy})))

    during(scenario)
