"""Functions that an HTTP API calls: integrations and authorizers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.call import Call, Caller
from harness.emulator.services.apigatewayv2.execution.event import Exchange
from harness.emulator.spec.encode import json_bytes
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World


async def invoke(world: World, uri: str, event: Json, x: Exchange, caller: Caller) -> Json:
    """The output members of Invoke. Raises AwsError."""
    params = {
        "FunctionName": _function_arn(uri),
        "InvocationType": "RequestResponse",
        "Payload": json_bytes(event),
    }
    return await call(world, "lambda", "Invoke", params, x, caller)


async def call(world: World, service: str, operation: str, params: Json, x: Exchange, caller: Caller) -> Json:
    """Call another service over the bus, and note it as part of this request. Raises AwsError."""
    made = Call(service, operation, params, caller, world.new_id())
    world.trace.called(x.request_id, made.request_id, service, operation)
    return await world.bus.run(made)


def _function_arn(uri: str) -> str:
    """The function's ARN out of a plain ARN or the `…:lambda:path/…/functions/<arn>/invocations` form."""
    if "/functions/" in uri:
        return uri.partition("/functions/")[2].removesuffix("/invocations")
    return uri
