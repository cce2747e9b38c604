"""Creating a stack, and going back if that fails."""

from __future__ import annotations

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.base import reason_of
from harness.emulator.services.cloudformation.blueprint import Blueprint
from harness.emulator.services.cloudformation.work.delete import remove_all
from harness.emulator.services.cloudformation.work.live import Live
from harness.emulator.services.cloudformation.work.outputs import worked_out
from harness.emulator.services.cloudformation.work.steps import StepFailed, Steps

_ROLLBACK = "Rollback requested by user."


async def create(steps: Steps, blueprint: Blueprint) -> None:
    """Make all resources of a stack that is CREATE_IN_PROGRESS."""
    stack = steps.stack
    try:
        check_imports(steps, blueprint)
        for definition in blueprint.definitions.values():
            await steps.make(blueprint, definition)
        stack.outputs = worked_out(steps.service, stack, blueprint)
    except StepFailed as failure:
        await creation_failed(steps, f"The following resource(s) failed to create: [{failure.logical_id}].")
    except AwsError as error:
        await creation_failed(steps, reason_of(error))
    else:
        stack.deployed, stack.target = stack.target, None
        steps.status("CREATE_COMPLETE")


async def creation_failed(steps: Steps, why: str) -> None:
    """What `OnFailure` says: stay, roll back or delete."""
    on_failure = steps.stack.on_failure
    if on_failure == "DO_NOTHING":
        steps.status("CREATE_FAILED", why)
    elif on_failure == "DELETE":
        steps.status("DELETE_IN_PROGRESS", f"{why} Delete requested by user.")
        await take_down(steps, "DELETE_COMPLETE", "DELETE_FAILED")
    else:
        steps.status("ROLLBACK_IN_PROGRESS", f"{why} {_ROLLBACK}")
        await take_down(steps, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")


async def take_down(steps: Steps, done: str, failed: str) -> None:
    """Delete all that a failed creation made."""
    left = await remove_all(steps, list(steps.stack.resources.values()), new=True)
    if left:
        steps.status(failed, f"The following resource(s) failed to delete: [{', '.join(left)}].")
        return
    steps.stack.outputs = []
    if done == "DELETE_COMPLETE":
        steps.stack.deleted = steps.world.clock.now()
    steps.status(done)


def check_imports(steps: Steps, blueprint: Blueprint) -> None:
    """Raises ValidationError for an export that is not there, before anything is made."""
    live = Live(steps.service, steps.stack)
    for name in blueprint.imports:
        live.imported(name)
