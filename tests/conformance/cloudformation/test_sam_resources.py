"""What the SAM transform emits is made: functions with events, aliases, policies, tables, both kinds of API."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.conformance.cloudformation.stack import Stack
from tests.conftest import Aws

_CODE = """
      InlineCode: |
        import json
        def handler(event, context):
            print(json.dumps(event))
            body = json.dumps({"version": context.function_version})
            return {"statusCode": 200, "body": body, "headers": {"Access-Control-Allow-Origin": "*"}}
      Handler: index.handler
"""
_SAM = f"""
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {{Type: String, Default: prod}}
Globals:
  Function: {{Runtime: python3.11, Timeout: 30, MemorySize: 512, Environment: {{Variables: {{STAGE: !Ref Stage}}}}}}
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: !Ref Stage
      EndpointConfiguration: {{Type: REGIONAL}}
      Cors:
        AllowMethods: "'GET,POST,DELETE,OPTIONS'"
        AllowHeaders: "'Content-Type,X-API-Key,X-Request-ID'"
        AllowOrigin: "'*'"
        MaxAge: "'3600'"
      MethodSettings: [{{ResourcePath: /*, HttpMethod: "*", ThrottlingRateLimit: 100}}]
  HttpApi: {{Type: AWS::Serverless::HttpApi, Properties: {{CorsConfiguration: true}}}}
  Table:
    Type: AWS::Serverless::SimpleTable
    Properties: {{PrimaryKey: {{Name: id, Type: String}}}}
  Events: {{Type: AWS::Kinesis::Stream, Properties: {{ShardCount: 1}}}}
  Letters: {{Type: AWS::SQS::Queue}}
  Function:
    Type: AWS::Serverless::Function
    Properties:{_CODE}
      AutoPublishAlias: live
      Policies:
        - DynamoDBCrudPolicy: {{TableName: !Ref Table}}
        - AWSLambdaBasicExecutionRole
        - Statement: [{{Effect: Allow, Action: "s3:GetObject", Resource: "*"}}]
      DeadLetterQueue: {{Type: SQS, TargetArn: !GetAtt Letters.Arn}}
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        DestinationConfig: {{OnFailure: {{Type: SQS, Destination: !GetAtt Letters.Arn}}}}
      Events:
        Rest: {{Type: Api, Properties: {{RestApiId: !Ref Api, Path: "/{{proxy+}}", Method: ANY}}}}
        Http: {{Type: HttpApi, Properties: {{ApiId: !Ref HttpApi, Path: /hello, Method: GET}}}}
        Stream:
          Type: Kinesis
          Properties: {{Stream: !GetAtt Events.Arn, StartingPosition: TRIM_HORIZON, BatchSize: 10}}
Outputs:
  Api: {{Value: !Ref Api}}
  HttpApi: {{Value: !Ref HttpApi}}
  Function: {{Value: !Ref Function}}
  Alias: {{Value: !Ref Function.Alias}}
  Role: {{Value: !Ref FunctionRole}}
  Table: {{Value: !Ref Table}}
  Stream: {{Value: !Ref Events}}
"""


def _lines(aws: Aws, function: str) -> list[Any]:
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]


def test_a_sam_application_is_deployed_serves_and_goes(aws: Aws) -> None:
    """Each event of the function reaches its alias; an update publishes a version; nothing is left."""
    stack = Stack(aws, "application").deploy(_SAM)
    outputs = stack.outputs()
    rest = f"/_aws/execute-api/{outputs['Api']}/prod/v1/health"
    assert aws.http.get(rest).json() == {"version": "1"}
    preflight = aws.http.options(rest, headers={"origin": "https://a.example", "access-control-request-method": "POST"})
    assert preflight.headers["access-control-max-age"] == "3600"
    assert aws.http.get(f"/_aws/execute-api/{outputs['HttpApi']}/$default/hello").json() == {"version": "1"}
    aws.client("kinesis").put_record(StreamName=outputs["Stream"], Data=b"hello", PartitionKey="k")
    aws.settle()
    records = [line["Records"] for line in _lines(aws, outputs["Function"]) if "Records" in line]
    assert base64.b64decode(records[0][0]["kinesis"]["data"]) == b"hello"
    assert outputs["Alias"].endswith(f":{outputs['Function']}:live")
    attached = aws.client("iam").list_attached_role_policies(RoleName=outputs["Role"])["AttachedPolicies"]
    assert "AWSLambdaBasicExecutionRole" in {policy["PolicyName"] for policy in attached}
    table = aws.client("dynamodb").describe_table(TableName=outputs["Table"])["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"

    stack.deploy(_SAM.replace('{"version":', '{"published":'))
    assert aws.http.get(rest).json() == {"published": "2"}

    stack.delete()
    assert aws.client("apigateway").get_rest_apis()["items"] == []
    assert aws.client("apigatewayv2").get_apis()["Items"] == []
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert aws.client("iam").list_roles()["Roles"] == []


def test_usage_plans_and_keys_of_sam(aws: Aws) -> None:
    """`ApiKeyRequired` with a usage plan per API: the key that SAM makes opens the API."""
    auth = "      Auth: {ApiKeyRequired: true, UsagePlan: {CreateUsagePlan: PER_API}}\n"
    stack = Stack(aws, "keys").deploy(
        _SAM.replace("      EndpointConfiguration:", auth + "      EndpointConfiguration:")
    )
    rest = f"/_aws/execute-api/{stack.outputs()['Api']}/prod/v1/health"
    assert aws.http.get(rest).status_code == 403
    gateway = aws.client("apigateway")
    key = gateway.get_api_keys(includeValues=True)["items"][0]
    assert aws.http.get(rest, headers={"x-api-key": key["value"]}).json() == {"version": "1"}
    stack.delete()
    assert gateway.get_usage_plans()["items"] == gateway.get_api_keys()["items"] == []
