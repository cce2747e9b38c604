"""Operations that were under way when the emulator ended: a restart goes on with them.

What was being created or changed at that moment counts as failed, so the stack rolls back; a rollback, a clean-up or a
deletion goes on where it was.
"""

from __future__ import annotations

from harness.emulator.services.cloudformation.work.create import creation_failed, take_down
from harness.emulator.services.cloudformation.work.delete import delete
from harness.emulator.services.cloudformation.work.steps import Steps
from harness.emulator.services.cloudformation.work.update import clean_up, roll_back, update_failed

_WHY = "The emulator was stopped during the operation."


async def resume(steps: Steps) -> None:
    """Bring a stack that is in progress to an end."""
    status = steps.stack.status
    for resource in list(steps.stack.resources.values()):
        if resource.status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
            steps.mark(resource, resource.status.replace("IN_PROGRESS", "FAILED"), _WHY)
    if status == "CREATE_IN_PROGRESS":
        await creation_failed(steps, _WHY)
    elif status == "ROLLBACK_IN_PROGRESS":
        await take_down(steps, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
    elif status == "DELETE_IN_PROGRESS":
        await delete(steps)
    elif status == "UPDATE_IN_PROGRESS":
        await update_failed(steps, _WHY)
    elif status == "UPDATE_ROLLBACK_IN_PROGRESS":
        await roll_back(steps)
    elif status.endswith("_CLEANUP_IN_PROGRESS"):
        await clean_up(steps, status.removesuffix("_CLEANUP_IN_PROGRESS"))
