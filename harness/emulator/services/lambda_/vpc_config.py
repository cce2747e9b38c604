"""VpcConfig: checked, kept and shown as AWS does it (C1). There is no VPC here: the function's processes run on this
machine whatever it says (docs/kept.md)."""

from __future__ import annotations

import hashlib

from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.model import Vpc
from harness.json_object import Json


def read(given: Json) -> Vpc:
    """Raises InvalidParameterValueException when subnets come without security groups or the other way round."""
    subnets, groups = tuple(given.get("SubnetIds") or ()), tuple(given.get("SecurityGroupIds") or ())
    if bool(subnets) != bool(groups):
        raise names.invalid("SubnetIds and SecurityIds must coexist or be both empty list.")
    return Vpc(subnets, groups, bool(given.get("Ipv6AllowedForDualStack")))


def describe(vpc: Vpc, account: str, region: str) -> Json:
    """VpcConfigResponse. EC2 is not emulated, so the VpcId is made up: one VPC per account and region."""
    made_up = f"vpc-{hashlib.sha256(f'{account}/{region}'.encode()).hexdigest()[:17]}"
    return {
        "SubnetIds": list(vpc.subnet_ids),
        "SecurityGroupIds": list(vpc.security_group_ids),
        "VpcId": made_up if vpc.subnet_ids else "",
        "Ipv6AllowedForDualStack": vpc.ipv6,
    }
