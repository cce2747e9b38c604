"""The table of resource types in docs/cloudformation-types.md, read off the types.

`python -m harness.emulator.services.cloudformation.types_page` writes it between the page's two markers.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.emulator.services.cloudformation.resources.registry import resource_types
from harness.emulator.services.cloudformation.resources.resource import ResourceType

BEGIN, END = "<!-- types: begin -->", "<!-- types: end -->"

# What Ref gives, as AWS documents it; the name is said once.
REFS = {
    "AWS::ApiGateway::Account": "a generated id",
    "AWS::ApiGateway::ApiKey": "the key's id",
    "AWS::ApiGateway::Authorizer": "the authorizer's id",
    "AWS::ApiGateway::Deployment": "the deployment's id",
    "AWS::ApiGateway::GatewayResponse": "a generated id",
    "AWS::ApiGateway::Method": "a generated id",
    "AWS::ApiGateway::Model": "the name",
    "AWS::ApiGateway::RequestValidator": "the validator's id",
    "AWS::ApiGateway::Resource": "the resource's id",
    "AWS::ApiGateway::RestApi": "the API's id",
    "AWS::ApiGateway::Stage": "the name",
    "AWS::ApiGateway::UsagePlan": "the plan's id",
    "AWS::ApiGateway::UsagePlanKey": "`<key id>:<plan id>`",
    "AWS::ApiGatewayV2::Api": "the API's id",
    "AWS::ApiGatewayV2::Authorizer": "the authorizer's id",
    "AWS::ApiGatewayV2::Deployment": "the deployment's id",
    "AWS::ApiGatewayV2::Integration": "the integration's id",
    "AWS::ApiGatewayV2::Route": "the route's id",
    "AWS::ApiGatewayV2::Stage": "the name",
    "AWS::CDK::Metadata": "a generated name",
    "AWS::CloudFormation::CustomResource": "what the function answers",
    "AWS::CloudFormation::Stack": "the stack's id",
    "AWS::CloudWatch::Alarm": "the name",
    "AWS::CloudWatch::CompositeAlarm": "the name",
    "AWS::CloudWatch::Dashboard": "the name",
    "AWS::CloudWatch::MetricStream": "the name",
    "AWS::ECR::Repository": "the name",
    "AWS::DynamoDB::Table": "the name",
    "AWS::Events::Rule": "the name, or `<event bus>\\|<name>`",
    "AWS::IAM::AccessKey": "the access key's id",
    "AWS::IAM::ManagedPolicy": "the ARN",
    "AWS::IAM::Policy": "a generated id",
    "AWS::IAM::Role": "the name",
    "AWS::IAM::User": "the name",
    "AWS::KMS::Alias": "the name",
    "AWS::KMS::Key": "the key's id",
    "AWS::Kinesis::Stream": "the name",
    "AWS::Kinesis::StreamConsumer": "the ARN",
    "AWS::KinesisFirehose::DeliveryStream": "the name",
    "AWS::Lambda::Alias": "the ARN",
    "AWS::Lambda::CodeSigningConfig": "the ARN",
    "AWS::Lambda::EventInvokeConfig": "`<function>\\|<qualifier>`",
    "AWS::Lambda::EventSourceMapping": "the UUID",
    "AWS::Lambda::Function": "the name",
    "AWS::Lambda::LayerVersion": "the ARN with the version",
    "AWS::Lambda::LayerVersionPermission": "`<layer version ARN>#<statement id>`",
    "AWS::Lambda::Permission": "the statement's id",
    "AWS::Lambda::Url": "the function's ARN, with the alias if it is one's",
    "AWS::Lambda::Version": "the ARN with the version",
    "AWS::Logs::LogGroup": "the name",
    "AWS::Logs::LogStream": "the name",
    "AWS::Logs::SubscriptionFilter": "the name",
    "AWS::S3::Bucket": "the name",
    "AWS::S3::BucketPolicy": "the bucket's name",
    "AWS::SNS::Subscription": "the ARN",
    "AWS::SNS::Topic": "the ARN",
    "AWS::SNS::TopicPolicy": "a generated id",
    "AWS::SQS::Queue": "the URL",
    "AWS::SQS::QueuePolicy": "a generated id",
    "AWS::SSM::Parameter": "the name",
    "AWS::SecretsManager::Secret": "the ARN",
}


def table() -> str:
    """The types as a Markdown table. Raises KeyError for a type whose Ref is not told here."""
    lines = [
        "| Type | `Ref` | `Fn::GetAtt` | Replaced when these change | Properties |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, entry in sorted(resource_types().items()):
        properties = _names(tuple(sorted(entry.properties.members)), entry.properties.required)
        lines.append(f"| `{name}` | {REFS[name]} | {_names(entry.attributes)} | {_replaced(entry)} | {properties} |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with its table renewed. Raises ValueError if the markers are missing."""
    before, marked, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not marked or not end:
        raise ValueError(f"the page needs {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _replaced(entry: ResourceType) -> str:
    return "any" if entry.update is None else _names(entry.replaced_by)


def _names(names: tuple[str, ...], required: tuple[str, ...] = ()) -> str:
    return ", ".join(f"**`{name}`**" if name in required else f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/cloudformation-types.md")
    path.write_text(page(path.read_text()))
