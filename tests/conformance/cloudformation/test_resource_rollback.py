"""An update that fails on its way leaves every resource as it was, whatever it had changed by then."""

from __future__ import annotations

from tests.conformance.cloudformation.stack import ROLE, Stack
from tests.conftest import Aws

_BREAKING = """
  Breaking:
    Type: AWS::Kinesis::Stream
    DependsOn: [%s]
    Properties: {ShardCount: 1, RetentionPeriodHours: 1}
"""


def test_a_stream_goes_back(aws: Aws) -> None:
    """B6, B7: shards, metrics and retention of before, though the retention is what failed."""
    template = """
Resources:
  Events:
    Type: AWS::Kinesis::Stream
    Properties: {ShardCount: 2, RetentionPeriodHours: 48, DesiredShardLevelMetrics: [IncomingBytes]}
"""
    stack = Stack(aws, "back").deploy(template)
    changed = template.replace("ShardCount: 2", "ShardCount: 4").replace("48", "12").replace("Incoming", "Outgoing")
    assert "Minimum allowed retention period" in stack.fail(changed)["Events"]
    shown = aws.client("kinesis").describe_stream_summary(StreamName=stack.ids()["Events"])["StreamDescriptionSummary"]
    assert (shown["OpenShardCount"], shown["RetentionPeriodHours"]) == (2, 48)
    assert shown["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["IncomingBytes"]}]


def test_a_table_goes_back(aws: Aws) -> None:
    """Indexes and time to live of before."""
    template = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}, {AttributeName: kind, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - {IndexName: kinds, KeySchema: [{AttributeName: kind, KeyType: HASH}], Projection: {ProjectionType: ALL}}
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
"""
    stack = Stack(aws, "back").deploy(template)
    changed = template.replace("IndexName: kinds", "IndexName: sorts").replace(
        "AttributeName: ttl", "AttributeName: end"
    )
    stack.fail(changed + _BREAKING % "Table")
    dynamodb, name = aws.client("dynamodb"), stack.ids()["Table"]
    indexes = dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"]
    assert [index["IndexName"] for index in indexes] == ["kinds"]
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "ttl"


def test_a_stage_goes_back(aws: Aws) -> None:
    """D8: the patch that fails changes nothing, and going back finds nothing to change."""
    template = """
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: back}}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      Integration: {Type: MOCK}
  Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: Method, Properties: {RestApiId: !Ref Api}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Deployment
      StageName: prod
      Variables: {color: blue}
      MethodSettings: [{ResourcePath: /, HttpMethod: GET, ThrottlingRateLimit: 5}]
  Plan: {Type: AWS::ApiGateway::UsagePlan, Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage}]}}
Outputs: {Api: {Value: !Ref Api}}
"""
    stack = Stack(aws, "back").deploy(template)
    api, gateway = stack.outputs()["Api"], aws.client("apigateway")
    before = gateway.get_stage(restApiId=api, stageName="prod")
    changed = template.replace("{color: blue}", "{shape: 'not allowed here'}").replace(
        "ResourcePath: /,", "ResourcePath: /*,"
    )
    assert "Stage variable" in stack.fail(changed)["Stage"]
    after = gateway.get_stage(restApiId=api, stageName="prod")
    assert after["variables"] == before["variables"]
    assert after["methodSettings"] == before["methodSettings"]

    changed = template.replace("Stage: !Ref Stage}]", "Stage: !Ref Stage}], Quota: {Limit: 5, Period: DAY}")
    changed = changed.replace("{color: blue}", "{shape: round}")
    stack.fail(changed.replace("Outputs:", _BREAKING % "Plan, Stage" + "Outputs:"))
    assert gateway.get_stage(restApiId=api, stageName="prod")["variables"] == {"color": "blue"}
    assert "quota" not in gateway.get_usage_plan(usagePlanId=stack.ids()["Plan"])


def test_a_role_goes_back(aws: Aws) -> None:
    """Its second new policy does not exist: the first is taken off again, the old one is there."""
    policies = "      ManagedPolicyArns: [arn:aws:iam::aws:policy/%s]\n"
    template = f"Resources:\n{ROLE}{policies}"
    stack = Stack(aws, "back").deploy(template % "AmazonS3FullAccess")
    stack.fail(template % "AmazonSQSFullAccess, arn:aws:iam::aws:policy/NoSuchPolicy")
    attached = aws.client("iam").list_attached_role_policies(RoleName=stack.ids()["Role"])["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AmazonS3FullAccess"]


def test_a_half_made_role_goes(aws: Aws) -> None:
    """The role exists, its second policy does not: both are gone afterwards."""
    policies = (
        "      ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonS3FullAccess, arn:aws:iam::aws:policy/NoSuchPolicy]\n"
    )
    reasons = Stack(aws, "half").fail(f"Resources:\n{ROLE}{policies}")
    assert "NoSuchPolicy" in reasons["Role"]
    assert aws.client("iam").list_roles()["Roles"] == []
