"""Callers that wait for a process while their function changes, or while none can be started."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from harness.emulator.build import build_world
from harness.emulator.call import Caller
from harness.emulator.errors import AwsError
from harness.emulator.services.lambda_.execution.fleet import Fleet
from harness.emulator.world import World

PATIENCE = 60.0  # real seconds; whoever waits for ever is found after them
CALLER = Caller(access_key="test")


def archive(body: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(zipfile.ZipInfo("main.py"), body)
    return out.getvalue()


def run(scenario: Callable[[World], Awaitable[None]]) -> None:
    async def begin() -> None:
        world = build_world("manual", 3, 0.0)
        await world.start()
        try:
            await world.bus.call(
                "lambda",
                "CreateFunction",
                {
                    "FunctionName": "one",
                    "Runtime": "python3.11",
                    "Role": "arn:aws:iam::000000000000:role/lambda",
                    "Handler": "main.handler",
                    "Code": {"ZipFile": archive("def handler(event, context): return 'old'\n")},
                },
                CALLER,
            )
            await asyncio.wait_for(scenario(world), PATIENCE)
        finally:
            await world.stop()

    asyncio.run(begin())


def invoke(world: World, kind: str) -> Awaitable[dict[str, Any]]:
    return world.bus.call("lambda", "Invoke", {"FunctionName": "one", "InvocationType": kind, "Payload": b"{}"}, CALLER)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("UpdateFunctionCode", {"ZipFile": archive("def handler(event, context): return 'new'\n")}),
        ("DeleteFunction", {}),
    ],
)
def test_an_accepted_event_ends_although_its_code_is_replaced(operation: str, parameters: dict[str, Any]) -> None:
    """C2, C7: the event was taken from the queue and waits for its first process; the package leaves the store."""

    async def scenario(world: World) -> None:
        await invoke(world, "Event")
        await asyncio.sleep(0)
        await world.bus.call("lambda", operation, {"FunctionName": "one", **parameters}, CALLER)
        await world.clock.quiesce()
        assert list(world.store.table("lambda.async_events").values()) == []

    run(scenario)


def test_who_waits_hears_that_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise OSError("no space left on device")

    monkeypatch.setattr(Fleet, "_unpacked", broken)

    async def scenario(world: World) -> None:
        with pytest.raises(AwsError) as refused:
            await invoke(world, "RequestResponse")
        assert (refused.value.code, refused.value.status) == ("ServiceException", 500)

    run(scenario)
