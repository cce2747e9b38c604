"""SAM templates through the translator that AWS publishes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

TEMPLATE = """
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String, Default: prod}}
Globals:
  Function: {Runtime: python3.11, Timeout: 30, Environment: {Variables: {STAGE: !Ref Stage}}}
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: {StageName: !Ref Stage}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      InlineCode: |
        import json, os
        def handler(event, context):
            return {"statusCode": 200, "body": json.dumps([event["path"], os.environ["STAGE"]])}
      Policies: [AWSLambdaBasicExecutionRole, {SQSPollerPolicy: {QueueName: !GetAtt Queue.QueueName}}]
      Events:
        Any: {Type: Api, Properties: {RestApiId: !Ref Api, Path: "/{proxy+}", Method: ANY}}
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  Url: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/${Stage}"}
  Api: {Value: !Ref Api}
"""
IAM = ["CAPABILITY_IAM"]


def test_a_sam_application_is_deployed_and_answers(aws: Any, stacks: Any) -> None:
    """By a change set, as SAM's own command does it: function, role, API, permission; a request gets its answer."""
    made = stacks.client.create_change_set(
        StackName="app", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=TEMPLATE, Capabilities=IAM
    )
    changes = stacks.client.describe_change_set(ChangeSetName=made["Id"])["Changes"]
    kinds = {one["ResourceChange"]["ResourceType"] for one in changes}
    assert {"AWS::Lambda::Function", "AWS::IAM::Role", "AWS::ApiGateway::RestApi", "AWS::Lambda::Permission"} <= kinds
    stacks.client.execute_change_set(ChangeSetName=made["Id"])
    assert stacks.status("app") == "CREATE_COMPLETE", stacks.reasons("app", "CREATE_FAILED")
    outputs = stacks.outputs("app")
    assert outputs["Url"] == f"https://{outputs['Api']}.execute-api.us-east-1.amazonaws.com/prod"
    answer = aws.http.get(f"/_aws/execute-api/{outputs['Api']}/prod/a/b")
    assert answer.json() == ["/a/b", "prod"]
    processed = stacks.client.get_template(StackName="app", TemplateStage="Processed")["TemplateBody"]
    assert "AWS::Serverless" not in json.dumps(processed["Resources"])
    assert "AWS::Serverless" in stacks.client.get_template(StackName="app")["TemplateBody"]
    again = stacks.client.create_change_set(
        StackName="app", ChangeSetName="again", TemplateBody=TEMPLATE, Capabilities=IAM
    )
    described = stacks.client.describe_change_set(ChangeSetName=again["Id"])
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")
    assert stacks.delete("app") == "DELETE_COMPLETE"
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert aws.client("iam").list_roles()["Roles"] == []


def test_iam_needs_to_be_acknowledged_after_the_transform(stacks: Any) -> None:
    """The change set fails, as the roles are only known then."""
    made = stacks.client.create_change_set(
        StackName="ask", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=TEMPLATE
    )
    described = stacks.client.describe_change_set(ChangeSetName=made["Id"])
    assert (described["Status"], described["StatusReason"]) == ("FAILED", "Requires capabilities : [CAPABILITY_IAM]")


def test_without_a_change_set_the_transform_needs_to_be_acknowledged(stacks: Any) -> None:
    with pytest.raises(ClientError) as refused:
        stacks.create("direct", TEMPLATE, Capabilities=IAM)
    assert refused.value.response["Error"]["Message"] == "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"
    assert stacks.create("direct", TEMPLATE, Capabilities=[*IAM, "CAPABILITY_AUTO_EXPAND"]) == "CREATE_COMPLETE"


def test_a_wrong_sam_template_fails_the_change_set(stacks: Any) -> None:
    made = stacks.client.create_change_set(
        StackName="wrong",
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=TEMPLATE.replace("Handler: index.handler", "Handlr: index.handler"),
        Capabilities=IAM,
    )
    described = stacks.client.describe_change_set(ChangeSetName=made["Id"])
    assert described["Status"] == "FAILED"
    assert described["StatusReason"].startswith(
        "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. "
        "Number of errors found: 1. "
    )
    assert "Hello" in described["StatusReason"]
