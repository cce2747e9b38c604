"""What all parts of CloudFormation share: looking stacks up, saving them, the operations under way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError, NotEmulated, constraint
from harness.emulator.errors import validation_error as constraints_violated
from harness.emulator.service import Service
from harness.emulator.services.cloudformation.errors import validation_error
from harness.emulator.services.cloudformation.model import ChangeSet, Stack
from harness.emulator.store import Table
from harness.emulator.world import World
from harness.json_object import Json

_PAGE = 100
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_NAME_LENGTH = 128


class Superseded(Exception):
    """An operation's work ends because another one has taken the stack over."""


class Base(Service):
    name = "cloudformation"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.stacks: Table[str, Stack] = world.store.table("cloudformation.stacks")
        """By stack id; deleted stacks stay, as on AWS."""
        self.change_sets: Table[str, ChangeSet] = world.store.table("cloudformation.change_sets")
        """By change set id."""
        self._idle: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    # -- stacks -----------------------------------------------------------------------------------------------

    def stacks_of(self, call: Call) -> list[Stack]:
        """The caller's stacks in the region, newest first, deleted ones too."""
        return self.stacks_in(call.account, call.region)

    def stacks_in(self, account: str, region: str) -> list[Stack]:
        found = [stack for stack in self.stacks.values() if (stack.account, stack.region) == (account, region)]
        return found[::-1]

    def lookup(self, call: Call, name_or_id: str) -> Stack | None:
        """A stack by its name (if it is not deleted) or by its id."""
        for stack in self.stacks_of(call):
            if stack.stack_id == name_or_id or (stack.name == name_or_id and stack.status != "DELETE_COMPLETE"):
                return stack
        return None

    def find(self, call: Call, name_or_id: str) -> Stack:
        """Raises ValidationError in the words of the reading operations."""
        stack = self.lookup(call, name_or_id)
        if stack is None:
            raise validation_error(f"Stack with id {name_or_id} does not exist")
        return stack

    def find_to_change(self, call: Call, name_or_id: str) -> Stack:
        """Raises ValidationError in the words of the changing operations."""
        stack = self.lookup(call, name_or_id)
        if stack is None or stack.status == "DELETE_COMPLETE":
            raise validation_error(f"Stack [{name_or_id}] does not exist")
        return stack

    def save(self, stack: Stack) -> None:
        self.stacks.put(stack.stack_id, stack)

    def drop_change_set(self, change_set: ChangeSet) -> None:
        """Delete it, with what was kept of it."""
        self.change_sets.delete(change_set.change_set_id)
        self.world.kept.forget(self.name, change_set.change_set_id)

    def new_stack_id(self, call: Call, name: str) -> str:
        return f"arn:aws:cloudformation:{call.region}:{call.account}:stack/{name}/{self.world.new_id()}"

    # -- operations under way ---------------------------------------------------------------------------------

    def run(self, stack: Stack, work: Coroutine[Any, Any, None]) -> None:
        """Do an operation's work in the background, after the one before it has noticed that it is superseded.

        Reading operations see what it does without virtual time.
        """
        idle = self._idle[stack.stack_id] = asyncio.Event()
        before = self._tasks.get(stack.stack_id)

        async def watched() -> None:
            try:
                if before is not None and not before.done():
                    idle.set()
                    await self.world.clock.wait(asyncio.wait([before]))
                    idle.clear()
                await work
            except Superseded:
                pass
            finally:
                work.close()
                idle.set()

        self._tasks[stack.stack_id] = self.world.clock.spawn(watched(), name=f"cloudformation {stack.name}")

    async def pause(self, stack: Stack, seconds: float, name: str) -> None:
        """Wait in an operation's work; meanwhile readers are answered."""
        idle = self._idle[stack.stack_id]
        idle.set()
        try:
            await self.world.clock.sleep(seconds, name=name, data=False)
        finally:
            idle.clear()

    async def caught_up(self, stack: Stack) -> None:
        """Until the stack's operation is done or waits for virtual time: what takes none is there at the next call."""
        idle = self._idle.get(stack.stack_id)
        if idle is not None and not idle.is_set():
            await self.world.clock.wait(idle.wait())

    def operator(self, caller: Caller, role_arn: str | None, stack_id: str) -> Caller:
        """Who makes the calls for a stack: its service role, else whoever operates it."""
        if role_arn is None:
            return caller
        return caller.on_behalf("cloudformation.amazonaws.com", role=role_arn, source_arn=stack_id)


def check_stack_name(name: str) -> None:
    """Raises ValidationError."""
    problems = []
    if not _NAME.fullmatch(name):
        text = "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        problems.append(constraint(name, "stackName", text))
    if len(name) > _NAME_LENGTH:
        text = f"Member must have length less than or equal to {_NAME_LENGTH}"
        problems.append(constraint(name, "stackName", text))
    if problems:
        raise validation_error(str(constraints_violated(problems).message))


def page(items: list[Json], member: str, next_token: str | None) -> Json:
    """One page of a listing; tokens are positions. Raises ValidationError."""
    if next_token is not None and not next_token.isdigit():
        raise validation_error("Invalid NextToken")
    start = int(next_token or 0)
    result: Json = {member: items[start : start + _PAGE]}
    if start + _PAGE < len(items):
        result["NextToken"] = str(start + _PAGE)
    return result


def refuse_given(what: Json) -> None:
    """Members that clients send empty by habit are refused when they hold something. Raises NotEmulated."""
    for name, value in what.items():
        if value:
            raise NotEmulated("cloudformation", name)


def tag_map(tags: list[Json] | None) -> dict[str, str]:
    """`[{"Key", "Value"}]` as a dict. Raises ValidationError."""
    result: dict[str, str] = {}
    for tag in tags or []:
        if tag["Key"].startswith("aws:"):
            raise validation_error("aws: prefixed tag key names are not allowed for external use.")
        result[tag["Key"]] = tag["Value"]
    return result


def tag_list(tags: dict[str, str]) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def reason_of(error: AwsError) -> str:
    """The sentence of an error."""
    return error.message or error.code
