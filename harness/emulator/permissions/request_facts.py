"""The condition keys of one request: what is known of the principal, the request and the resource."""

from __future__ import annotations

from datetime import UTC, datetime

from harness.emulator.call import Call
from harness.emulator.permissions.actions.asked import RequiredAction
from harness.emulator.permissions.directory import Identity
from harness.emulator.permissions.facts import Facts, Value
from harness.emulator.permissions.principals import Kind, Principal
from harness.emulator.service_registry import principal_owners

_TYPES = {Kind.ROOT: "Account", Kind.USER: "User", Kind.SESSION: "AssumedRole", Kind.ANONYMOUS: "Anonymous"}


def facts_of(
    principal: Principal, identity: Identity | None, demand: RequiredAction, owner: str, call: Call, now: float
) -> Facts:
    """`owner` is the resource's account. `now`: epoch seconds of the world's clock."""
    values: dict[str, Value] = {
        "aws:CurrentTime": _iso(now),
        "aws:EpochTime": str(int(now)),
        "aws:PrincipalIsAWSService": "true" if principal.kind is Kind.SERVICE else "false",
        "aws:RequestedRegion": call.region,
        "aws:ResourceAccount": owner,
        # The emulator speaks HTTP on this machine only; what it stands for is HTTPS.
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "kms:CallerAccount": principal.account,
        "s3:ResourceAccount": owner,
    }
    values |= _of_principal(principal, identity)
    values |= source_facts(call)
    if call.http is not None and call.caller.service is None:
        values["aws:SourceIp"] = "127.0.0.1"
        for key, header in (("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")):
            if call.http.header(header):
                values[key] = call.http.header(header)
    return Facts(values | dict(demand.facts))


def source_facts(call: Call) -> dict[str, Value]:
    """Of a call between services: for which resource it is made."""
    caller = call.caller
    if caller.service is None:
        return {}
    values: dict[str, Value] = {"aws:SourceAccount": caller.account}
    if caller.source_arn is not None:
        values["aws:SourceArn"] = caller.source_arn
    if caller.role is None:
        values["aws:SourceOwner"] = caller.account
    elif any(each.gives_external_id for each in principal_owners().get(caller.service, ())):
        values["sts:ExternalId"] = caller.account  # A20
    return values


def _of_principal(principal: Principal, identity: Identity | None) -> dict[str, Value]:
    if principal.kind is Kind.SERVICE:
        return {"aws:PrincipalServiceName": principal.name}
    values: dict[str, Value] = {"aws:PrincipalType": _TYPES[principal.kind]}
    if principal.kind is Kind.ANONYMOUS:
        return values
    values["aws:PrincipalArn"] = principal.role_arn or principal.arn
    values["aws:PrincipalAccount"] = principal.account
    if principal.kind is Kind.USER:
        values["aws:username"] = principal.name
    if principal.kind is Kind.SESSION:
        values["aws:MultiFactorAuthPresent"] = "false"
        if principal.issued:
            values["aws:TokenIssueTime"] = _iso(principal.issued)
        if principal.function_arn:
            values["lambda:SourceFunctionArn"] = principal.function_arn
    for name, value in identity.tags.items() if identity is not None else ():
        values[f"aws:PrincipalTag/{name}"] = value
    return values


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
