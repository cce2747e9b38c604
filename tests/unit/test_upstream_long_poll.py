"""SQS long polls where time runs: a sender wakes them, a hidden message's return wakes them, the deadline ends them."""

from __future__ import annotations

import asyncio
from typing import Any

from harness.emulator.call import Call, Caller
from harness.emulator.clock import Clock
from harness.emulator.upstream.moto_upstream import MotoUpstream
from harness.emulator.world import World

URL = "http://localhost/000000000000/q"


class Queue:
    """One queue in a World of its own."""

    def __init__(self, rate: float) -> None:
        self.world = World(clock=Clock("scaled", rate), seed=7)
        self.moto = MotoUpstream(self.world)

    async def call(self, operation: str, **params: Any) -> Any:
        with self.world.clock.working():
            return await self.moto.call(Call("sqs", operation, params, Caller(), self.world.new_id()))

    async def bodies(self, wait: int) -> list[str]:
        answer = await self.call("ReceiveMessage", QueueUrl=URL, WaitTimeSeconds=wait)
        return [message["Body"] for message in answer.get("Messages", [])]


def test_a_sender_wakes_the_poll() -> None:
    """E4: long poll; the message comes at once, not at the end of the wait."""

    async def scenario() -> None:
        queue = Queue(rate=1.0)
        await queue.call("CreateQueue", QueueName="q")
        poll = asyncio.create_task(queue.bodies(20))
        await queue.world.clock.quiesce()  # the poll waits
        await queue.call("SendMessage", QueueUrl=URL, MessageBody="m")
        assert await asyncio.wait_for(poll, 5) == ["m"]

    asyncio.run(scenario())


def test_the_deadline_is_virtual() -> None:
    """E4: 20 virtual seconds."""

    async def scenario() -> None:
        queue = Queue(rate=1000.0)
        await queue.call("CreateQueue", QueueName="q")
        start = queue.world.clock.now()
        assert await asyncio.wait_for(queue.bodies(20), 5) == []
        assert queue.world.clock.now() - start >= 20

    asyncio.run(scenario())


def test_a_returning_message_ends_the_poll() -> None:
    """E4: a message whose visibility timeout ends during the poll."""

    async def scenario() -> None:
        queue = Queue(rate=10.0)
        await queue.call("CreateQueue", QueueName="q", Attributes={"VisibilityTimeout": "5"})
        await queue.call("SendMessage", QueueUrl=URL, MessageBody="m")
        assert await queue.bodies(0) == ["m"]
        start = queue.world.clock.now()
        assert await asyncio.wait_for(queue.bodies(20), 20) == ["m"]
        assert queue.world.clock.now() - start < 20

    asyncio.run(scenario())


def test_a_reset_ends_the_poll() -> None:
    """Nobody waits for a queue that is gone."""

    async def scenario() -> None:
        queue = Queue(rate=1.0)
        await queue.call("CreateQueue", QueueName="q")
        poll = asyncio.create_task(queue.bodies(20))
        await queue.world.clock.quiesce()  # the poll waits
        queue.world.clock.stop()
        queue.moto.load(None)
        await asyncio.wait({poll}, timeout=5)
        assert poll.done()
        assert poll.exception() is not None

    asyncio.run(scenario())
