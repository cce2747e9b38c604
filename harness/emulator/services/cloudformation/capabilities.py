"""Which capabilities a template needs the caller to acknowledge."""

from __future__ import annotations

from harness.emulator.services.cloudformation.errors import insufficient_capabilities
from harness.emulator.services.cloudformation.resources.registry import find_type
from harness.json_object import Json

IAM = "CAPABILITY_IAM"
NAMED_IAM = "CAPABILITY_NAMED_IAM"
AUTO_EXPAND = "CAPABILITY_AUTO_EXPAND"

_REASON = "The following resource(s) require capabilities: "


def needed(template: Json) -> list[str]:
    """CAPABILITY_NAMED_IAM if an IAM resource has a custom name, CAPABILITY_IAM if there is any, else nothing."""
    resources = iam_resources(template)
    if not resources:
        return []
    for body in resources:
        kind = find_type(body["Type"])
        name = kind.name_property if kind is not None else None
        if name is not None and name in body.get("Properties", {}):
            return [NAMED_IAM]
    return [IAM]


def iam_resources(template: Json) -> list[Json]:
    return [body for body in template["Resources"].values() if str(body.get("Type")).startswith("AWS::IAM::")]


def reason(template: Json) -> str:
    """What GetTemplateSummary and ValidateTemplate say of the capabilities."""
    kinds = sorted({body["Type"] for body in iam_resources(template)})
    return f"{_REASON}[{', '.join(kinds)}]"


def check(template: Json, given: list[str]) -> None:
    """Raises InsufficientCapabilitiesException. CAPABILITY_NAMED_IAM includes CAPABILITY_IAM."""
    missing = [one for one in needed(template) if one not in given and not (one == IAM and NAMED_IAM in given)]
    if missing:
        raise insufficient_capabilities(missing)
