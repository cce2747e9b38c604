"""AWS::ECR::Repository: kept without effect (docs/kept.md)."""

from __future__ import annotations

import json

from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import BOOLEAN, JSON, STRING, TAGS, Structure
from harness.json_object import Json

_POLICY, _LIFECYCLE = "RepositoryPolicyText", "LifecyclePolicy"


async def _create(ctx: Context, props: Json) -> Created:
    name = props.get("RepositoryName") or ctx.physical_name(256, lower=True)
    params: Json = {"repositoryName": name}
    if "ImageTagMutability" in props:
        params["imageTagMutability"] = props["ImageTagMutability"]
    if "ImageScanningConfiguration" in props:
        scan = props["ImageScanningConfiguration"].get("ScanOnPush", False)
        params["imageScanningConfiguration"] = {"scanOnPush": scan}
    if "EncryptionConfiguration" in props:
        given = props["EncryptionConfiguration"]
        names = {"EncryptionType": "encryptionType", "KmsKey": "kmsKey"}
        params["encryptionConfiguration"] = {names[name]: value for name, value in given.items()}
    if "Tags" in props:
        params["tags"] = props["Tags"]
    made = (await ctx.call("ecr", "CreateRepository", params))["repository"]
    ctx.made(name)
    await _put_policies(ctx, name, props)
    return Created(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})


async def _update(ctx: Context, resource: Resource, props: Json) -> Json:
    old, name = resource.properties, {"repositoryName": resource.physical_id}
    if old.get("ImageTagMutability") != props.get("ImageTagMutability"):
        mutability = props.get("ImageTagMutability", "MUTABLE")
        await ctx.call("ecr", "PutImageTagMutability", {**name, "imageTagMutability": mutability})
    if _POLICY in old and _POLICY not in props:
        await ctx.call("ecr", "DeleteRepositoryPolicy", name)
    if _LIFECYCLE in old and _LIFECYCLE not in props:
        await ctx.call("ecr", "DeleteLifecyclePolicy", name)
    await _put_policies(ctx, resource.physical_id, props)
    return resource.attributes


async def _put_policies(ctx: Context, name: str, props: Json) -> None:
    if _POLICY in props:
        text = props[_POLICY] if isinstance(props[_POLICY], str) else json.dumps(props[_POLICY])
        await ctx.call("ecr", "SetRepositoryPolicy", {"repositoryName": name, "policyText": text})
    if "LifecyclePolicyText" in props.get(_LIFECYCLE, {}):
        text = props[_LIFECYCLE]["LifecyclePolicyText"]
        await ctx.call("ecr", "PutLifecyclePolicy", {"repositoryName": name, "lifecyclePolicyText": text})


async def _delete(ctx: Context, resource: Resource) -> None:
    force = bool(resource.properties.get("EmptyOnDelete"))
    await ctx.call("ecr", "DeleteRepository", {"repositoryName": resource.physical_id, "force": force})


_PROPERTIES = Structure(
    {
        "EmptyOnDelete": BOOLEAN,
        "EncryptionConfiguration": Structure({"EncryptionType": STRING, "KmsKey": STRING}),
        "ImageScanningConfiguration": Structure({"ScanOnPush": BOOLEAN}),
        "ImageTagMutability": STRING,
        _LIFECYCLE: Structure({"LifecyclePolicyText": STRING}),
        "RepositoryName": STRING,
        _POLICY: JSON,
        "Tags": TAGS,
    }
)

TYPES = (
    ResourceType(
        "AWS::ECR::Repository",
        _PROPERTIES,
        _create,
        _update,
        _delete,
        ("EncryptionConfiguration", "RepositoryName"),
        ("Arn", "RepositoryUri"),
        "RepositoryName",
    ),
)
