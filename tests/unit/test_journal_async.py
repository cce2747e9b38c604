"""A queued asynchronous event is in the store until its failure was taken by the dead-letter queue (law 4)."""

from __future__ import annotations

import asyncio
from typing import Any

from harness.emulator.build import build_world
from harness.emulator.call import Call, Caller


def test_an_event_is_kept_until_the_dead_letter_queue_has_it() -> None:
    async def scenario() -> None:
        world = build_world("manual", 3)
        await world.start()
        kept: list[int] = []

        async def watch(call: Call, proceed: Any) -> Any:
            if call.operation == "SendMessage":
                kept.append(len(world.store.table("lambda.async_events")))
            return await proceed(call)

        world.bus.interceptors.append(watch)

        async def run(service: str, operation: str, **params: Any) -> Any:
            with world.clock.working():
                return await world.bus.call(service, operation, params, Caller())

        await run("sqs", "CreateQueue", QueueName="dead")
        await run(
            "lambda", "CreateFunction", FunctionName="f", Runtime="python3.11", Role="arn:aws:iam::000000000000:role/r",
            Handler="main.handler", Code={"ZipFile": package()},
            DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"},
        )  # fmt: skip
        await run("lambda", "PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
        await run("lambda", "Invoke", FunctionName="f", InvocationType="Event", Payload=b"{}")
        await world.clock.quiesce()
        assert kept == [1]
        assert len(world.store.table("lambda.async_events")) == 0
        await world.stop()

    asyncio.run(scenario())


def package() -> bytes:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("main.py", "def handler(event, context):\n    raise ValueError\n")
    return out.getvalue()
