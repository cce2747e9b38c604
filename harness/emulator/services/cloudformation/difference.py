"""What a deployment would change of a stack, told before it is done: the changes of a change set."""

from __future__ import annotations

import json

from harness.emulator.services.cloudformation.blueprint import Blueprint, Definition
from harness.emulator.services.cloudformation.intrinsics import Symbolic, known_so_far, markers
from harness.emulator.services.cloudformation.model import Deployment, Stack, StackResource
from harness.emulator.services.cloudformation.resources.registry import type_of
from harness.json_object import Json

_BEFORE, _AFTER = "BeforeContext", "AfterContext"


def changes(stack: Stack, deployment: Deployment, blueprint: Blueprint) -> list[Json]:
    """The `Changes` of DescribeChangeSet: Add, Modify and Remove, in template order, removals last."""
    found: list[Json] = []
    replaced: set[str] = set()
    tags_changed = stack.deployed is not None and stack.deployed.tags != deployment.tags
    for definition in blueprint.definitions.values():
        resource = stack.resources.get(definition.logical_id)
        if resource is None:
            added: Json = {"Scope": [], "Details": [], _AFTER: _context(blueprint, definition)}
            found.append(_change("Add", definition.logical_id, definition.type, None, added))
            continue
        modification = _modification(resource, definition, replaced, tags_changed)
        if modification is None:
            continue
        if modification["Replacement"] == "True":
            replaced.add(definition.logical_id)
        modification |= {_BEFORE: _properties(resource.shown), _AFTER: _context(blueprint, definition)}
        found.append(_change("Modify", resource.logical_id, resource.type, resource.physical_id, modification))
    for resource in stack.resources.values():
        if resource.logical_id not in blueprint.definitions and resource.status != "DELETE_COMPLETE":
            policy = {"PolicyAction": "Retain" if resource.deletion_policy == "Retain" else "Delete"}
            more: Json = {"Scope": [], "Details": [], **policy, _BEFORE: _properties(resource.shown)}
            found.append(_change("Remove", resource.logical_id, resource.type, resource.physical_id, more))
    return found


def without_contexts(change: Json) -> Json:
    """A change without the property values, which are only told to who asks for them."""
    told = {name: value for name, value in change["ResourceChange"].items() if name not in (_BEFORE, _AFTER)}
    return {**change, "ResourceChange": told}


def _context(blueprint: Blueprint, definition: Definition) -> str:
    """The properties that a resource will have; what is not known before says so."""
    shown = json.loads(blueprint.shown(definition, Symbolic()))
    return _properties(json.dumps(known_so_far(shown), separators=(",", ":")))


def _properties(shown: str) -> str:
    return f'{{"Properties":{shown}}}'


def has_changes(stack: Stack, deployment: Deployment, blueprint: Blueprint) -> bool:
    """Whether an update has anything to do: resources, outputs or tags."""
    if stack.deployed is None or stack.status.endswith("_FAILED"):
        return True
    if stack.deployed.tags != deployment.tags or changes(stack, deployment, blueprint):
        return True
    if Blueprint(stack.deployed, stack).symbolic_outputs != blueprint.symbolic_outputs:
        return True
    return any(
        (resource.deletion_policy, resource.update_replace_policy)
        != (definition.deletion_policy, definition.update_replace_policy)
        for definition in blueprint.definitions.values()
        if (resource := stack.resources.get(definition.logical_id)) is not None
    )


def _change(action: str, logical_id: str, kind: str, physical_id: str | None, more: Json) -> Json:
    change: Json = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": kind, **more}
    if physical_id is not None:
        change["PhysicalResourceId"] = physical_id
    return {"Type": "Resource", "ResourceChange": change}


def _modification(
    resource: StackResource, definition: Definition, replaced: set[str], tags_changed: bool
) -> Json | None:
    """Scope, Replacement and Details of a resource that the stack has; None if nothing changes."""
    kind = type_of(definition.type)
    old = resource.symbolic if isinstance(resource.symbolic, dict) else {}
    new = definition.symbolic if isinstance(definition.symbolic, dict) else {}
    scope: list[str] = []
    details: list[Json] = []
    replacement = "False"
    for name in sorted({*old, *new}):
        entities = [parts[1] for parts in markers(new.get(name)) if parts[1] in replaced]
        if old.get(name) == new.get(name) and not entities:
            continue
        recreated = kind.update is None or name in kind.replaced_by
        if recreated:
            # What refers to a replaced resource may turn out to be the same value.
            replacement = "True" if old.get(name) != new.get(name) else max(replacement, "Conditional", key=_weight)
        target = {
            "Attribute": "Properties",
            "Name": name,
            "RequiresRecreation": "Always" if recreated else "Never",
        }
        detail: Json = {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}
        if entities:
            detail = {
                "Target": target,
                "Evaluation": "Dynamic",
                "ChangeSource": "ResourceReference",
                "CausingEntity": entities[0],
            }
        details.append(detail)
    if details:
        scope.append("Properties")
    if tags_changed and "Tags" in kind.properties.members:
        scope.append("Tags")
        target = {"Attribute": "Tags", "RequiresRecreation": "Never"}
        details.append({"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"})
    if not scope:
        return None
    return {"Scope": scope, "Details": details, "Replacement": replacement}


def _weight(replacement: str) -> int:
    return ("False", "Conditional", "True").index(replacement)
