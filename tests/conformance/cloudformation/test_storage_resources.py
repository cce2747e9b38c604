"""AWS::S3::* and AWS::DynamoDB::Table (E1)."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.cloudformation.stack import Stack, assert_gone
from tests.conftest import Aws

_BUCKET = """
Resources:
  Key: {Type: AWS::KMS::Key}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - BucketKeyEnabled: true
            ServerSideEncryptionByDefault: {SSEAlgorithm: "aws:kms", KMSMasterKeyID: !GetAtt Key.Arn}
      VersioningConfiguration: {Status: Enabled}
      PublicAccessBlockConfiguration:
        {BlockPublicAcls: true, BlockPublicPolicy: "true", IgnorePublicAcls: true, RestrictPublicBuckets: true}
      OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerEnforced}]}
      LifecycleConfiguration:
        Rules:
          - Id: old
            Status: Enabled
            Prefix: raw/
            ExpirationInDays: "30"
            Transitions: [{StorageClass: GLACIER, TransitionInDays: 10}]
      CorsConfiguration:
        CorsRules: [{AllowedMethods: [GET], AllowedOrigins: ["*"], ExposedHeaders: [ETag], MaxAge: "60"}]
      Tags: [{Key: team, Value: iot}]
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: s3:*
            Resource: !Sub "${Bucket.Arn}/*"
            Condition: {Bool: {"aws:SecureTransport": "false"}}
Outputs:
  Name: {Value: !Ref Bucket}
  Arn: {Value: !GetAtt Bucket.Arn}
  Domain: {Value: !GetAtt Bucket.DomainName}
  Regional: {Value: !GetAtt Bucket.RegionalDomainName}
  Website: {Value: !GetAtt Bucket.WebsiteURL}
"""


def test_a_bucket_has_what_its_template_says(aws: Aws) -> None:
    """E1: every setting by the service's own call; names as AWS documents them."""
    stack = Stack(aws, "storage").deploy(_BUCKET)
    outputs = stack.outputs()
    name, s3 = outputs["Name"], aws.client("s3")
    assert name.startswith("storage-bucket-") and name == name.lower()
    assert outputs["Arn"] == f"arn:aws:s3:::{name}"
    assert outputs["Domain"] == f"{name}.s3.amazonaws.com"
    assert outputs["Regional"] == f"{name}.s3.us-east-1.amazonaws.com"
    assert outputs["Website"] == f"http://{name}.s3-website-us-east-1.amazonaws.com"
    rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    owner = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
    assert (lifecycle["Expiration"], lifecycle["Filter"]) == ({"Days": 30}, {"Prefix": "raw/"})
    assert lifecycle["Transitions"] == [{"Days": 10, "StorageClass": "GLACIER"}]
    cors = s3.get_bucket_cors(Bucket=name)["CORSRules"][0]
    assert (cors["ExposeHeaders"], cors["MaxAgeSeconds"]) == (["ETag"], 60)
    assert {"Key": "team", "Value": "iot"} in s3.get_bucket_tagging(Bucket=name)["TagSet"]
    policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    assert policy["Statement"][0]["Resource"] == f"{outputs['Arn']}/*"

    stack.delete()
    assert s3.list_buckets()["Buckets"] == []


def test_what_a_template_takes_away_from_a_bucket_is_taken_away(aws: Aws) -> None:
    """E1: an update in place, setting by setting."""
    stack = Stack(aws, "storage").deploy(_BUCKET)
    name, s3 = stack.outputs()["Name"], aws.client("s3")
    before, rest = _BUCKET.split("      BucketEncryption:")
    _, outputs = rest.split("Outputs:")
    stack.deploy(f"{before}      Tags: [{{Key: team, Value: data}}]\nOutputs:{outputs}")
    assert stack.outputs()["Name"] == name
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    assert_gone("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=name)
    assert_gone("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=name)
    assert_gone("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=name)
    assert_gone("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=name)
    assert {"Key": "team", "Value": "data"} in s3.get_bucket_tagging(Bucket=name)["TagSet"]


def test_a_bucket_with_objects_is_not_deleted(aws: Aws) -> None:
    """E1: the deletion fails, and the stack says why."""
    stack = Stack(aws, "full").deploy("Resources: {Bucket: {Type: AWS::S3::Bucket}}")
    aws.client("s3").put_object(Bucket=stack.ids()["Bucket"], Key="a", Body=b"a")
    stack.client.delete_stack(StackName="full")
    aws.settle()
    assert stack.describe()["StackStatus"] == "DELETE_FAILED"
    assert "not empty" in stack.failures()["Bucket"]


def test_a_bucket_notification_to_a_function_is_refused_by_name(aws: Aws) -> None:
    """Law 1: the emulator does not deliver them."""
    template = """
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        LambdaConfigurations:
          - {Event: "s3:ObjectCreated:*", Function: "arn:aws:lambda:us-east-1:000000000000:function:f"}
"""
    assert "LambdaFunctionConfigurations" in Stack(aws, "notify").fail(template)["Bucket"]


_TABLE = """
Resources:
  Events:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Delete
    Properties:
      TableName: !Sub "events-${AWS::StackName}"
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: event_id, AttributeType: S}
        - {AttributeName: created_at, AttributeType: S}
        - {AttributeName: status, AttributeType: S}
      KeySchema:
        - {AttributeName: event_id, KeyType: HASH}
        - {AttributeName: created_at, KeyType: RANGE}
      GlobalSecondaryIndexes:
        - IndexName: by-status
          KeySchema:
            - {AttributeName: status, KeyType: HASH}
            - {AttributeName: created_at, KeyType: RANGE}
          Projection: {ProjectionType: ALL}
      LocalSecondaryIndexes:
        - IndexName: local-status
          KeySchema: [{AttributeName: event_id, KeyType: HASH}, {AttributeName: status, KeyType: RANGE}]
          Projection: {ProjectionType: KEYS_ONLY}
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: "true"}
      SSESpecification: {SSEEnabled: true}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      Tags: [{Key: team, Value: iot}]
Outputs:
  Name: {Value: !Ref Events}
  Arn: {Value: !GetAtt Events.Arn}
  Stream: {Value: !GetAtt Events.StreamArn}
"""


def _table(aws: Aws, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("dynamodb").describe_table(TableName=name)["Table"]
    return found


def test_a_table_has_what_its_template_says(aws: Aws) -> None:
    """Keys, indexes, time to live, encryption, stream, backups and tags."""
    stack = Stack(aws, "tables").deploy(_TABLE)
    outputs = stack.outputs()
    table, dynamodb = _table(aws, "events-tables"), aws.client("dynamodb")
    assert outputs == {"Name": "events-tables", "Arn": table["TableArn"], "Stream": table["LatestStreamArn"]}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["event_id", "created_at"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    index = table["GlobalSecondaryIndexes"][0]
    assert (index["IndexName"], index["Projection"]) == ("by-status", {"ProjectionType": "ALL"})
    assert table["LocalSecondaryIndexes"][0]["IndexName"] == "local-status"
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    alive = dynamodb.describe_time_to_live(TableName="events-tables")["TimeToLiveDescription"]
    assert alive == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    backups = dynamodb.describe_continuous_backups(TableName="events-tables")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert {"Key": "team", "Value": "iot"} in dynamodb.list_tags_of_resource(ResourceArn=outputs["Arn"])["Tags"]

    stack.delete()
    assert dynamodb.list_tables()["TableNames"] == []


def test_a_table_is_changed_in_place_and_keeps_its_items(aws: Aws) -> None:
    """Indexes come and go one by one; the items stay."""
    stack = Stack(aws, "tables").deploy(_TABLE)
    dynamodb = aws.client("dynamodb")
    item = {"event_id": {"S": "1"}, "created_at": {"S": "now"}, "status": {"S": "pending"}}
    dynamodb.put_item(TableName="events-tables", Item=item)
    changed = _TABLE.replace("by-status", "by-state").replace("AttributeName: ttl", "AttributeName: expires")
    changed = changed.replace("      StreamSpecification: {StreamViewType: NEW_IMAGE}\n", "")
    changed = changed.replace("  Stream: {Value: !GetAtt Events.StreamArn}\n", "")
    stack.deploy(changed.replace("PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"))
    table = _table(aws, "events-tables")
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by-state"]
    assert not table.get("StreamSpecification", {}).get("StreamEnabled")
    alive = dynamodb.describe_time_to_live(TableName="events-tables")["TimeToLiveDescription"]
    assert alive["AttributeName"] == "expires"
    assert dynamodb.scan(TableName="events-tables")["Items"] == [item]


def test_another_key_replaces_a_table(aws: Aws) -> None:
    """KeySchema: a new table, under a generated name."""
    template = """
Resources:
  Events:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
    stack = Stack(aws, "keys").deploy(template)
    before = stack.ids()["Events"]
    stack.deploy(template.replace("AttributeName: id", "AttributeName: key"))
    after = stack.ids()["Events"]
    assert after != before
    assert aws.client("dynamodb").list_tables()["TableNames"] == [after]


def test_another_encryption_of_a_table_is_refused_by_name(aws: Aws) -> None:
    """Law 1: nothing would change."""
    stack = Stack(aws, "tables").deploy(_TABLE)
    reasons = stack.fail(_TABLE.replace("      SSESpecification: {SSEEnabled: true}\n", ""))
    assert "SSESpecification" in reasons["Events"]
