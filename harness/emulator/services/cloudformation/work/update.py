"""Updating a stack, and going back to the previous template if that fails."""

from __future__ import annotations

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.base import reason_of
from harness.emulator.services.cloudformation.blueprint import Blueprint
from harness.emulator.services.cloudformation.model import Undo
from harness.emulator.services.cloudformation.work.create import check_imports
from harness.emulator.services.cloudformation.work.delete import remove_all
from harness.emulator.services.cloudformation.work.outputs import worked_out
from harness.emulator.services.cloudformation.work.steps import StepFailed, Steps

_UNFINISHED = ("CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED")


async def update(steps: Steps, blueprint: Blueprint) -> None:
    """Bring a stack that is UPDATE_IN_PROGRESS to its target."""
    stack = steps.stack
    failed: list[str] = []
    try:
        check_imports(steps, blueprint)
        for definition in blueprint.definitions.values():
            logical_id = definition.logical_id
            failed = [logical_id]
            present = stack.resources.get(logical_id)
            if present is not None and present.status not in _UNFINISHED:
                await steps.change(blueprint, definition)
                continue
            if present is not None and present.physical_id is not None and present.status == "CREATE_FAILED":
                stack.surplus.append(present)
            stack.undo.append(Undo("created", logical_id, None))
            await steps.make(blueprint, definition)
        outputs = worked_out(steps.service, stack, blueprint)
    except StepFailed as failure:
        made = stack.resources[failure.logical_id].status == "CREATE_FAILED"
        verb = "create" if made else "update"
        await update_failed(steps, f"The following resource(s) failed to {verb}: {_list(failed)}.")
    except AwsError as error:
        await update_failed(steps, reason_of(error))
    else:
        gone = [one for logical_id, one in stack.resources.items() if logical_id not in blueprint.definitions]
        stack.surplus += gone
        for one in gone:
            del stack.resources[one.logical_id]
        stack.outputs, stack.undo = outputs, []
        stack.deployed, stack.target = stack.target, None
        steps.status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        await clean_up(steps, "UPDATE_COMPLETE")


async def update_failed(steps: Steps, why: str) -> None:
    """Go back, or stay where it is if rollback is disabled."""
    if steps.stack.disable_rollback:
        steps.status("UPDATE_FAILED", why)
        return
    steps.status("UPDATE_ROLLBACK_IN_PROGRESS", why)
    await roll_back(steps)


async def roll_back(steps: Steps) -> None:
    """Take the steps of a failed update back, the last one first; what it made anew goes in the clean-up."""
    stack = steps.stack
    stack.target = None  # what is written from now on has the tags of the deployed template
    replaced = [undo.before for undo in stack.undo if undo.kind == "replaced"]
    physical_ids = {before.physical_id for before in replaced if before is not None}
    stack.surplus = [one for one in stack.surplus if one.physical_id not in physical_ids]
    failed: list[str] = []
    while stack.undo:
        undo = stack.undo[-1]
        current = stack.resources[undo.logical_id]
        before = undo.before
        if before is None:
            stack.surplus.append(stack.resources.pop(undo.logical_id))
        elif undo.kind == "updated":
            if not await steps.revert(current, before):
                failed.append(undo.logical_id)
        else:
            if current.physical_id is not None and current.physical_id != before.physical_id:
                stack.surplus.append(current)
            stack.resources[undo.logical_id] = before
            steps.mark(before, "UPDATE_COMPLETE")
        stack.undo.pop()
    for resource in stack.resources.values():
        if resource.status == "UPDATE_FAILED" and resource.logical_id not in failed:
            steps.mark(resource, "UPDATE_COMPLETE")  # it failed before anything of it was changed
    if failed:
        steps.status("UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: {_list(failed)}.")
        return
    steps.status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    await clean_up(steps, "UPDATE_ROLLBACK_COMPLETE")


async def clean_up(steps: Steps, done: str) -> None:
    """Delete what is left over. A failure is told by an event and changes nothing, as on AWS."""
    stack = steps.stack
    await remove_all(steps, stack.surplus, new=done == "UPDATE_ROLLBACK_COMPLETE")
    stack.surplus = []
    steps.status(done)


def _list(logical_ids: list[str]) -> str:
    return f"[{', '.join(logical_ids)}]"
