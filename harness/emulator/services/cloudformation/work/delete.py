"""Deleting resources: a stack's, those that an update left over, those of a failed creation."""

from __future__ import annotations

from harness.emulator.services.cloudformation.dependencies import creation_order
from harness.emulator.services.cloudformation.errors import validation_error
from harness.emulator.services.cloudformation.model import Stack, StackResource
from harness.emulator.services.cloudformation.work.outputs import importers
from harness.emulator.services.cloudformation.work.steps import Steps


async def delete(steps: Steps) -> None:
    """Delete a stack that is DELETE_IN_PROGRESS."""
    stack = steps.stack
    for name in stack.exports:
        users = importers(steps.service, stack, name)
        if users:
            why = f"Delete canceled. Cannot delete export {name} as it is in use by {' and '.join(users)}."
            steps.status("DELETE_FAILED", why)
            return
    left = await remove_all(steps, [*stack.surplus, *stack.resources.values()])
    if left:
        steps.status("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(left)}].")
        return
    stack.deleted = steps.world.clock.now()
    stack.surplus, stack.undo, stack.outputs = [], [], []
    steps.status("DELETE_COMPLETE")


async def remove_all(steps: Steps, resources: list[StackResource], *, new: bool = False) -> list[str]:
    """Delete resources, each before what it depends on. Returns the logical ids of those that could not be deleted.

    What a failed one depends on is left alone. `new`: they were made by the operation that goes back now, so
    RetainExceptOnCreate does not keep them.
    """
    order = {logical_id: place for place, logical_id in enumerate(_order(resources))}
    failed: list[str] = []
    needed: set[str] = set()
    for resource in sorted(resources, key=lambda one: order[one.logical_id], reverse=True):
        if resource.status == "DELETE_COMPLETE":
            continue
        if resource.logical_id in needed:
            needed.update(resource.dependencies)
            continue
        if resource.logical_id in steps.stack.retained or _is_kept(resource, new):
            steps.mark(resource, "DELETE_SKIPPED")
        elif not await steps.remove(resource):
            failed.append(resource.logical_id)
            needed.update(resource.dependencies)
    return failed


def _is_kept(resource: StackResource, new: bool) -> bool:
    if resource.physical_id is None:
        return False
    return resource.deletion_policy == "Retain" or (resource.deletion_policy == "RetainExceptOnCreate" and not new)


def _order(resources: list[StackResource]) -> list[str]:
    dependencies: dict[str, list[str]] = {}
    for resource in resources:
        dependencies.setdefault(resource.logical_id, []).extend(resource.dependencies)
    return creation_order({name: [one for one in needed if one != name] for name, needed in dependencies.items()})


def check_retained(stack: Stack, retained: list[str]) -> None:
    """Raises ValidationError: resources are only retained by name after a deletion has failed."""
    if retained and stack.status != "DELETE_FAILED":
        raise validation_error(
            "Invalid operation on stack [" + stack.stack_id + "]. Specify the resources to retain only when the stack "
            "is in the DELETE_FAILED state."
        )
    unknown = [name for name in retained if name not in stack.resources]
    if unknown:
        raise validation_error(f"The following resources do not exist in the stack: [{', '.join(unknown)}]")
