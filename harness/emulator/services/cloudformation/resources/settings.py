"""What programs read at their start: AWS::SSM::Parameter and AWS::SecretsManager::Secret (its text given, not made)."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import STRING, TAGS, MapOf, Scalar, Structure
from harness.emulator.services.cloudformation.resources.simple import REF, simple
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_PUT = Api("ssm", "PutParameter", "AllowedPattern", "DataType", "Description", "Name", "Policies", "Tier", "Value")


async def _create(ctx: Context, props: Json) -> Created:
    name = props.get("Name") or ctx.physical_name(255)
    params = {**_PUT.params(props), "Name": name, "Type": props["Type"]}
    if tags := own_tags(props):
        params["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    await ctx.call("ssm", "PutParameter", params)
    return Created(name, _attributes(ctx, name, props))


async def _update(ctx: Context, parameter: Resource, props: Json) -> Json:
    params = {**_PUT.params(props), "Name": parameter.physical_id, "Type": props["Type"], "Overwrite": True}
    await ctx.call("ssm", "PutParameter", params)
    named = {"ResourceType": "Parameter", "ResourceId": parameter.physical_id}
    before, after = own_tags(parameter.properties), own_tags(props)
    if gone := sorted(before.keys() - after.keys()):
        await ctx.call("ssm", "RemoveTagsFromResource", {**named, "TagKeys": gone})
    if after and after != before:
        tags = [{"Key": key, "Value": value} for key, value in after.items()]
        await ctx.call("ssm", "AddTagsToResource", {**named, "Tags": tags})
    return _attributes(ctx, parameter.physical_id, props)


async def _delete(ctx: Context, parameter: Resource) -> None:
    await ctx.call("ssm", "DeleteParameter", {"Name": parameter.physical_id})


def _attributes(ctx: Context, name: str, props: Json) -> Json:
    arn = ctx.arn("ssm", f"parameter/{name.removeprefix('/')}")
    return {"Arn": arn, "Type": props["Type"], "Value": props["Value"]}


TYPES = (
    ResourceType(
        "AWS::SSM::Parameter",
        # CloudFormation makes no SecureString.
        Structure(
            {**_PUT.properties, "Tags": MapOf(STRING), "Type": Scalar("string", ("String", "StringList"))},
            required=("Type", "Value"),
        ),
        _create,
        _update,
        _delete,
        replaced_by=("Name",),
        attributes=("Arn", "Type", "Value"),
        name_property="Name",
    ),
    simple(
        "AWS::SecretsManager::Secret",
        Api("secretsmanager", "CreateSecret", "Description", "KmsKeyId", "Name", "SecretString"),
        update="UpdateSecret",
        delete="DeleteSecret",
        key={"SecretId": REF},
        delete_with={"ForceDeleteWithoutRecovery": True},
        ref="{ARN}",
        attributes={"Id": "{ARN}"},
        replaced_by=("Name",),
        generated=("Name", 512),
        reset={"Description": ""},
        shapes={"Tags": TAGS},
        tagging=Tagging("secretsmanager", "TagResource", "UntagResource", "SecretId", as_list=True),
        tagged="{Ref}",
        name_property="Name",
    ),
)
