"""AWS::IAM::* and AWS::KMS::*."""

from __future__ import annotations

from tests.conformance.cloudformation.stack import ROLE, Stack, assert_gone
from tests.conftest import Aws

_BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
_ALLOW = '{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}'
_IAM = f"""
Resources:
{ROLE}      ManagedPolicyArns: [{_BASIC}]
      Policies: [{{PolicyName: inline, PolicyDocument: {_ALLOW}}}]
      Tags: [{{Key: team, Value: iot}}]
  Extra: {{Type: AWS::IAM::Policy, Properties: {{PolicyName: extra, PolicyDocument: {_ALLOW}, Roles: [!Ref Role]}}}}
  Managed: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {_ALLOW}, Roles: [!Ref Role]}}}}
  User:
    Type: AWS::IAM::User
    Properties: {{Policies: [{{PolicyName: own, PolicyDocument: {_ALLOW}}}], ManagedPolicyArns: [!Ref Managed]}}
  Key: {{Type: AWS::IAM::AccessKey, Properties: {{UserName: !Ref User}}}}
Outputs:
  Role: {{Value: !Ref Role}}
  RoleArn: {{Value: !GetAtt Role.Arn}}
  RoleId: {{Value: !GetAtt Role.RoleId}}
  Managed: {{Value: !Ref Managed}}
  User: {{Value: !Ref User}}
  Key: {{Value: !Ref Key}}
  Secret: {{Value: !GetAtt Key.SecretAccessKey}}
"""


def test_identities_and_policies_are_what_their_template_says(aws: Aws) -> None:
    """Inline, attached and AWS's own policies; the key works under its user; nothing is left."""
    stack = Stack(aws, "people").deploy(_IAM)
    outputs, iam = stack.outputs(), aws.client("iam")
    role = iam.get_role(RoleName=outputs["Role"])["Role"]
    assert (role["Arn"], role["RoleId"]) == (outputs["RoleArn"], outputs["RoleId"])
    assert {"Key": "team", "Value": "iot"} in role["Tags"]
    assert sorted(iam.list_role_policies(RoleName=outputs["Role"])["PolicyNames"]) == ["extra", "inline"]
    attached = iam.list_attached_role_policies(RoleName=outputs["Role"])["AttachedPolicies"]
    assert {policy["PolicyArn"] for policy in attached} == {_BASIC, outputs["Managed"]}
    assert iam.list_user_policies(UserName=outputs["User"])["PolicyNames"] == ["own"]
    key = iam.list_access_keys(UserName=outputs["User"])["AccessKeyMetadata"][0]
    assert (key["AccessKeyId"], key["Status"]) == (outputs["Key"], "Active")
    assert outputs["Secret"]

    stack.delete()
    assert iam.list_roles()["Roles"] == []
    assert iam.list_users()["Users"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_identities_and_policies_are_changed_in_place(aws: Aws) -> None:
    """Policies come and go, a managed policy gets a new default version, the role stays."""
    stack = Stack(aws, "people").deploy(_IAM)
    outputs, iam = stack.outputs(), aws.client("iam")
    changed = _IAM.replace(f"ManagedPolicyArns: [{_BASIC}]", "Description: reads").replace(
        "PolicyName: inline", "PolicyName: new"
    )
    changed = changed.replace("PolicyName: extra", "PolicyName: other")
    managed = f"ManagedPolicy, Properties: {{PolicyDocument: {_ALLOW}"
    changed = changed.replace(managed, managed.replace("GetObject", "PutObject"))
    stack.deploy(changed.replace("UserName: !Ref User}", "UserName: !Ref User, Status: Inactive}"))
    assert stack.outputs() == outputs
    assert iam.get_role(RoleName=outputs["Role"])["Role"]["Description"] == "reads"
    assert sorted(iam.list_role_policies(RoleName=outputs["Role"])["PolicyNames"]) == ["new", "other"]
    attached = iam.list_attached_role_policies(RoleName=outputs["Role"])["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [outputs["Managed"]]
    assert iam.get_policy(PolicyArn=outputs["Managed"])["Policy"]["DefaultVersionId"] == "v2"
    assert iam.list_access_keys(UserName=outputs["User"])["AccessKeyMetadata"][0]["Status"] == "Inactive"


def test_another_path_replaces_a_role(aws: Aws) -> None:
    """Path: a new role, the old one deleted with its policies."""
    stack = Stack(aws, "people").deploy(_IAM)
    before = stack.outputs()["Role"]
    stack.deploy(_IAM.replace("      ManagedPolicyArns:", "      Path: /teams/\n      ManagedPolicyArns:", 1))
    after = stack.outputs()["Role"]
    assert after != before
    assert "/teams/" in stack.outputs()["RoleArn"]
    assert_gone("NoSuchEntity", aws.client("iam").get_role, RoleName=before)


def test_a_policy_that_does_not_exist_fails_the_role(aws: Aws) -> None:
    """The role is made and then rolled back with what it had."""
    reasons = Stack(aws, "people").fail(_IAM.replace(_BASIC, "arn:aws:iam::aws:policy/NoSuchPolicy"))
    assert "NoSuchPolicy" in reasons["Role"]
    assert aws.client("iam").list_roles()["Roles"] == []


_KEY = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: for tests
      EnableKeyRotation: "true"
      PendingWindowInDays: "7"
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}
            Action: kms:*
            Resource: "*"
      Tags: [{Key: team, Value: iot}]
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/tests, TargetKeyId: !Ref Key}}
Outputs:
  Key: {Value: !Ref Key}
  Arn: {Value: !GetAtt Key.Arn}
  Alias: {Value: !Ref Alias}
"""


def test_a_key_is_made_changed_and_waits_for_its_deletion(aws: Aws) -> None:
    """Ref is the key's id; a deleted stack leaves the key pending, as on AWS."""
    stack = Stack(aws, "keys").deploy(_KEY)
    outputs, kms = stack.outputs(), aws.client("kms")
    shown = kms.describe_key(KeyId=outputs["Alias"])["KeyMetadata"]
    assert (shown["KeyId"], shown["Arn"], shown["Description"]) == (outputs["Key"], outputs["Arn"], "for tests")
    assert kms.get_key_rotation_status(KeyId=outputs["Key"])["KeyRotationEnabled"] is True
    stack.deploy(_KEY.replace('EnableKeyRotation: "true"', "Enabled: false").replace("for tests", "for nothing"))
    shown = kms.describe_key(KeyId=outputs["Key"])["KeyMetadata"]
    assert (shown["Enabled"], shown["Description"]) == (False, "for nothing")
    stack.delete()
    assert kms.describe_key(KeyId=outputs["Key"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert not [alias for alias in kms.list_aliases()["Aliases"] if alias["AliasName"] == "alias/tests"]


def test_another_kind_of_key_is_refused(aws: Aws) -> None:
    """CloudFormation does not replace keys: the update fails, and the key stays what it is."""
    stack = Stack(aws, "keys").deploy(_KEY)
    changed = _KEY.replace('EnableKeyRotation: "true"', "KeyUsage: SIGN_VERIFY\n      KeySpec: RSA_2048")
    assert "You cannot change the Key" in stack.fail(changed)["Key"]
    shown = aws.client("kms").describe_key(KeyId=stack.outputs()["Key"])["KeyMetadata"]
    assert (shown["KeySpec"], shown["KeyState"]) == ("SYMMETRIC_DEFAULT", "Enabled")
