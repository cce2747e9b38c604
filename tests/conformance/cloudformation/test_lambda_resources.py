"""AWS::Lambda::*: functions, versions, aliases, permissions, event source mappings (C1, C8, C6, C7)."""

from __future__ import annotations

import io
import json
import zipfile

from tests.conformance.cloudformation.stack import ROLE, Stack, assert_gone
from tests.conftest import Aws

_FUNCTION = f"""
Resources:
{ROLE}
  Letters: {{Type: AWS::SQS::Queue}}
  Events: {{Type: AWS::Kinesis::Stream, Properties: {{ShardCount: 1}}}}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Code:
        ZipFile: |
          import os
          def handler(event, context):
              return {{"greeting": os.environ["GREETING"], "function": context.function_name}}
      Handler: index.handler
      Runtime: python3.11
      Role: !GetAtt Role.Arn
      MemorySize: "256"
      Timeout: "30"
      Environment: {{Variables: {{GREETING: hello, NUMBER: 5}}}}
      DeadLetterConfig: {{TargetArn: !GetAtt Letters.Arn}}
      LoggingConfig: {{LogGroup: /shared, LogFormat: JSON}}
      ReservedConcurrentExecutions: "5"
      Tags: [{{Key: team, Value: iot}}]
  Version: {{Type: AWS::Lambda::Version, Properties: {{FunctionName: !Ref Function}}}}
  Alias:
    Type: AWS::Lambda::Alias
    Properties: {{FunctionName: !Ref Function, FunctionVersion: !GetAtt Version.Version, Name: live}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Alias
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:abc/*
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Events.Arn
      FunctionName: !Ref Alias
      StartingPosition: LATEST
      BatchSize: "10"
      BisectBatchOnFunctionError: "true"
      MaximumRetryAttempts: 2
      DestinationConfig: {{OnFailure: {{Destination: !GetAtt Letters.Arn}}}}
  Retries:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Function
      MaximumRetryAttempts: "1"
      Qualifier: !Select [7, !Split [":", !Ref Alias]]
Outputs:
  Name: {{Value: !Ref Function}}
  Arn: {{Value: !GetAtt Function.Arn}}
  Version: {{Value: !Ref Version}}
  VersionNumber: {{Value: !GetAtt Version.Version}}
  Alias: {{Value: !Ref Alias}}
  Mapping: {{Value: !Ref Mapping}}
  MappingArn: {{Value: !GetAtt Mapping.EventSourceMappingArn}}
"""


def test_a_function_with_all_that_belongs_to_it(aws: Aws) -> None:
    """C1, C8: source text becomes the package's `index` file; Ref and GetAtt are AWS's."""
    stack = Stack(aws, "compute").deploy(_FUNCTION)
    outputs = stack.outputs()
    functions = aws.client("lambda")
    answer = functions.invoke(FunctionName=outputs["Alias"])
    assert json.load(answer["Payload"]) == {"greeting": "hello", "function": outputs["Name"]}
    shown = functions.get_function(FunctionName=outputs["Name"])
    assert (shown["Configuration"]["MemorySize"], shown["Configuration"]["Timeout"]) == (256, 30)
    assert shown["Configuration"]["Environment"]["Variables"] == {"GREETING": "hello", "NUMBER": "5"}
    assert shown["Configuration"]["LoggingConfig"]["LogGroup"] == "/shared"
    assert shown["Concurrency"]["ReservedConcurrentExecutions"] == 5
    assert shown["Tags"]["team"] == "iot"
    assert outputs["Version"] == f"{outputs['Arn']}:1"
    assert (outputs["VersionNumber"], outputs["Alias"]) == ("1", f"{outputs['Arn']}:live")
    policy = json.loads(functions.get_policy(FunctionName=outputs["Name"], Qualifier="live")["Policy"])
    assert policy["Statement"][0]["Sid"] == stack.ids()["Permission"]
    mapping = functions.get_event_source_mapping(UUID=outputs["Mapping"])
    assert mapping["EventSourceMappingArn"] == outputs["MappingArn"]
    assert (mapping["BatchSize"], mapping["BisectBatchOnFunctionError"]) == (10, True)
    retries = functions.get_function_event_invoke_config(FunctionName=outputs["Name"], Qualifier="live")
    assert retries["MaximumRetryAttempts"] == 1

    stack.delete()
    assert functions.list_functions()["Functions"] == []
    assert functions.list_event_source_mappings()["EventSourceMappings"] == []


def test_a_function_is_changed_in_place(aws: Aws) -> None:
    """Code and configuration are updated; what a template takes away goes back to what it is without."""
    stack = Stack(aws, "compute").deploy(_FUNCTION)
    outputs = stack.outputs()
    changed = _FUNCTION.replace('"function": context', '"name": context').replace(
        'MemorySize: "256"', "MemorySize: 512"
    )
    changed = changed.replace('Timeout: "30"', "").replace('ReservedConcurrentExecutions: "5"', "")
    changed = changed.replace("      LoggingConfig: {LogGroup: /shared, LogFormat: JSON}\n", "")
    changed = changed.replace("DeadLetterConfig: {TargetArn: !GetAtt Letters.Arn}", "")
    changed = changed.replace("GREETING: hello, NUMBER: 5", "GREETING: hi").replace('BatchSize: "10"', "BatchSize: 20")
    changed = changed.replace("DestinationConfig: {OnFailure: {Destination: !GetAtt Letters.Arn}}", "")
    stack.deploy(changed)
    assert stack.outputs() == outputs
    functions = aws.client("lambda")
    answer = functions.invoke(FunctionName=outputs["Name"])
    assert json.load(answer["Payload"]) == {"greeting": "hi", "name": outputs["Name"]}
    shown = functions.get_function(FunctionName=outputs["Name"])
    assert (shown["Configuration"]["MemorySize"], shown["Configuration"]["Timeout"]) == (512, 3)
    assert "DeadLetterConfig" not in shown["Configuration"]
    logging = shown["Configuration"]["LoggingConfig"]
    assert logging == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{outputs['Name']}"}
    assert "Concurrency" not in shown
    mapping = functions.get_event_source_mapping(UUID=outputs["Mapping"])
    assert mapping["BatchSize"] == 20
    assert not mapping["DestinationConfig"].get("OnFailure")


def test_a_second_version_of_the_same_code_is_refused(aws: Aws) -> None:
    """AWS's own words: a version is published once."""
    stack = Stack(aws, "versions").deploy(_FUNCTION)
    again = "  Again: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Function}}\n"
    twice = _FUNCTION.replace("  Alias:\n", again + "  Alias:\n")
    reasons = stack.fail(twice)
    assert (
        "A version for this Lambda function exists ( 1 ). Modify the function to create a new version."
        in reasons["Again"]
    )
    assert aws.client("lambda").get_function(FunctionName=stack.outputs()["Version"])


def test_another_handlers_version_replaces_and_the_alias_moves(aws: Aws) -> None:
    """A new logical id, as SAM writes for new code: published, the alias moved, the old version deleted."""
    stack = Stack(aws, "moving").deploy(_FUNCTION)
    changed = _FUNCTION.replace("  Version: {Type", "  Second: {Type").replace("Version.Version", "Second.Version")
    changed = changed.replace("!Ref Version}", "!Ref Second}").replace('"function": context', '"name": context')
    stack.deploy(changed)
    functions, outputs = aws.client("lambda"), stack.outputs()
    assert outputs["VersionNumber"] == "2"
    assert functions.get_alias(FunctionName=outputs["Name"], Name="live")["FunctionVersion"] == "2"
    assert_gone("ResourceNotFoundException", functions.get_function, FunctionName=outputs["Name"], Qualifier="1")


_LAYER = f"""
Transform: AWS::Serverless-2016-10-31
Parameters: {{Text: {{Type: String, Default: one}}}}
Resources:
{ROLE}
  Layer:
    Type: AWS::Lambda::LayerVersion
    Properties:
      Content: {{S3Bucket: layers, S3Key: layer.zip}}
      CompatibleRuntimes: [python3.11]
      Description: !Ref Text
  Permission:
    Type: AWS::Lambda::LayerVersionPermission
    Properties: {{Action: "lambda:GetLayerVersion", LayerVersionArn: !Ref Layer, Principal: "*"}}
  Serverless:
    Type: AWS::Serverless::LayerVersion
    Properties: {{ContentUri: s3://layers/layer.zip, LayerName: serverless, RetentionPolicy: Delete}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: |
        import open_door
        def handler(event, context):
            return open_door.WORD
      Handler: index.handler
      Runtime: python3.11
      Role: !GetAtt Role.Arn
      Layers: [!Ref Layer, !Ref Serverless]
Outputs:
  Layer: {{Value: !Ref Layer}}
  Permission: {{Value: !Ref Permission}}
  Serverless: {{Value: !Ref Serverless}}
  Function: {{Value: !Ref Function}}
"""


def test_layers_and_who_may_use_them(aws: Aws) -> None:
    """C11: by CloudFormation's own types and by SAM's; a change is a new version."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("python/open_door.py", "WORD = 'open'\n")
    s3, functions = aws.client("s3"), aws.client("lambda")
    s3.create_bucket(Bucket="layers")
    s3.put_object(Bucket="layers", Key="layer.zip", Body=package.getvalue())
    stack = Stack(aws, "layers").deploy(_LAYER)
    outputs = stack.outputs()
    assert outputs["Permission"].startswith(outputs["Layer"] + "#layers-Permission-")
    assert outputs["Serverless"].endswith(":layer:serverless:1")
    assert json.load(functions.invoke(FunctionName=outputs["Function"])["Payload"]) == "open"
    layer = functions.get_layer_version_by_arn(Arn=outputs["Layer"])
    assert layer["CompatibleRuntimes"] == ["python3.11"]
    stack.deploy(_LAYER.replace("Default: one", "Default: two"))
    after = stack.outputs()
    assert after["Layer"] != outputs["Layer"]
    used = functions.get_function_configuration(FunctionName=outputs["Function"])["Layers"]
    assert [layer["Arn"] for layer in used] == [after["Layer"], after["Serverless"]]
    stack.delete()
    assert functions.list_layers()["Layers"] == []


def test_a_mapping_from_a_moment_on(aws: Aws) -> None:
    """C8: the moment comes as text; another one replaces the mapping."""
    moment = int(aws.now()) - 60
    template = _FUNCTION.replace(
        "StartingPosition: LATEST",
        f"""StartingPosition: AT_TIMESTAMP
      StartingPositionTimestamp: "{moment}\"""",
    )
    stack = Stack(aws, "moment").deploy(template)
    functions, before = aws.client("lambda"), stack.outputs()["Mapping"]
    assert functions.get_event_source_mapping(UUID=before)["StartingPositionTimestamp"].timestamp() == moment
    stack.deploy(template.replace("FunctionName: !Ref Alias\n      StartingPosition: AT_TIMESTAMP",
                                  "FunctionName: !Ref Function\n      StartingPosition: TRIM_HORIZON")
                 .replace(f'      StartingPositionTimestamp: "{moment}"\n', ""))  # fmt: skip
    assert stack.outputs()["Mapping"] != before
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    assert [mapping["StartingPosition"] for mapping in mappings] == ["TRIM_HORIZON"]


_URL = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
{ROLE}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: |
        def handler(event, context):
            return event["rawPath"]
      Handler: index.handler
      Runtime: python3.11
      Role: !GetAtt Role.Arn
      AutoPublishAlias: live
      FunctionUrlConfig:
        AuthType: NONE
        Cors: {{AllowOrigins: ["*"], MaxAge: 5}}
  Own:
    Type: AWS::Lambda::Url
    Properties: {{AuthType: AWS_IAM, TargetFunctionArn: !GetAtt Function.Arn}}
Outputs:
  Url: {{Value: !GetAtt FunctionUrl.FunctionUrl}}
  Arn: {{Value: !Ref FunctionUrl}}
  Own: {{Value: !GetAtt Own.FunctionArn}}
  Function: {{Value: !Ref Function}}
"""


def test_function_urls(aws: Aws) -> None:
    """C12: CloudFormation's own type, and what SAM makes of FunctionUrlConfig, its permission too."""
    stack = Stack(aws, "urls").deploy(_URL)
    outputs = stack.outputs()
    assert outputs["Arn"].endswith(f":function:{outputs['Function']}:live")
    assert outputs["Own"].endswith(f":function:{outputs['Function']}")
    host = outputs["Url"].split("/")[2]
    assert aws.http.get("/some/path", headers={"Host": host}).text == "/some/path"
    stack.deploy(_URL.replace("MaxAge: 5", "MaxAge: 6").replace("AuthType: AWS_IAM", "AuthType: NONE"))
    functions = aws.client("lambda")
    configs = functions.list_function_url_configs(FunctionName=outputs["Function"])["FunctionUrlConfigs"]
    assert sorted(config["AuthType"] for config in configs) == ["NONE", "NONE"]
    assert [config["Cors"]["MaxAge"] for config in configs if "Cors" in config] == [6]
    stack.delete()


_KEPT = f"""
Resources:
{ROLE}
  Signing:
    Type: AWS::Lambda::CodeSigningConfig
    Properties:
      AllowedPublishers: {{SigningProfileVersionArns: ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/a1"]}}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Code: {{ZipFile: "def handler(event, context): pass"}}
      Handler: index.handler
      Runtime: python3.11
      Role: !GetAtt Role.Arn
      CodeSigningConfigArn: !Ref Signing
  Version: {{Type: AWS::Lambda::Version, Properties: {{FunctionName: !Ref Function}}}}
  Alias:
    Type: AWS::Lambda::Alias
    Properties:
      FunctionName: !Ref Function
      FunctionVersion: !GetAtt Version.Version
      Name: live
      ProvisionedConcurrencyConfig: {{ProvisionedConcurrentExecutions: 2}}
Outputs:
  Function: {{Value: !Ref Function}}
  Signing: {{Value: !GetAtt Signing.CodeSigningConfigArn}}
"""


def test_settings_that_are_kept(aws: Aws) -> None:
    """C6, C14: provisioned concurrency of an alias, code signing of a function."""
    stack = Stack(aws, "kept").deploy(_KEPT)
    outputs, functions = stack.outputs(), aws.client("lambda")
    live = {"FunctionName": outputs["Function"], "Qualifier": "live"}
    assert functions.get_provisioned_concurrency_config(**live)["RequestedProvisionedConcurrentExecutions"] == 2
    assert (
        functions.get_function_code_signing_config(FunctionName=outputs["Function"])["CodeSigningConfigArn"]
        == (outputs["Signing"])
    )
    stack.deploy(_KEPT.replace("Executions: 2", "Executions: 3"))
    assert functions.get_provisioned_concurrency_config(**live)["RequestedProvisionedConcurrentExecutions"] == 3
    without = _KEPT.replace("      ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 2}\n", "")
    stack.deploy(without.replace("      CodeSigningConfigArn: !Ref Signing\n", ""))
    assert functions.list_provisioned_concurrency_configs(FunctionName=outputs["Function"])[
        "ProvisionedConcurrencyConfigs"
    ] == []  # fmt: skip
    assert (
        functions.list_functions_by_code_signing_config(CodeSigningConfigArn=outputs["Signing"])["FunctionArns"] == []
    )
    stack.delete()
