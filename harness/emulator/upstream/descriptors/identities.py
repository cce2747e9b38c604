"""IAM and STS."""

from __future__ import annotations

from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.permissions.facts import Value
from harness.emulator.service_descriptor import ANYTHING, ServiceDescriptor

_NAMES = (
    ("RoleName", "role"),
    ("UserName", "user"),
    ("GroupName", "group"),
    ("InstanceProfileName", "instance-profile"),
)


def _iam(asked: Asked) -> list[RequiredAction]:
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


def _sts(asked: Asked) -> list[RequiredAction]:
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


IAM = ServiceDescriptor(
    name="iam",
    protocol="query",
    hosts=("iam",),
    version="2010-05-08",
    actions=_iam,
)
STS = ServiceDescriptor(
    name="sts",
    protocol="query",
    hosts=("sts",),
    version="2011-06-15",
    actions=_sts,
)
