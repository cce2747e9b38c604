"""Access logs: one line per request in the stage's log group, written off the request's path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.emulator.api_gateway.callers import PRINCIPAL
from harness.emulator.call import Caller, HttpResponse
from harness.emulator.errors import AwsError
from harness.emulator.services.apigatewayv2.execution.event import Exchange
from harness.emulator.services.apigatewayv2.execution.service_integration import context_value
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]+)")


def write(world: World, settings: Json, x: Exchange, response: HttpResponse) -> None:
    """Queue the line; a missing log group loses it, as on AWS."""
    group = settings["DestinationArn"].split(":log-group:")[-1].removesuffix(":*")
    line = render(settings["Format"], x, response)
    world.clock.spawn(_put(world, x, group, line), name=f"access log of {x.api_id}")


def render(template: str, x: Exchange, response: HttpResponse) -> str:
    """The format with its `$context` variables replaced; `-` where a variable has no value."""
    own = {"status": str(response.status), "responseLength": str(len(response.body))}
    return _VARIABLE.sub(lambda v: own.get(v[1]) or context_value(v[1], x) or "-", template)


async def _put(world: World, x: Exchange, group: str, line: str) -> None:
    caller = Caller(x.account, x.region).on_behalf(PRINCIPAL)
    event = {"timestamp": int(x.now * 1000), "message": line}
    params = {"logGroupName": group, "logStreamName": x.stage.lstrip("$"), "logEvents": [event]}
    try:
        try:
            await world.bus.call("logs", "PutLogEvents", params, caller)
        except AwsError:
            stream = {"logGroupName": group, "logStreamName": params["logStreamName"]}
            await world.bus.call("logs", "CreateLogStream", stream, caller)
            await world.bus.call("logs", "PutLogEvents", params, caller)
    except AwsError:
        return
