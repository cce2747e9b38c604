"""Taking away: what may be gone already (a rollback removes parts of which not all were made), what goes slowly."""

from __future__ import annotations

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.resources.resource import Context
from harness.emulator.services.cloudformation.work.reasons import is_gone
from harness.json_object import Json


async def remove(ctx: Context, service: str, operation: str, params: Json) -> None:
    """Call an operation that takes something away; that there is nothing to take away is fine."""
    try:
        await ctx.call(service, operation, params)
    except AwsError as error:
        if not is_gone(error):
            raise


async def until_gone(ctx: Context, service: str, operation: str, params: Json) -> None:
    """Wait until `operation`, which describes a resource, finds none: its deletion takes time."""

    async def gone() -> bool:
        try:
            return not await ctx.call(service, operation, params)
        except AwsError as error:
            if not is_gone(error):
                raise
            return True

    await ctx.until(gone, f"{service} {', '.join(map(str, params.values()))}")
