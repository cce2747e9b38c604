"""iam:PassRole: who hands a role to a service must be allowed to (A20)."""

from __future__ import annotations

from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.service_registry import descriptor_of

_MEMBERS = frozenset(("credentials", "credentialsarn", "role", "rolearn", "value"))


def passed_roles(asked: Asked) -> list[RequiredAction]:
    """One demand for each role in the call's members."""
    service = descriptor_of(asked.call.service)
    if asked.operation not in service.passes_roles:
        return []
    facts = {"iam:PassedToService": service.principal}
    return [RequiredAction("iam:PassRole", arn, facts) for arn in sorted(_roles(asked.params))]


def _roles(value: object, member: str = "") -> set[str]:
    if isinstance(value, dict):
        if "ParameterName" in value:  # a processor's
            return _roles(value.get("ParameterValue"), str(value["ParameterName"]))
        return {arn for name, item in value.items() for arn in _roles(item, str(name))}
    if isinstance(value, list):
        return {arn for item in value for arn in _roles(item, member)}
    if isinstance(value, str) and member.lower() in _MEMBERS and ":iam::" in value and ":role/" in value:
        return {value}
    return set()
