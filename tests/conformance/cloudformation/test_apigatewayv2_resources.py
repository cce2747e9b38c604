"""AWS::ApiGatewayV2::*: an HTTP API from pieces, and one from a definition (D9)."""

from __future__ import annotations

from tests.conformance.cloudformation.stack import ROLE, Stack
from tests.conftest import Aws

_FUNCTION = f"""
{ROLE}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Code: {{ZipFile: 'def handler(event, context): return {{"path": event["rawPath"]}}'}}
      Handler: index.handler
      Runtime: python3.11
      Role: !GetAtt Role.Arn
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: apigateway.amazonaws.com
"""
_API = f"""
Resources:
{_FUNCTION}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: submit
      ProtocolType: HTTP
      CorsConfiguration: {{AllowOrigins: ["*"], AllowMethods: [POST], MaxAge: "60"}}
      Tags: {{team: iot}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Function.Arn
      PayloadFormatVersion: "2.0"
      TimeoutInMillis: "5000"
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: POST /submit, Target: !Sub "integrations/${{Integration}}"}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: $default
      AutoDeploy: "true"
      DefaultRouteSettings: {{ThrottlingRateLimit: "50", ThrottlingBurstLimit: 20}}
      Tags: {{team: iot}}
Outputs:
  Api: {{Value: !Ref Api}}
  Endpoint: {{Value: !GetAtt Api.ApiEndpoint}}
  Integration: {{Value: !Ref Integration}}
  Route: {{Value: !GetAtt Route.RouteId}}
  Stage: {{Value: !Ref Stage}}
"""


def test_an_http_api_from_pieces_serves_and_is_changed_in_place(aws: Aws) -> None:
    """D9: Ref and GetAtt, what the service shows, an update that keeps all ids, and nothing left."""
    stack = Stack(aws, "http").deploy(_API)
    outputs = stack.outputs()
    api, gateway = outputs["Api"], aws.client("apigatewayv2")
    shown = gateway.get_api(ApiId=api)
    assert (shown["ApiEndpoint"], shown["Tags"]["team"]) == (outputs["Endpoint"], "iot")
    assert shown["CorsConfiguration"] == {"AllowOrigins": ["*"], "AllowMethods": ["POST"], "MaxAge": 60}
    integration = gateway.get_integration(ApiId=api, IntegrationId=outputs["Integration"])
    assert integration["TimeoutInMillis"] == 5000
    assert gateway.get_route(ApiId=api, RouteId=outputs["Route"])["RouteKey"] == "POST /submit"
    stage = gateway.get_stage(ApiId=api, StageName=outputs["Stage"])
    assert (stage["AutoDeploy"], stage["DefaultRouteSettings"]["ThrottlingRateLimit"]) == (True, 50)
    assert aws.http.post(f"/_aws/execute-api/{api}/$default/submit").json() == {"path": "/submit"}

    changed = _API.replace("POST /submit", "POST /send").replace('TimeoutInMillis: "5000"', "")
    changed = changed.replace('CorsConfiguration: {AllowOrigins: ["*"], AllowMethods: [POST], MaxAge: "60"}', "")
    stack.deploy(changed.replace("Name: submit", "Name: send"))
    assert stack.outputs() == outputs
    shown = gateway.get_api(ApiId=api)
    assert shown["Name"] == "send"
    assert "CorsConfiguration" not in shown
    assert gateway.get_integration(ApiId=api, IntegrationId=outputs["Integration"])["TimeoutInMillis"] == 30000
    assert aws.http.post(f"/_aws/execute-api/{api}/$default/send").json() == {"path": "/send"}

    stack.delete()
    assert gateway.get_apis()["Items"] == []


def test_an_http_api_from_a_definition(aws: Aws) -> None:
    """What SAM's HttpApi becomes: the body is imported, and again when it changes."""
    template = f"""
Resources:
{_FUNCTION}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Body:
        openapi: 3.0.1
        info: {{title: !Ref AWS::StackName, version: "1.0"}}
        tags: [{{name: httpapi:createdBy, x-amazon-apigateway-tag-value: SAM}}]
        paths:
          /hello:
            get:
              responses: {{}}
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                payloadFormatVersion: "2.0"
                uri: !Sub
                  - arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{Arn}}/invocations
                  - {{Arn: !GetAtt Function.Arn}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: $default, AutoDeploy: true}}
Outputs:
  Api: {{Value: !Ref Api}}
"""
    stack = Stack(aws, "imported").deploy(template)
    api, gateway = stack.outputs()["Api"], aws.client("apigatewayv2")
    assert gateway.get_api(ApiId=api)["Name"] == "imported"
    assert aws.http.get(f"/_aws/execute-api/{api}/$default/hello").json() == {"path": "/hello"}
    stack.deploy(template.replace("/hello:", "/bye:"))
    assert stack.outputs()["Api"] == api
    assert aws.http.get(f"/_aws/execute-api/{api}/$default/bye").json() == {"path": "/bye"}
    assert aws.http.get(f"/_aws/execute-api/{api}/$default/hello").status_code == 404
    stack.delete()
    assert gateway.get_apis()["Items"] == []


def test_an_authorizer_guards_a_route_and_is_changed_in_place(aws: Aws) -> None:
    """D9: a route refers to it by its id; its caching time goes back to none."""
    template = f"""
Resources:
{_FUNCTION}
  Api: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Name: guarded, ProtocolType: HTTP}}}}
  Guard:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: guard
      AuthorizerType: REQUEST
      AuthorizerPayloadFormatVersion: "2.0"
      AuthorizerResultTtlInSeconds: "60"
      AuthorizerUri: !Sub
        - arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{Arn}}/invocations
        - {{Arn: !GetAtt Function.Arn}}
      EnableSimpleResponses: "true"
      IdentitySource: [$request.header.Authorization]
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      {{ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Function.Arn, PayloadFormatVersion: "2.0"}}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: GET /
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Guard
      Target: !Sub "integrations/${{Integration}}"
Outputs:
  Api: {{Value: !Ref Api}}
  Guard: {{Value: !GetAtt Guard.AuthorizerId}}
  Route: {{Value: !Ref Route}}
"""
    stack = Stack(aws, "guarded").deploy(template)
    outputs, gateway = stack.outputs(), aws.client("apigatewayv2")
    guard = gateway.get_authorizer(ApiId=outputs["Api"], AuthorizerId=outputs["Guard"])
    assert (guard["AuthorizerResultTtlInSeconds"], guard["EnableSimpleResponses"]) == (60, True)
    route = gateway.get_route(ApiId=outputs["Api"], RouteId=outputs["Route"])
    assert (route["AuthorizationType"], route["AuthorizerId"]) == ("CUSTOM", outputs["Guard"])
    changed = template.replace('      AuthorizerResultTtlInSeconds: "60"\n', "")
    changed = changed.replace("      AuthorizationType: CUSTOM\n      AuthorizerId: !Ref Guard\n", "")
    stack.deploy(changed)
    assert stack.outputs() == outputs
    guard = gateway.get_authorizer(ApiId=outputs["Api"], AuthorizerId=outputs["Guard"])
    assert guard["AuthorizerResultTtlInSeconds"] == 0
    assert gateway.get_route(ApiId=outputs["Api"], RouteId=outputs["Route"])["AuthorizationType"] == "NONE"
    stack.delete()


def test_a_websocket_api_is_refused_by_name(aws: Aws) -> None:
    """Law 1."""
    template = "Resources: {Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: w, ProtocolType: WEBSOCKET}}}"
    assert "WEBSOCKET" in Stack(aws, "sockets").fail(template)["Api"]
