"""AWS::ApiGateway::*: a REST API piece by piece, and one from a definition (D1, D2, D3, D6, D8)."""

from __future__ import annotations

import json

import pytest

from tests.conformance.cloudformation.stack import ROLE, Stack
from tests.conftest import Aws

_API = f"""
Resources:
{ROLE}
  Log: {{Type: AWS::Logs::LogGroup}}
  Account: {{Type: AWS::ApiGateway::Account, Properties: {{CloudWatchRoleArn: !GetAtt Role.Arn}}}}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: events
      EndpointConfiguration: {{Types: [REGIONAL]}}
      BinaryMediaTypes: [image/png]
      MinimumCompressionSize: "1000"
      Tags: [{{Key: team, Value: iot}}]
  Resource:
    Type: AWS::ApiGateway::Resource
    Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: events}}
  Model:
    Type: AWS::ApiGateway::Model
    Properties: {{RestApiId: !Ref Api, ContentType: application/json, Schema: {{type: object, required: [id]}}}}
  Validator:
    Type: AWS::ApiGateway::RequestValidator
    Properties: {{RestApiId: !Ref Api, Name: body, ValidateRequestBody: "true"}}
  Refusals:
    Type: AWS::ApiGateway::GatewayResponse
    Properties:
      RestApiId: !Ref Api
      ResponseType: BAD_REQUEST_BODY
      StatusCode: 422
      ResponseParameters: {{gatewayresponse.header.X-Refused: "'yes'"}}
  Post:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Resource
      HttpMethod: POST
      AuthorizationType: NONE
      ApiKeyRequired: true
      RequestValidatorId: !Ref Validator
      RequestModels: {{application/json: !Ref Model}}
      Integration:
        Type: MOCK
        RequestTemplates: {{application/json: '{{"statusCode": 201}}'}}
        IntegrationResponses:
          - StatusCode: 201
            SelectionPattern: "201"
            ResponseTemplates: {{application/json: '{{"accepted": true}}'}}
            ResponseParameters: {{method.response.header.X-Kind: "'event'"}}
      MethodResponses:
        - {{StatusCode: 201, ResponseParameters: {{method.response.header.X-Kind: "true"}}}}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: Post
    Properties: {{RestApiId: !Ref Api, StageName: early}}
  Stage:
    Type: AWS::ApiGateway::Stage
    DependsOn: Account
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Deployment
      StageName: prod
      Variables: {{color: blue}}
      AccessLogSetting: {{DestinationArn: !GetAtt Log.Arn, Format: $context.requestId $context.status}}
      MethodSettings:
        - {{ResourcePath: /*, HttpMethod: "*", ThrottlingRateLimit: "50", ThrottlingBurstLimit: 20}}
        - {{ResourcePath: /events, HttpMethod: POST, MetricsEnabled: "true", LoggingLevel: INFO}}
      Tags: [{{Key: team, Value: iot}}]
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      ApiStages: [{{ApiId: !Ref Api, Stage: !Ref Stage}}]
      Throttle: {{RateLimit: "10", BurstLimit: 5}}
      Quota: {{Limit: "100", Period: DAY}}
  Key: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Enabled: true, Value: test-test-test-test-test}}}}
  PlanKey:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {{KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}}
Outputs:
  Api: {{Value: !Ref Api}}
  Root: {{Value: !GetAtt Api.RootResourceId}}
  Resource: {{Value: !Ref Resource}}
  Model: {{Value: !Ref Model}}
  Validator: {{Value: !Ref Validator}}
  Deployment: {{Value: !Ref Deployment}}
  Stage: {{Value: !Ref Stage}}
  Plan: {{Value: !Ref Plan}}
  Key: {{Value: !Ref Key}}
  PlanKey: {{Value: !Ref PlanKey}}
"""
_KEY = {"x-api-key": "test-test-test-test-test", "content-type": "application/json"}


def test_a_rest_api_piece_by_piece_serves(aws: Aws) -> None:
    """D1, D2, D6, D8: each piece is what the template says, and the whole answers."""
    stack = Stack(aws, "rest").deploy(_API)
    outputs = stack.outputs()
    api, gateway = outputs["Api"], aws.client("apigateway")
    shown = gateway.get_rest_api(restApiId=api)
    assert (shown["endpointConfiguration"]["types"], shown["minimumCompressionSize"]) == (["REGIONAL"], 1000)
    assert (shown["rootResourceId"], shown["tags"]["team"]) == (outputs["Root"], "iot")
    assert json.loads(gateway.get_model(restApiId=api, modelName=outputs["Model"])["schema"])["required"] == ["id"]
    validator = gateway.get_request_validator(restApiId=api, requestValidatorId=outputs["Validator"])
    assert (validator["validateRequestBody"], validator["validateRequestParameters"]) == (True, False)
    stage = gateway.get_stage(restApiId=api, stageName=outputs["Stage"])
    assert (stage["deploymentId"], stage["variables"]) == (outputs["Deployment"], {"color": "blue"})
    settings = {key.strip("/").replace("~1", ""): value for key, value in stage["methodSettings"].items()}
    assert settings["*/*"]["throttlingRateLimit"] == 50
    assert settings["events/POST"]["loggingLevel"] == "INFO"
    assert stage["accessLogSettings"]["format"] == "$context.requestId $context.status"
    plan = gateway.get_usage_plan(usagePlanId=outputs["Plan"])
    assert plan["apiStages"] == [{"apiId": api, "stage": "prod"}]
    assert (plan["throttle"], plan["quota"]["limit"]) == ({"burstLimit": 5, "rateLimit": 10}, 100)
    assert outputs["PlanKey"] == f"{outputs['Key']}:{outputs['Plan']}"

    url = f"/_aws/execute-api/{api}/prod/events"
    answer = aws.http.post(url, headers=_KEY, json={"id": 1})
    assert (answer.status_code, answer.json(), answer.headers["x-kind"]) == (201, {"accepted": True}, "event")
    refused = aws.http.post(url, headers=_KEY, json={})
    assert (refused.status_code, refused.headers["x-refused"]) == (422, "yes")
    assert aws.http.post(url, json={"id": 1}).status_code == 403

    stack.delete()
    assert gateway.get_rest_apis()["items"] == []
    assert gateway.get_usage_plans()["items"] == []
    assert gateway.get_api_keys()["items"] == []


def test_a_rest_api_is_changed_in_place(aws: Aws) -> None:
    """Nothing of these needs a new API; what a template takes away goes."""
    stack = Stack(aws, "rest").deploy(_API)
    outputs = stack.outputs()
    changed = _API.replace("Name: events\n", "Name: renamed\n      Description: new\n").replace("[REGIONAL]", "[EDGE]")
    changed = changed.replace("BinaryMediaTypes: [image/png]", "").replace('MinimumCompressionSize: "1000"', "")
    changed = changed.replace("required: [id]", "required: [name]").replace("ApiKeyRequired: true", "")
    changed = changed.replace("color: blue", "shape: round").replace("StatusCode: 422", "StatusCode: 418")
    changed = changed.replace('ThrottlingRateLimit: "50", ThrottlingBurstLimit: 20', "ThrottlingRateLimit: 60")
    changed = changed.replace('Throttle: {RateLimit: "10", BurstLimit: 5}', "").replace("Period: DAY", "Period: WEEK")
    changed = "\n".join(line for line in changed.split("\n") if "AccessLogSetting" not in line)
    stack.deploy(changed)
    assert stack.outputs() == outputs
    api, gateway = outputs["Api"], aws.client("apigateway")
    shown = gateway.get_rest_api(restApiId=api)
    assert (shown["name"], shown["description"], shown["endpointConfiguration"]["types"]) == (
        "renamed",
        "new",
        ["EDGE"],
    )
    assert "binaryMediaTypes" not in shown and "minimumCompressionSize" not in shown
    model = gateway.get_model(restApiId=api, modelName=outputs["Model"])
    assert json.loads(model["schema"])["required"] == ["name"]
    method = gateway.get_method(restApiId=api, resourceId=outputs["Resource"], httpMethod="POST")
    assert method["apiKeyRequired"] is False
    assert method["methodIntegration"]["integrationResponses"]["201"]["selectionPattern"] == "201"
    response = gateway.get_gateway_response(restApiId=api, responseType="BAD_REQUEST_BODY")
    assert response["statusCode"] == "418"
    stage = gateway.get_stage(restApiId=api, stageName="prod")
    assert stage["variables"] == {"shape": "round"}
    assert "accessLogSettings" not in stage
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 60
    plan = gateway.get_usage_plan(usagePlanId=outputs["Plan"])
    assert "throttle" not in plan
    assert plan["quota"]["period"] == "WEEK"


_DEFINED = """
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Parameters: {endpointConfigurationTypes: REGIONAL}
      Body:
        openapi: 3.0.1
        info: {title: !Ref AWS::StackName, version: "1.0"}
        paths:
          /health:
            get:
              responses: {"200": {description: well}}
              x-amazon-apigateway-integration:
                type: mock
                requestTemplates: {application/json: '{"statusCode": 200}'}
                responses: {default: {statusCode: "200", responseTemplates: {application/json: '{"well": true}'}}}
  Deployment1: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Api, StageName: Stage}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment1, StageName: prod}
Outputs:
  Api: {Value: !Ref Api}
"""


def test_a_rest_api_from_a_definition(aws: Aws) -> None:
    """The body is imported, and again when it changes; a deployment under a new logical id serves it, as with SAM."""
    stack = Stack(aws, "defined").deploy(_DEFINED)
    api, gateway = stack.outputs()["Api"], aws.client("apigateway")
    shown = gateway.get_rest_api(restApiId=api)
    assert (shown["name"], shown["endpointConfiguration"]["types"]) == ("defined", ["REGIONAL"])
    url = f"/_aws/execute-api/{api}/prod"
    assert aws.http.get(f"{url}/health").json() == {"well": True}

    stack.deploy(_DEFINED.replace("/health:", "/healthy:").replace("Deployment1", "Deployment2"))
    assert stack.outputs()["Api"] == api
    assert aws.http.get(f"{url}/healthy").json() == {"well": True}
    assert aws.http.get(f"{url}/health").status_code == 403
    assert len(gateway.get_deployments(restApiId=api)["items"]) == 1

    stack.delete()
    assert gateway.get_rest_apis()["items"] == []


@pytest.mark.parametrize("kind", ["AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"])
def test_an_api_from_a_definition_in_s3(aws: Aws, kind: str) -> None:
    """What `sam package` makes of a `DefinitionUri`; an object that is not there fails the API."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="definitions")
    definition = "openapi: 3.0.1\ninfo: {title: from-s3, version: '1.0'}\npaths: {}\n"
    s3.put_object(Bucket="definitions", Key="api.yaml", Body=definition.encode())
    template = "Resources: {Api: {Type: %s, Properties: {BodyS3Location: {Bucket: definitions, Key: %s}}}}"
    stack = Stack(aws, "stored").deploy(template % (kind, "api.yaml"))
    if kind == "AWS::ApiGateway::RestApi":
        name = aws.client("apigateway").get_rest_api(restApiId=stack.ids()["Api"])["name"]
    else:
        name = aws.client("apigatewayv2").get_api(ApiId=stack.ids()["Api"])["Name"]
    assert name == "from-s3"
    assert "specified key does not exist" in Stack(aws, "missing").fail(template % (kind, "no.yaml"))["Api"]


def test_a_deployment_keeps_its_stage(aws: Aws) -> None:
    """The stage's description changes in place; another name for it is refused by name."""
    template = _DEFINED.replace(
        "StageName: Stage}}", "StageName: Stage, StageDescription: {Description: old, Variables: {color: blue}}}}"
    )
    stack = Stack(aws, "described").deploy(template)
    api, gateway = stack.outputs()["Api"], aws.client("apigateway")
    stage = gateway.get_stage(restApiId=api, stageName="Stage")
    assert (stage["description"], stage["variables"]) == ("old", {"color": "blue"})
    changed = template.replace("Description: old", "Description: new").replace("color: blue", "shape: round")
    stack.deploy(changed)
    stage = gateway.get_stage(restApiId=api, stageName="Stage")
    assert (stage["description"], stage["variables"]) == ("new", {"shape": "round"})
    assert "StageName" in stack.fail(changed.replace("StageName: Stage,", "StageName: Other,"))["Deployment1"]
    assert len(gateway.get_stages(restApiId=api)["item"]) == 2


def test_an_authorizer_is_changed_in_place(aws: Aws) -> None:
    """D7: its caching time and its source of identity."""
    template = """
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: guarded}}
  Guard:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      RestApiId: !Ref Api
      Name: guard
      Type: TOKEN
      IdentitySource: method.request.header.Authorization
      AuthorizerUri: !Sub
        - arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function}/invocations
        - {Function: !Sub "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:guard"}
      AuthorizerResultTtlInSeconds: "60"
Outputs:
  Guard: {Value: !GetAtt Guard.AuthorizerId}
  Api: {Value: !Ref Api}
"""
    stack = Stack(aws, "guarded").deploy(template)
    outputs = stack.outputs()
    key = {"restApiId": outputs["Api"], "authorizerId": outputs["Guard"]}
    assert aws.client("apigateway").get_authorizer(**key)["authorizerResultTtlInSeconds"] == 60
    stack.deploy(template.replace('      AuthorizerResultTtlInSeconds: "60"\n', "").replace(".Authorization", ".Token"))
    shown = aws.client("apigateway").get_authorizer(**key)
    assert (shown["authorizerResultTtlInSeconds"], shown["identitySource"]) == (300, "method.request.header.Token")


def test_a_setting_that_is_not_emulated_fails_by_name(aws: Aws) -> None:
    """Law 1: a cache cluster."""
    template = _DEFINED.replace("StageName: prod}", "StageName: prod, CacheClusterEnabled: true}")
    assert "cacheClusterEnabled" in Stack(aws, "cached").fail(template)["Stage"]
