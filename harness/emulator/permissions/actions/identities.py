"""IAM and STS."""

from __future__ import annotations

from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.actions.asked import ANYTHING, Asked, RequiredAction
from harness.emulator.permissions.facts import Value

_NAMES = (
    ("RoleName", "role"),
    ("UserName", "user"),
    ("GroupName", "group"),
    ("InstanceProfileName", "instance-profile"),
)


def iam(asked: Asked) -> list[RequiredAction]:
    action, account = f"iam:{asked.operation}", asked.call.account
    found = [(member, kind) for member, kind in _NAMES if asked.text(member)]
    if asked.operation in ("AddUserToGroup", "RemoveUserFromGroup"):
        found = [("GroupName", "group")]
    if found:
        member, kind = found[0]
        return [RequiredAction(action, asked.directory.arn_in_iam(account, kind, asked.text(member)))]
    if asked.text("PolicyName") and asked.operation == "CreatePolicy":
        path = asked.text("Path") or "/"
        return [RequiredAction(action, f"arn:aws:iam::{account}:policy{path}{asked.text('PolicyName')}")]
    return [RequiredAction(action, asked.text("PolicyArn", "OpenIDConnectProviderArn", "SAMLProviderArn") or ANYTHING)]


def sts(asked: Asked) -> list[RequiredAction]:
    """Nobody can be kept from asking who they are."""
    operation = asked.operation
    if operation == "GetCallerIdentity":
        return []
    if operation != "AssumeRole":
        if operation.startswith("Get") and operation not in ("GetSessionToken", "GetFederationToken"):
            return asked.on(ANYTHING)
        raise NotEmulated("sts", f"{operation} while permissions are enforced")
    for member in ("Tags.member.1.Key", "PolicyArns.member.1.arn", "Tags", "PolicyArns", "SourceIdentity"):
        if asked.params.get(member):
            raise NotEmulated("sts", f"AssumeRole with {member.partition('.')[0]} while permissions are enforced")
    facts: dict[str, Value] = {}
    for member, key in (("ExternalId", "sts:ExternalId"), ("RoleSessionName", "sts:RoleSessionName")):
        if asked.text(member):
            facts[key] = asked.text(member)
    return [RequiredAction("sts:AssumeRole", asked.text("RoleArn") or ANYTHING, facts)]


def cloudformation(asked: Asked) -> list[RequiredAction]:
    name = asked.text("StackName", "StackId")
    if not name:
        return asked.on(ANYTHING)
    return asked.on(name if name.startswith("arn:") else asked.arn(f"stack/{name}/*"))
