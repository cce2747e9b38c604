"""AWS::IAM::Role, AWS::IAM::User and AWS::IAM::AccessKey."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api, JsonText
from harness.emulator.services.cloudformation.resources.iam_policies import POLICIES, set_policies
from harness.emulator.services.cloudformation.resources.removal import remove
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import STRING, STRINGS, TAGS, Scalar, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_ROLE = Api(
    "iam",
    "CreateRole",
    "AssumeRolePolicyDocument",
    "Description",
    "MaxSessionDuration",
    "Path",
    "PermissionsBoundary",
    "RoleName",
)
_USER = Api("iam", "CreateUser", "Path", "PermissionsBoundary", "UserName")
_ROLE_TAGGING = Tagging("iam", "TagRole", "UntagRole", "RoleName", as_list=True)
_USER_TAGGING = Tagging("iam", "TagUser", "UntagUser", "UserName", as_list=True)
_DEFAULT_SECONDS = 3600


async def _create_role(ctx: Context, props: Json) -> Created:
    params = _ROLE.params({"RoleName": ctx.physical_name(64), **props})
    if tags := own_tags(props):
        params["Tags"] = _ROLE_TAGGING.form(tags)
    role = (await ctx.call("iam", "CreateRole", params))["Role"]
    name, attributes = str(role["RoleName"]), {"Arn": role["Arn"], "RoleId": role["RoleId"]}
    ctx.made(name, attributes)
    await set_policies(ctx, "Role", name, {}, props)
    return Created(name, attributes)


async def _update_role(ctx: Context, role: Resource, props: Json) -> Json:
    old, named = role.properties, {"RoleName": role.physical_id}
    if old["AssumeRolePolicyDocument"] != props["AssumeRolePolicyDocument"]:
        document = {"PolicyDocument": props["AssumeRolePolicyDocument"]}
        await ctx.call("iam", "UpdateAssumeRolePolicy", {**named, **document})
    if any(old.get(name) != props.get(name) for name in ("Description", "MaxSessionDuration")):
        seconds = props.get("MaxSessionDuration", _DEFAULT_SECONDS)
        described = {"Description": props.get("Description", ""), "MaxSessionDuration": seconds}
        await ctx.call("iam", "UpdateRole", {**named, **described})
    await _bound(ctx, "Role", role, props)
    await set_policies(ctx, "Role", role.physical_id, old, props)
    await _ROLE_TAGGING.change(ctx, role.physical_id, own_tags(old), own_tags(props))
    return role.attributes


async def _delete_role(ctx: Context, role: Resource) -> None:
    # The policies that came with the role go with it; others forbid its deletion, as on AWS.
    await set_policies(ctx, "Role", role.physical_id, role.properties, {})
    await ctx.call("iam", "DeleteRole", {"RoleName": role.physical_id})


async def _create_user(ctx: Context, props: Json) -> Created:
    params = _USER.params({"UserName": ctx.physical_name(64), **props})
    if tags := own_tags(props):
        params["Tags"] = _USER_TAGGING.form(tags)
    user = (await ctx.call("iam", "CreateUser", params))["User"]
    name, attributes = str(user["UserName"]), {"Arn": user["Arn"]}
    ctx.made(name, attributes)
    await set_policies(ctx, "User", name, {}, props)
    await _join(ctx, name, {}, props)
    return Created(name, attributes)


async def _update_user(ctx: Context, user: Resource, props: Json) -> Json:
    old = user.properties
    if old.get("Path") != props.get("Path"):
        await ctx.call("iam", "UpdateUser", {"UserName": user.physical_id, "NewPath": props.get("Path", "/")})
    await _bound(ctx, "User", user, props)
    await set_policies(ctx, "User", user.physical_id, old, props)
    await _join(ctx, user.physical_id, old, props)
    await _USER_TAGGING.change(ctx, user.physical_id, own_tags(old), own_tags(props))
    found = (await ctx.call("iam", "GetUser", {"UserName": user.physical_id}))["User"]
    return {"Arn": found["Arn"]}


async def _delete_user(ctx: Context, user: Resource) -> None:
    await _join(ctx, user.physical_id, user.properties, {})
    await set_policies(ctx, "User", user.physical_id, user.properties, {})
    await ctx.call("iam", "DeleteUser", {"UserName": user.physical_id})


async def _bound(ctx: Context, kind: str, resource: Resource, props: Json) -> None:
    if resource.properties.get("PermissionsBoundary") == props.get("PermissionsBoundary"):
        return
    named = {f"{kind}Name": resource.physical_id}
    if "PermissionsBoundary" in props:
        boundary = {"PermissionsBoundary": props["PermissionsBoundary"]}
        await ctx.call("iam", f"Put{kind}PermissionsBoundary", {**named, **boundary})
    else:
        await remove(ctx, "iam", f"Delete{kind}PermissionsBoundary", named)


async def _join(ctx: Context, user: str, old: Json, new: Json) -> None:
    before, after = (set(props.get("Groups", ())) for props in (old, new))
    for group in sorted(after - before):
        await ctx.call("iam", "AddUserToGroup", {"GroupName": group, "UserName": user})
    for group in sorted(before - after):
        await remove(ctx, "iam", "RemoveUserFromGroup", {"GroupName": group, "UserName": user})


async def _create_key(ctx: Context, props: Json) -> Created:
    made = (await ctx.call("iam", "CreateAccessKey", {"UserName": props["UserName"]}))["AccessKey"]
    attributes = {"Id": made["AccessKeyId"], "SecretAccessKey": made["SecretAccessKey"]}
    ctx.made(made["AccessKeyId"], attributes)
    if props.get("Status") == "Inactive":
        await _set_status(ctx, made["AccessKeyId"], props)
    return Created(made["AccessKeyId"], attributes)


async def _update_key(ctx: Context, key: Resource, props: Json) -> Json:
    await _set_status(ctx, key.physical_id, {"Status": "Active", **props})
    return key.attributes


async def _set_status(ctx: Context, key_id: str, props: Json) -> None:
    params = {"UserName": props["UserName"], "AccessKeyId": key_id, "Status": props["Status"]}
    await ctx.call("iam", "UpdateAccessKey", params)


async def _delete_key(ctx: Context, key: Resource) -> None:
    params = {"UserName": key.properties["UserName"], "AccessKeyId": key.physical_id}
    await ctx.call("iam", "DeleteAccessKey", params)


TYPES = (
    ResourceType(
        "AWS::IAM::Role",
        Structure(
            {
                **_ROLE.properties,
                "AssumeRolePolicyDocument": JsonText(),
                "ManagedPolicyArns": STRINGS,
                "Policies": POLICIES,
                "Tags": TAGS,
            },
            required=("AssumeRolePolicyDocument",),
        ),
        _create_role,
        _update_role,
        _delete_role,
        replaced_by=("Path", "RoleName"),
        attributes=("Arn", "RoleId"),
        name_property="RoleName",
    ),
    ResourceType(
        "AWS::IAM::User",
        Structure(
            {
                **_USER.properties,
                "Groups": STRINGS,
                "ManagedPolicyArns": STRINGS,
                "Policies": POLICIES,
                "Tags": TAGS,
            }
        ),
        _create_user,
        _update_user,
        _delete_user,
        replaced_by=("UserName",),
        attributes=("Arn",),
        name_property="UserName",
    ),
    ResourceType(
        "AWS::IAM::AccessKey",
        Structure({"Status": Scalar("string", ("Active", "Inactive")), "UserName": STRING}, required=("UserName",)),
        _create_key,
        _update_key,
        _delete_key,
        replaced_by=("UserName",),
        attributes=("Id", "SecretAccessKey"),
    ),
)
