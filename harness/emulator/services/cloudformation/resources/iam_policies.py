"""AWS::IAM::Policy and AWS::IAM::ManagedPolicy, and what roles and users do with policies."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api, JsonText
from harness.emulator.services.cloudformation.resources.removal import remove
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import STRING, STRINGS, ListOf, Shape, Structure
from harness.json_object import Json

IDENTITIES = {"Roles": "Role", "Users": "User", "Groups": "Group"}
"""Property with names → what IAM's operations call them."""

POLICIES = ListOf(Structure({"PolicyDocument": JsonText(), "PolicyName": STRING}, ("PolicyDocument", "PolicyName")))

_NAMES: dict[str, Shape] = dict.fromkeys(IDENTITIES, STRINGS)
_CREATE = Api("iam", "CreatePolicy", "Description", "Path", "PolicyDocument", ManagedPolicyName="PolicyName")
_MOST_VERSIONS = 5


async def set_policies(ctx: Context, kind: str, name: str, old: Json, new: Json) -> None:
    """Make the attached and inline policies of a role or user be `ManagedPolicyArns` and `Policies`."""
    named = {f"{kind}Name": name}
    before, after = ({p["PolicyName"]: p["PolicyDocument"] for p in props.get("Policies", ())} for props in (old, new))
    had, wanted = (list(dict.fromkeys(props.get("ManagedPolicyArns", ()))) for props in (old, new))
    for arn in wanted:
        if arn not in had:
            await ctx.call("iam", f"Attach{kind}Policy", {**named, "PolicyArn": arn})
    for arn in had:
        if arn not in wanted:
            await remove(ctx, "iam", f"Detach{kind}Policy", {**named, "PolicyArn": arn})
    for policy, document in after.items():
        if before.get(policy) != document:
            await ctx.call("iam", f"Put{kind}Policy", {**named, "PolicyName": policy, "PolicyDocument": document})
    for policy in before:
        if policy not in after:
            await remove(ctx, "iam", f"Delete{kind}Policy", {**named, "PolicyName": policy})


def _identities(props: Json) -> set[tuple[str, str]]:
    return {(kind, name) for prop, kind in IDENTITIES.items() for name in props.get(prop, ())}


# -- inline policies ------------------------------------------------------------------------------------------------


async def _create(ctx: Context, props: Json) -> Created:
    physical_id = ctx.physical_name(24)
    ctx.made(physical_id, {"Id": physical_id})
    await _put(ctx, props)
    return Created(physical_id, {"Id": physical_id})


async def _put(ctx: Context, props: Json) -> None:
    policy = {"PolicyName": props["PolicyName"], "PolicyDocument": props["PolicyDocument"]}
    for kind, name in sorted(_identities(props)):
        await ctx.call("iam", f"Put{kind}Policy", {f"{kind}Name": name, **policy})


async def _update(ctx: Context, policy: Resource, props: Json) -> Json:
    old = policy.properties
    await _put(ctx, props)
    gone = _identities(old) - (_identities(props) if old["PolicyName"] == props["PolicyName"] else set())
    await _remove(ctx, gone, old["PolicyName"])
    return policy.attributes


async def _delete(ctx: Context, policy: Resource) -> None:
    await _remove(ctx, _identities(policy.properties), policy.properties["PolicyName"])


async def _remove(ctx: Context, identities: set[tuple[str, str]], policy: str) -> None:
    for kind, name in sorted(identities):
        await remove(ctx, "iam", f"Delete{kind}Policy", {f"{kind}Name": name, "PolicyName": policy})


# -- managed policies -----------------------------------------------------------------------------------------------


async def _create_managed(ctx: Context, props: Json) -> Created:
    params = _CREATE.params({"ManagedPolicyName": ctx.physical_name(128), **props})
    made = (await ctx.call("iam", "CreatePolicy", params))["Policy"]
    arn = str(made["Arn"])
    attributes = {"DefaultVersionId": made["DefaultVersionId"], "PolicyArn": arn, "PolicyId": made["PolicyId"]}
    ctx.made(arn, attributes)
    await _attach(ctx, arn, set(), _identities(props))
    return Created(arn, attributes)


async def _update_managed(ctx: Context, policy: Resource, props: Json) -> Json:
    arn, attributes = policy.physical_id, dict(policy.attributes)
    if policy.properties["PolicyDocument"] != props["PolicyDocument"]:
        versions = (await ctx.call("iam", "ListPolicyVersions", {"PolicyArn": arn}))["Versions"]
        if len(versions) >= _MOST_VERSIONS:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: int(v["VersionId"][1:]))
            await ctx.call("iam", "DeletePolicyVersion", {"PolicyArn": arn, "VersionId": oldest["VersionId"]})
        document = {"PolicyDocument": props["PolicyDocument"], "SetAsDefault": True}
        answer = await ctx.call("iam", "CreatePolicyVersion", {"PolicyArn": arn, **document})
        attributes["DefaultVersionId"] = answer["PolicyVersion"]["VersionId"]
    await _attach(ctx, arn, _identities(policy.properties), _identities(props))
    return attributes


async def _delete_managed(ctx: Context, policy: Resource) -> None:
    arn = policy.physical_id
    await _attach(ctx, arn, _identities(policy.properties), set())
    for version in (await ctx.call("iam", "ListPolicyVersions", {"PolicyArn": arn}))["Versions"]:
        if not version["IsDefaultVersion"]:
            await ctx.call("iam", "DeletePolicyVersion", {"PolicyArn": arn, "VersionId": version["VersionId"]})
    await ctx.call("iam", "DeletePolicy", {"PolicyArn": arn})


async def _attach(ctx: Context, arn: str, old: set[tuple[str, str]], new: set[tuple[str, str]]) -> None:
    for kind, name in sorted(new - old):
        await ctx.call("iam", f"Attach{kind}Policy", {f"{kind}Name": name, "PolicyArn": arn})
    for kind, name in sorted(old - new):
        await remove(ctx, "iam", f"Detach{kind}Policy", {f"{kind}Name": name, "PolicyArn": arn})


TYPES = (
    ResourceType(
        "AWS::IAM::Policy",
        Structure({**_NAMES, "PolicyDocument": JsonText(), "PolicyName": STRING}, ("PolicyDocument", "PolicyName")),
        _create,
        _update,
        _delete,
        attributes=("Id",),
    ),
    ResourceType(
        "AWS::IAM::ManagedPolicy",
        Structure({**_CREATE.properties, **_NAMES, "PolicyDocument": JsonText()}, ("PolicyDocument",)),
        _create_managed,
        _update_managed,
        _delete_managed,
        replaced_by=("Description", "ManagedPolicyName", "Path"),
        attributes=("DefaultVersionId", "PolicyArn", "PolicyId"),
        name_property="ManagedPolicyName",
    ),
)
