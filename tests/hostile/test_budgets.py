"""No template, pattern, body or upload of one caller stops the others: each against a real emulator.

While an input is handled another caller asks small questions: it never waits for more than 250 ms, and the process
never grows by more than 256 MB. Linux only: elsewhere a wait can't be told from a busy machine's.
"""

from __future__ import annotations

import base64
import functools
import gzip
import io
import json
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import boto3
import cbor2
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.hostile.attack.probe import STALL_SECONDS, Waits, probing
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.emulator_only,
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process waited for"),
]

MEGABYTES = 256
BOUND = 60.0
_ATTEMPTS = 3
ROLE = "arn:aws:iam::000000000000:role/r"
CREDENTIALS = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
TYPE = "application/x-amz-json-1.{}"
UNIT = {"Content-Type": "application/json"}


class Emulator:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness.emulator", "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[1]
        self.port = int(self.url.rpartition(":")[2])
        self.http = httpx.Client(base_url=self.url, timeout=BOUND, trust_env=False)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}, read_timeout=BOUND, proxies={}),
        )

    def post(self, service: str, body: bytes, **headers: str) -> httpx.Response:
        signed = {"Authorization": CREDENTIALS.format(service)}
        return self.http.post("/", content=body, headers=signed | {k.replace("_", "-"): v for k, v in headers.items()})

    def megabytes(self, what: str) -> float:
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(what)) / 1024

    def forget_peak(self) -> None:
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def api(self, template: str | None = None, model: Any = None, selection: str | None = None) -> str:
        """The URL of a deployed method: a mapping template, a body model, an integration response's pattern."""
        client = self.client("apigateway")
        api = client.create_rest_api(name="a")["id"]
        where = {"restApiId": api, "resourceId": client.get_resources(restApiId=api)["items"][0]["id"]}
        method: dict[str, Any] = {"httpMethod": "POST", "authorizationType": "NONE"}
        if model is not None:
            client.create_model(restApiId=api, name="M", contentType="application/json", schema=json.dumps(model))
            checker = client.create_request_validator(restApiId=api, name="v", validateRequestBody=True)
            method |= {"requestModels": {"application/json": "M"}, "requestValidatorId": checker["id"]}
        client.put_method(**where, **method)
        client.put_method_response(**where, httpMethod="POST", statusCode="200")
        client.put_integration(
            **where,
            httpMethod="POST",
            type="MOCK",
            requestTemplates={"application/json": template or '{"statusCode": 200}'},
        )
        client.put_integration_response(
            **where,
            httpMethod="POST",
            statusCode="200",
            responseTemplates={"application/json": "ok"},
            **({"selectionPattern": selection} if selection else {}),
        )
        client.create_deployment(restApiId=api, stageName="s")
        return f"/restapis/{api}/s/_user_request_/"


_FIRST = {
    "s3": "list_buckets", "sqs": "list_queues", "sns": "list_topics", "dynamodb": "list_tables",
    "lambda": "list_functions", "cloudformation": "list_stacks", "kinesis": "list_streams",
    "firehose": "list_delivery_streams", "cloudwatch": "list_metrics", "logs": "describe_log_groups",
}  # fmt: skip


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    one = Emulator()
    with closing(one.http):
        # The first call of a service loads its model, which is no attack.
        for service, operation in _FIRST.items():
            getattr(one.client(service), operation)()
        one.client("s3").create_bucket(Bucket="warm")
        one.http.post(one.api(model={"type": "object"}), content=b"{}", headers=UNIT)
        yield one
        one.process.terminate()
        one.process.wait(30)


def _has_answered(waits: Waits) -> bool:
    return waits.worst > 0


def others_are_served(test: Callable[..., None]) -> Callable[..., None]:
    """The test's input, while other callers and memory are watched. A wait that is the input's comes each time; one
    that comes once was the machine's, whose work beside this can't all be told apart."""

    @functools.wraps(test)
    def held(emulator: Emulator, **arguments: Any) -> None:
        waited = []
        for _ in range(_ATTEMPTS):
            emulator.forget_peak()
            before = emulator.megabytes("VmRSS")
            with probing(emulator.port, emulator.process.pid) as waits:
                wait_until(partial(_has_answered, waits), BOUND)  # the other caller has had its first answer
                test(emulator, **arguments)
            assert emulator.process.poll() is None
            assert emulator.megabytes("VmHWM") - before <= MEGABYTES
            waited.append(waits.worst)
            if waits.worst <= STALL_SECONDS:
                return
        raise AssertionError(f"others waited {waited} s")

    return held


def refused(call: Callable[..., Any], **members: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as error:
        call(**members)
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


TEMPLATES = {
    "doubled text": "#set($s = 'x')" + '#set($s = "$s$s")' * 40 + "$s",
    "doubled list": "#set($l = [1])" + "#set($l = [$l, $l])" * 60 + "$l",
    "addAll": "#set($l = [1])" + "#set($x = $l.addAll($l))" * 40,
    "replaceAll": "#set($s = 'xxxxxxxxxx')" + "#set($s = $s.replaceAll('x', $s))" * 10,
    "loops": "#foreach($i in [1..1000])#foreach($j in [1..1000])x#end#end",
    "range": "#set($r = [1..1000000000])",
    "pattern": f"#set($x = '{'a' * 60}!')#foreach($i in [1..1000])$x.matches('(a|aa)+')#end",
    "tangled document": "#set($d = $input.path('$'))#set($x = $d.put('a', [1]))"
    + "#set($x = $d.put('a', [$d.a, $d.a]))" * 60
    + "$input.json('$')",
    "jsonpath": "$input.path('$..*..*..*..*..*..*').size()",
    "large": "$a.b('x') " * 27_000,
}


@pytest.mark.parametrize("name", TEMPLATES)
@others_are_served
def test_templates(emulator: Emulator, name: str) -> None:
    where = emulator.api(template=TEMPLATES[name])
    nested: Any = 1
    for _ in range(11):
        nested = [nested, nested]
    body = json.dumps({"l": nested})
    answer = emulator.http.post(where, content=body, headers=UNIT)
    assert answer.status_code == 500
    assert answer.json() == {"message": "Internal server error"}


_DOUBLING = {f"d{n}": {"allOf": [{"$ref": f"#/definitions/d{n + 1}"}] * 2} for n in range(30)} | {"d30": {}}
_MODELS: dict[str, tuple[Any, Any]] = {
    "pattern": ({"properties": {"a": {"type": "string", "pattern": "^(a|aa)+$"}}}, {"a": "a" * 60 + "!"}),
    "patternProperties": ({"patternProperties": {"^(a|aa)+$": {}}}, {"a" * 60 + "!": 1}),
    "allOf": ({"definitions": _DOUBLING, "allOf": [{"$ref": "#/definitions/d0"}]}, {}),
    "uniqueItems": ({"type": "array", "uniqueItems": True}, [{"a": n, "b": [n]} for n in range(20_000)] + [{"a": "x"}]),
    "many": ({"type": "array", "items": {"type": "string"}}, [1] * 200_000),
}


@pytest.mark.parametrize("name", _MODELS)
@others_are_served
def test_models(emulator: Emulator, name: str) -> None:
    schema, body = _MODELS[name]
    answer = emulator.http.post(emulator.api(model=schema), content=json.dumps(body), headers=UNIT)
    expected = {200: "ok", 400: '{"message": "Invalid request body"}'}
    assert answer.text == expected[answer.status_code]


@pytest.mark.parametrize("levels", [200, 10_000, 100_000])
@pytest.mark.parametrize(
    ("service", "target", "version"),
    [
        ("kinesis", "Kinesis_20131202.PutRecord", 1),
        ("firehose", "Firehose_20150804.PutRecord", 1),
        ("dynamodb", "DynamoDB_20120810.PutItem", 0),
        ("sqs", "AmazonSQS.SendMessage", 0),
        ("logs", "Logs_20140328.PutLogEvents", 1),
    ],
)
@others_are_served
def test_deep_json(emulator: Emulator, service: str, target: str, version: int, levels: int) -> None:
    body = b'{"Item":' * levels + b"1" + b"}" * levels
    answer = emulator.post(service, body, X_Amz_Target=target, Content_Type=TYPE.format(version))
    assert 400 <= answer.status_code < 500
    assert "__type" in answer.json()


@pytest.mark.parametrize("levels", [200, 10_000, 100_000])
@others_are_served
def test_deep_cbor(emulator: Emulator, levels: int) -> None:
    body = b"\xa1\x61a" * levels + b"\x00"
    answer = emulator.post(
        "kinesis", body, X_Amz_Target="Kinesis_20131202.PutRecord", Content_Type="application/x-amz-cbor-1.1"
    )
    assert answer.status_code == 400
    assert "__type" in cbor2.loads(answer.content)


@pytest.mark.parametrize(
    "body",
    [
        b"Action=Publish&Version=2010-03-31" + b"&a=1" * 2_000_000,
        b"Action=Publish&Version=2010-03-31&MessageAttributes.entry.1000000000.Name=x",
        b"Action=Publish&Version=2010-03-31&a" + b".b" * 100_000 + b"=1",
        b"Action=PutMetricData&Version=2010-08-01" + b"&a=1" * 2_000_000,
        b"Action=PutMetricData&Version=2010-08-01&Namespace=n&MetricData.member.1000000000.MetricName=m",
    ],
    ids=["fields", "index", "steps", "fields native", "index native"],
)
@others_are_served
def test_forms(emulator: Emulator, body: bytes) -> None:
    service = "monitoring" if b"PutMetricData" in body[:40] else "sns"
    answer = emulator.post(service, body, Content_Type="application/x-www-form-urlencoded")
    assert answer.status_code < 500
    assert answer.text.startswith("<")


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
        + b"]><Tagging><TagSet>&j;</TagSet></Tagging>",
        b"<Tagging>" + b"<TagSet>" * 100_000 + b"</TagSet>" * 100_000 + b"</Tagging>",
    ],
    ids=["laughs", "deep"],
)
@others_are_served
def test_xml(emulator: Emulator, body: bytes) -> None:
    answer = emulator.http.put("/warm?tagging", content=body, headers={"Authorization": CREDENTIALS.format("s3")})
    assert answer.status_code == 400
    assert "MalformedXML" in answer.text


@pytest.mark.parametrize(
    "body",
    [b"1\r\nx\r\n" * 5_000_000 + b"0\r\n\r\n", b"0\r\n" + b"a:b\r\n" * 5_000_000 + b"\r\n"],
    ids=["chunks", "trailers"],
)
@others_are_served
def test_chunked_uploads(emulator: Emulator, body: bytes) -> None:
    headers = {
        "Authorization": CREDENTIALS.format("s3"),
        "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "Content-Encoding": "aws-chunked",
    }
    answer = emulator.http.put("/warm/key", content=body, headers=headers)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("service", ["sqs", "monitoring"])
@others_are_served
def test_gzip_bombs(emulator: Emulator, service: str) -> None:
    bomb = gzip.compress(bytes(1024 * 1024 * 1024), 1)
    target = {"sqs": "AmazonSQS.SendMessage", "monitoring": "GraniteServiceVersion20100801.PutMetricData"}[service]
    answer = emulator.post(service, bomb, X_Amz_Target=target, Content_Type=TYPE.format(0), Content_Encoding="gzip")
    assert answer.status_code == 400


def zipped(count: int, size: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for number in range(count):
            package.writestr(f"f{number}.py", bytes(size))
    return buffer.getvalue()


@others_are_served
def test_zips(emulator: Emulator) -> None:
    def create(archive: bytes) -> dict[str, Any]:
        return {
            "FunctionName": "f",
            "Role": ROLE,
            "Runtime": "python3.11",
            "Handler": "f0.h",
            "Code": {"ZipFile": archive},
        }

    client = emulator.client("lambda")
    assert refused(client.create_function, **create(zipped(251, 1024 * 1024))) == (
        400,
        "InvalidParameterValueException",
    )
    many = zipped(25_000, 0)
    client.create_function(**create(many))
    assert client.invoke(FunctionName="f")["StatusCode"] == 200
    client.delete_function(FunctionName="f")


_SUB: Any = {"Ref": "AWS::Region"}
for _ in range(40):
    _SUB = {"Fn::Sub": ["${a}${a}", {"a": _SUB}]}


@pytest.mark.parametrize(
    "template",
    [
        {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": _SUB}}}},
        {
            "Parameters": {"P": {"Type": "String", "AllowedPattern": "(a|aa)+$", "Default": "a" * 90 + "!"}},
            "Resources": {"Q": {"Type": "AWS::SQS::Queue"}},
        },
    ],
    ids=["Fn::Sub", "AllowedPattern"],
)
@others_are_served
def test_templates_of_stacks(emulator: Emulator, template: Any) -> None:
    create = emulator.client("cloudformation").create_stack
    assert refused(create, StackName="s", TemplateBody=json.dumps(template)) == (400, "ValidationError")


_OPERATIONS = "".join(f"  /a{n}:\n    get: {{responses: {{200: {{description: ok}}}}}}\n" for n in range(10_000))
_ANCHORS = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))


@pytest.mark.parametrize(
    "document",
    [
        f"openapi: 3.0.1\ninfo: {{title: t}}\npaths:\n{_OPERATIONS}",
        f"openapi: 3.0.1\na0: &a0 [x]\n{_ANCHORS}",
        "openapi: 3.0.1\na: [" + "[], " * 150_000 + "]",
        "openapi: 3.0.1\na: " + "- " * 100_000,
    ],
    ids=["operations", "laughs", "wide", "deep"],
)
@others_are_served
def test_imports(emulator: Emulator, document: str) -> None:
    for service, operation in (("apigateway", "import_rest_api"), ("apigatewayv2", "import_api")):
        members = {"Body": document} if service == "apigatewayv2" else {"body": document.encode()}
        answer = refused(getattr(emulator.client(service), operation), **members)
        assert answer in ((400, "BadRequestException"), (429, "LimitExceededException"))


@others_are_served
def test_yaml_of_stacks(emulator: Emulator) -> None:
    functions = "".join(
        f"  F{n}: {{Type: AWS::Serverless::Function, Properties: {{A: !GetAtt a.b}}}}\n" for n in range(12_000)
    )
    emulator.client("s3").put_object(
        Bucket="warm", Key="t", Body=f"Transform: AWS::Serverless-2016-10-31\nResources:\n{functions}"
    )
    create = emulator.client("cloudformation").create_stack
    url = f"{emulator.url}/warm/t"
    assert refused(create, StackName="s", TemplateURL=url, Capabilities=["CAPABILITY_AUTO_EXPAND"]) == (
        400,
        "ValidationError",
    )


@others_are_served
def test_stalled_uploads(emulator: Emulator) -> None:
    """500 of them hold what they sent and nothing else; others are served meanwhile."""
    head = b"PUT /warm/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"
    links = [socket.create_connection(("127.0.0.1", emulator.port)) for _ in range(500)]
    try:
        for link in links:
            link.sendall(head + base64.b64encode(bytes(3000)))
        assert emulator.http.get("/_harness/health").status_code == 200
    finally:
        for link in links:
            link.close()
