"""A stack's outputs, and the exports among them that other stacks use."""

from __future__ import annotations

import json
from typing import Any

from harness.emulator.services.cloudformation.base import Base
from harness.emulator.services.cloudformation.blueprint import Blueprint
from harness.emulator.services.cloudformation.errors import template_error, validation_error
from harness.emulator.services.cloudformation.intrinsics import Resolver
from harness.emulator.services.cloudformation.model import Stack
from harness.emulator.services.cloudformation.work.live import Live
from harness.json_object import Json


def worked_out(service: Base, stack: Stack, blueprint: Blueprint) -> list[Json]:
    """The outputs of a stack whose resources are there. Raises ValidationError, also for exports that collide."""
    resolver = blueprint.resolver(Live(service, stack))
    outputs = []
    for name, body in blueprint.outputs.items():
        output: Json = {"OutputKey": name, "OutputValue": _text(resolver, body["Value"], name)}
        if body.get("Description"):
            output["Description"] = body["Description"]
        if body.get("Export"):
            output["ExportName"] = _text(resolver, body["Export"].get("Name"), name)
        outputs.append(output)
    _check_exports(service, stack, {one["ExportName"]: one["OutputValue"] for one in outputs if "ExportName" in one})
    return outputs


def importers(service: Base, stack: Stack, export: str) -> list[str]:
    """The names of the stacks in the same region that use an export, sorted."""
    users = []
    for other in service.stacks_in(stack.account, stack.region):
        deployment = other.deployed or other.target
        if other is not stack and other.status != "DELETE_COMPLETE" and deployment and export in deployment.imports:
            users.append(other.name)
    return sorted(users)


def _check_exports(service: Base, stack: Stack, new: dict[str, str]) -> None:
    for name in new:
        for other in service.stacks_in(stack.account, stack.region):
            if other is not stack and other.status != "DELETE_COMPLETE" and name in other.exports:
                raise validation_error(f"Export with name {name} is already exported by stack {other.name}.")
    for name, value in stack.exports.items():
        users = importers(service, stack, name) if new.get(name) != value else []
        if users:
            verb = "updated" if name in new else "deleted"
            raise validation_error(f"Export {name} cannot be {verb} as it is in use by {' and '.join(users)}")


def _text(resolver: Resolver, value: Any, name: str) -> str:
    resolved = resolver.resolve(value)
    if isinstance(resolved, bool | int | float):
        return json.dumps(resolved)
    if not isinstance(resolved, str):
        raise template_error(
            f"Output {name} is malformed. The Value field of every Outputs member must evaluate to a String."
        )
    return resolved
