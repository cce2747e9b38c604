"""Custom resources: requests to a function, and its answers by HTTP (CloudFormation's guide, "Custom resources")."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.conformance.cloudformation.stack import Stack
from tests.conformance.lambda_.conftest import Functions
from tests.conftest import Aws

ANSWERING = """
import json, urllib.request

def answer(event, **more):
    body = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    body = {"Status": "SUCCESS", "PhysicalResourceId": event.get("PhysicalResourceId", "made-1"), **body, **more}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), method="PUT")
    urllib.request.urlopen(request).read()

def handler(event, context):
    event = json.loads(event["Records"][0]["Sns"]["Message"]) if "Records" in event else event
    print("asked " + json.dumps({key: event[key] for key in event if key != "ResponseURL"}))
    mode = event["ResourceProperties"].get("Mode", "ok")
    if mode == "raise" and event["RequestType"] == "Create":
        raise ValueError("no luck")
    if mode == "fail" and event["RequestType"] == "Create":
        answer(event, Status="FAILED", Reason="not today")
    elif mode == "replace" and event["RequestType"] == "Update":
        answer(event, PhysicalResourceId="made-2", Data={"Greeting": "other"})
    else:
        answer(event, Data={"Greeting": "hello " + event["ResourceProperties"].get("Name", "")})
"""


def template(token: str, kind: str = "Custom::Greeting", **properties: object) -> str:
    return json.dumps(
        {
            "Resources": {"Thing": {"Type": kind, "Properties": {"ServiceToken": token, **properties}}},
            "Outputs": {
                "Greeting": {"Value": {"Fn::GetAtt": ["Thing", "Greeting"]}},
                "Id": {"Value": {"Ref": "Thing"}},
            },
        }
    )


@pytest.fixture
def token(aws: Aws) -> str:
    functions = Functions(aws)
    name = functions.make(ANSWERING, FunctionName="custom")
    return str(functions.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"])


def asked(aws: Aws) -> list[dict[str, object]]:
    lines = Functions(aws).log("custom")
    return [json.loads(line.partition("asked ")[2]) for line in lines if "asked " in line]


def test_create_update_delete(aws: Aws, token: str) -> None:
    """Numbers and booleans arrive as text; unchanged ones are not asked about."""
    stack = Stack(aws, "custom").deploy(template(token, Name="you", Count=3, On=True))
    assert stack.outputs() == {"Greeting": "hello you", "Id": "made-1"}
    stack.deploy(template(token, Name="them", Count=3, On=True))
    assert stack.outputs() == {"Greeting": "hello them", "Id": "made-1"}
    stack.delete()
    created, updated, deleted = asked(aws)
    assert created["RequestType"] == "Create"
    assert created["ResourceType"] == "Custom::Greeting"
    assert created["ResourceProperties"] == {"ServiceToken": token, "Name": "you", "Count": "3", "On": "true"}
    assert updated["OldResourceProperties"] == created["ResourceProperties"]
    assert (updated["RequestType"], updated["PhysicalResourceId"]) == ("Update", "made-1")
    assert (deleted["RequestType"], deleted["PhysicalResourceId"]) == ("Delete", "made-1")


def test_another_physical_id_replaces(aws: Aws, token: str) -> None:
    """The end of the update deletes the resource before."""
    stack = Stack(aws, "custom").deploy(template(token, kind="AWS::CloudFormation::CustomResource", Name="a"))
    stack.deploy(template(token, kind="AWS::CloudFormation::CustomResource", Name="b", Mode="replace"))
    assert stack.outputs() == {"Greeting": "other", "Id": "made-2"}
    assert [(each["RequestType"], each.get("PhysicalResourceId")) for each in asked(aws)] == [
        ("Create", None),
        ("Update", "made-1"),
        ("Delete", "made-1"),
    ]


def test_an_answer_that_tells_of_a_failure(aws: Aws, token: str) -> None:
    """What it made is deleted by the rollback."""
    reasons = Stack(aws, "custom").fail(template(token, Mode="fail"))
    assert reasons["Thing"].startswith(
        "Received response status [FAILED] from custom resource. Message returned: not today (RequestId: "
    )
    assert [each["RequestType"] for each in asked(aws)] == ["Create", "Delete"]


def test_a_function_that_fails(aws: Aws, token: str) -> None:
    """AWS waits for an hour; here the function's end is known."""
    reasons = Stack(aws, "custom").fail(template(token, Mode="raise"))
    assert "did not receive a response from your Custom Resource" in reasons["Thing"]
    assert "no luck" in reasons["Thing"]


def test_tokens_that_lead_nowhere(aws: Aws) -> None:
    assert "Invalid service token" in Stack(aws, "one").fail(template("nonsense"))["Thing"]
    arn = "arn:aws:lambda:us-east-1:000000000000:function:nobody"
    assert "Function not found" in Stack(aws, "two").fail(template(arn))["Thing"]


def test_a_function_that_is_gone_cannot_delete(aws: Aws, token: str) -> None:
    """At once, instead of after an hour without an answer."""
    stack = Stack(aws, "custom").deploy(template(token, Name="you"))
    aws.client("lambda").delete_function(FunctionName="custom")
    stack.client.delete_stack(StackName="custom")
    assert stack.describe()["StackStatus"] == "DELETE_FAILED"
    assert "Function not found" in stack.failures()["Thing"]


@pytest.mark.parametrize("timeout", ["soon", "0", "3601", "nan"])
def test_timeouts_that_can_not_be(aws: Aws, token: str, timeout: str) -> None:
    reasons = Stack(aws, "custom").fail(template(token, ServiceTimeout=timeout))
    assert "ServiceTimeout" in reasons["Thing"]
    assert aws.client("logs").describe_log_groups()["logGroups"] == []  # it was never asked


def test_nobody_waits_for_other_answers(aws: Aws) -> None:
    assert aws.http.put("/_harness/callbacks/nobody", content=b"{}").status_code == 404


ANSWERING_BY_HTTPS = """
const https = require("https"), url = require("url");

exports.handler = async (event) => {
  const { StackId, RequestId, LogicalResourceId } = event;
  const made = { Status: "SUCCESS", PhysicalResourceId: "made", Data: { Greeting: "by https" } };
  const body = JSON.stringify({ ...made, StackId, RequestId, LogicalResourceId });
  const { hostname, path } = url.parse(event.ResponseURL);
  const port = event.ResourceProperties.Port;
  const options = { hostname, path, method: "PUT", headers: { "content-type": "", "content-length": body.length } };
  await new Promise((resolve, reject) => {
    const request = https.request(port ? { ...options, port: Number(port) } : options, resolve);
    request.on("error", reject);
    request.end(body);
  });
};
"""


@pytest.mark.emulator_only
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_an_answer_by_https(aws: Aws) -> None:
    """As the CDK's own functions (no port) and cfn-response (port 443) send it: AWS's URL is always https."""
    functions = Functions(aws)
    name = functions.make("", files={"index.js": ANSWERING_BY_HTTPS}, Runtime="nodejs20.x")
    arn = functions.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    for port in ("", "443"):
        made = Stack(aws, f"answer{port}").deploy(template(arn, Port=port))
        assert made.outputs() == {"Greeting": "by https", "Id": "made"}
