"""Taking away what may be gone already: a rollback removes parts of which not all were made."""

from __future__ import annotations

from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.resources.resource import Context
from harness.emulator.services.cloudformation.work.reasons import is_gone


async def remove(ctx: Context, service: str, operation: str, params: dict[str, Any]) -> None:
    """Call an operation that takes something away; that there is nothing to take away is fine."""
    try:
        await ctx.call(service, operation, params)
    except AwsError as error:
        if not is_gone(error):
            raise
