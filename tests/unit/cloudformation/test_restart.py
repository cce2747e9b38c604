"""Stacks over a restart: what a state folder keeps, and operations that were under way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from harness.emulator.build import build_world
from harness.emulator.call import Caller
from harness.emulator.world import World
from harness.json_object import Json
from tests.unit.test_journal_world import Run
from tests.unit.test_journal_world import run as run_in_folder


def template(count: int, delay: int = 0) -> str:
    """Queues that are made one after the other."""
    queues = {
        f"Q{index}": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": f"q{index}", "DelaySeconds": delay},
            **({"DependsOn": f"Q{index - 1}"} if index else {}),
        }
        for index in range(count)
    }
    return json.dumps({"Resources": queues})


def run(scenario: Callable[[World], Awaitable[None]]) -> None:
    async def begin() -> None:
        world = build_world("manual", 5, 10.0)
        await world.start()
        try:
            with world.clock.working():
                await scenario(world)
        finally:
            await world.stop()

    asyncio.run(begin())


async def call(world: World, operation: str, **params: Any) -> Json:
    return await world.bus.call("cloudformation", operation, params, Caller(access_key="test"))


async def status(world: World, name: str = "s") -> str:
    return str((await call(world, "DescribeStacks", StackName=name))["Stacks"][0]["StackStatus"])


async def queues(world: World) -> list[str]:
    answer = await world.bus.call("sqs", "ListQueues", {}, Caller(access_key="test"))
    return sorted(url.rpartition("/")[2] for url in answer.get("QueueUrls", []))


async def pass_time(world: World, seconds: float) -> None:
    await world.clock.wait(asyncio.ensure_future(world.clock.advance(seconds)))


def test_a_finished_stack_is_there_after_a_restore() -> None:
    async def scenario(world: World) -> None:
        created = await call(world, "CreateStack", StackName="s", TemplateBody=template(2))
        await pass_time(world, 100)
        state = world.dump()
        await world.restore(None)
        await world.restore(state)
        assert await status(world, created["StackId"]) == "CREATE_COMPLETE"
        await call(world, "UpdateStack", StackName="s", TemplateBody=template(2, delay=5))
        await pass_time(world, 100)
        assert await status(world) == "UPDATE_COMPLETE"

    run(scenario)


def test_a_creation_under_way_is_rolled_back_after_a_restore() -> None:
    async def scenario(world: World) -> None:
        await call(world, "CreateStack", StackName="s", TemplateBody=template(3))
        await pass_time(world, 15)
        assert await queues(world) == ["q0", "q1"]
        await world.restore(world.dump())
        await pass_time(world, 100)
        assert await status(world) == "ROLLBACK_COMPLETE"
        assert await queues(world) == []
        events = (await call(world, "DescribeStackEvents", StackName="s"))["StackEvents"]
        reasons = [event.get("ResourceStatusReason") for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
        assert reasons == ["The emulator was stopped during the operation."]

    run(scenario)


@pytest.mark.parametrize("after", [5.0, 15.0, 25.0])
def test_an_update_under_way_goes_back_after_a_restore(after: float) -> None:
    async def scenario(world: World) -> None:
        await call(world, "CreateStack", StackName="s", TemplateBody=template(3))
        await pass_time(world, 100)
        await call(world, "UpdateStack", StackName="s", TemplateBody=template(3, delay=7))
        await pass_time(world, after)
        await world.restore(world.dump())
        await pass_time(world, 200)
        assert await status(world) == "UPDATE_ROLLBACK_COMPLETE"
        for name in await queues(world):
            params = {"QueueUrl": f"http://x/000000000000/{name}", "AttributeNames": ["DelaySeconds"]}
            answer = await world.bus.call("sqs", "GetQueueAttributes", params, Caller(access_key="test"))
            assert answer["Attributes"]["DelaySeconds"] == "0"

    run(scenario)


def test_a_deletion_under_way_goes_on_after_a_restore() -> None:
    async def scenario(world: World) -> None:
        created = await call(world, "CreateStack", StackName="s", TemplateBody=template(3))
        await pass_time(world, 100)
        await call(world, "DeleteStack", StackName="s")
        await pass_time(world, 15)
        await world.restore(world.dump())
        await pass_time(world, 100)
        assert await status(world, created["StackId"]) == "DELETE_COMPLETE"
        assert await queues(world) == []

    run(scenario)


@pytest.mark.parametrize("transition_seconds", [0.0, 10.0])
def test_the_state_folder_has_what_is_live_at_every_moment(transition_seconds: float) -> None:
    """As tests/unit/test_journal_world.py: a row that is changed and not put again shows up here."""

    async def scenario(running: Run) -> None:
        async def step(operation: str, **params: Any) -> None:
            await running.call("cloudformation", operation, **params)
            for _ in range(12):
                running.check()
                await running.world.clock.advance(5)
            running.check()

        await running.call("logs", "CreateLogGroup", logGroupName="/taken")
        bad = json.loads(template(2, delay=9))
        log = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/taken"}, "DependsOn": "Q1"}
        bad["Resources"]["Log"] = log
        await step("CreateStack", StackName="s", TemplateBody=template(2))
        await step("UpdateStack", StackName="s", TemplateBody=template(3, delay=1))
        await step("UpdateStack", StackName="s", TemplateBody=json.dumps(bad))
        await step("CreateChangeSet", StackName="s", ChangeSetName="c", TemplateBody=template(1))
        await step("ExecuteChangeSet", StackName="s", ChangeSetName="c")
        await step("DeleteStack", StackName="s")

    run_in_folder(scenario, transition_seconds)
