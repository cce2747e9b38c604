"""The steps of which all operations consist: create, change or remove one resource, and write the stack's history."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from harness.emulator.call import Caller
from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.base import Superseded
from harness.emulator.services.cloudformation.blueprint import Blueprint, Definition
from harness.emulator.services.cloudformation.intrinsics import NO_VALUE
from harness.emulator.services.cloudformation.lookups import Lookups
from harness.emulator.services.cloudformation.model import Event, Stack, StackResource, Undo
from harness.emulator.services.cloudformation.resources.registry import type_of
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    ReplacementNeeded,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import MapOf
from harness.emulator.services.cloudformation.work.live import Live
from harness.emulator.services.cloudformation.work.reasons import is_gone, reason
from harness.json_object import Json

log = logging.getLogger(__name__)

STACK_TYPE = "AWS::CloudFormation::Stack"
_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."
_INITIATED = "Resource creation Initiated"
# Seconds between two events of a stack at least: the resolution of their timestamps.
_EVENT_STEP = 0.001
# Operations that change nothing begin with these.
_READING = ("Describe", "Get", "Head", "List")


class StepFailed(Exception):
    """A resource could not be made or changed; its row and an event tell why."""

    def __init__(self, logical_id: str) -> None:
        super().__init__(logical_id)
        self.logical_id = logical_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """The properties that a resource shall have, and the text of them that events show."""

    properties: Json
    shown: str

    def give(self, resource: StackResource) -> None:
        resource.properties, resource.shown = self.properties, self.shown


class Steps:
    """Steps on the resources of one stack, for one operation.

    A step raises Superseded once another operation (a deletion) has taken the stack over.
    """

    def __init__(self, service: Lookups, stack: Stack) -> None:
        self.service = service
        self.world = service.world
        self.stack = stack
        self._status = stack.status
        self._asked = ""  # the service that was called last
        self._wrote = False  # whether the step has changed anything

    # -- history ----------------------------------------------------------------------------------------------

    def begin(self, status: str) -> None:
        """The operation takes the stack over."""
        self._status = self.stack.status
        self.status(status, "User Initiated")

    def status(self, status: str, why: str | None = None) -> None:
        """The stack's status changes."""
        self._check_wanted()
        stack = self.stack
        self._status = stack.status = status
        stack.reason = why
        self._event(None, stack.name, stack.stack_id, STACK_TYPE, status, why)

    def mark(self, resource: StackResource, status: str, why: str | None = None) -> None:
        """A resource's status changes."""
        resource.status, resource.reason, resource.timestamp = status, why, self.world.clock.now()
        self._event(resource, resource.logical_id, resource.physical_id or "", resource.type, status, why)

    def _event(
        self, of: StackResource | None, logical_id: str, physical_id: str, kind: str, status: str, why: str | None
    ) -> None:
        """A line of history, `of` a resource or the stack. Each is later than the one before it, also on a clock that
        stands still: SAM waits for events that are later than the last one it knows, and shows an id once."""
        events = self.stack.events
        now = round(self.world.clock.now(), 3)
        if events:
            now = max(now, round(events[-1].timestamp + _EVENT_STEP, 3))
        if of is None:
            event_id, properties = self.world.new_id(), None
        else:
            moment = datetime.fromtimestamp(now, UTC)
            event_id = f"{logical_id}-{status}-{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
            properties = of.shown
        token = self.stack.token
        events.append(Event(event_id, logical_id, physical_id, kind, status, why, now, properties, token))
        self.service.save(self.stack)

    def _check_wanted(self) -> None:
        if self.stack.status != self._status:
            raise Superseded

    # -- one resource -----------------------------------------------------------------------------------------

    async def make(self, blueprint: Blueprint, definition: Definition) -> None:
        """Create a resource that the stack does not have. Raises StepFailed."""
        self._check_wanted()
        resource = StackResource(definition.logical_id, definition.type, "", self.world.clock.now())
        self.stack.resources[definition.logical_id] = resource
        _describe(resource, definition)
        self.mark(resource, "CREATE_IN_PROGRESS")
        try:
            (await self._wanted(blueprint, definition)).give(resource)
            await self._create(resource, "CREATE_IN_PROGRESS")
        except Exception as error:
            raise self._failed(resource, "CREATE_FAILED", error) from error
        self.mark(resource, "CREATE_COMPLETE")

    async def change(self, blueprint: Blueprint, definition: Definition) -> None:
        """Bring a resource that the stack has to its new properties; do nothing if they are the same.

        Raises StepFailed.
        """
        self._check_wanted()
        resource = self.stack.resources[definition.logical_id]
        try:
            wanted = await self._wanted(blueprint, definition)
        except Exception as error:
            raise self._failed(resource, "UPDATE_FAILED", error) from error
        kind = type_of(resource.type)
        changed = {
            name
            for name in {*wanted.properties, *resource.properties}
            if wanted.properties.get(name) != resource.properties.get(name)
        }
        if not changed and resource.status != "UPDATE_FAILED":
            _describe(resource, definition)
            return
        in_place = kind.update is not None and not changed & set(kind.replaced_by)
        if not in_place or not await self._update(resource, definition, kind, wanted):
            await self._replace(resource, definition, kind, wanted)

    async def _update(
        self, resource: StackResource, definition: Definition, kind: ResourceType, wanted: Wanted
    ) -> bool:
        """Change a resource in place; False if it turns out to need a replacement."""
        assert kind.update is not None
        before = copy.deepcopy(resource)
        assert resource.physical_id is not None
        existing = Resource(resource.physical_id, resource.attributes, resource.properties)
        self.stack.undo.append(Undo("updated", resource.logical_id, before))
        self.mark(resource, "UPDATE_IN_PROGRESS")
        wanted.give(resource)
        self._wrote = False
        try:
            context = self.context(resource)
            resource.attributes = await kind.update(context, existing, wanted.properties)
            if context.made_so_far is not None and context.made_so_far.physical_id != before.physical_id:
                resource.physical_id = context.made_so_far.physical_id
                self.stack.surplus.append(replace(before, deletion_policy=before.update_replace_policy))
            await self._settle(resource)
        except ReplacementNeeded:
            self.stack.undo.pop()
            resource.properties, resource.shown = before.properties, before.shown
            return False
        except Exception as error:
            if not self._wrote:  # there is nothing to take back
                self.stack.undo.pop()
                resource.properties, resource.shown = before.properties, before.shown
            raise self._failed(resource, "UPDATE_FAILED", error) from error
        _describe(resource, definition)
        self.mark(resource, "UPDATE_COMPLETE")
        return True

    async def _replace(
        self, resource: StackResource, definition: Definition, kind: ResourceType, wanted: Wanted
    ) -> None:
        """Make a new resource beside the old one, which the end of the update deletes."""
        before = copy.deepcopy(resource)
        self.mark(resource, "UPDATE_IN_PROGRESS", _REPLACING)
        name = wanted.properties.get(kind.name_property) if kind.name_property else None
        try:
            if name is not None and name == before.properties.get(str(kind.name_property)):
                raise ResourceFailed(
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                    f"{name} and update the stack again."
                )
            wanted.give(resource)
            await self._create(resource, "UPDATE_IN_PROGRESS")
        except Exception as error:
            if resource.physical_id != before.physical_id:
                self.stack.surplus.append(replace(resource))
            self.stack.resources[resource.logical_id] = before
            raise self._failed(before, "UPDATE_FAILED", error) from error
        self.stack.undo.append(Undo("replaced", resource.logical_id, before))
        _describe(resource, definition)
        if before.physical_id != resource.physical_id:
            self.stack.surplus.append(replace(before, deletion_policy=before.update_replace_policy))
        self.mark(resource, "UPDATE_COMPLETE")

    async def _create(self, resource: StackResource, status: str) -> None:
        """The type's own creation; what it made so far is known even if it fails."""
        kind = type_of(resource.type)
        context = self.context(resource)
        try:
            created = await kind.create(context, resource.properties)
        except Exception:
            if context.made_so_far is not None:
                resource.physical_id = context.made_so_far.physical_id
                resource.attributes = context.made_so_far.attributes
            raise
        resource.physical_id, resource.attributes = created.physical_id, created.attributes
        self.mark(resource, status, _INITIATED)
        await self._settle(resource)

    async def revert(self, resource: StackResource, before: StackResource) -> bool:
        """Take a change in place back. False, with an event, if that fails."""
        self._check_wanted()
        kind = type_of(resource.type)
        assert kind.update is not None and resource.physical_id is not None
        self.mark(resource, "UPDATE_IN_PROGRESS")
        existing = Resource(resource.physical_id, resource.attributes, resource.properties)
        try:
            attributes = await kind.update(self.context(resource), existing, before.properties)
            await self._settle(resource)
        except Exception as error:
            self._failed(resource, "UPDATE_FAILED", error)
            return False
        before.attributes = attributes
        self.stack.resources[resource.logical_id] = before
        self.mark(before, "UPDATE_COMPLETE")
        return True

    async def remove(self, resource: StackResource) -> bool:
        """Delete a resource. False, with an event, if that fails."""
        self._check_wanted()
        if resource.physical_id is not None:
            self.mark(resource, "DELETE_IN_PROGRESS")
            existing = Resource(resource.physical_id, resource.attributes, resource.properties)
            try:
                context = self.context(resource, removes=True)
                await type_of(resource.type).delete(context, existing)
                await self._settle(resource)
            except Exception as error:
                if not (isinstance(error, AwsError) and is_gone(error)):
                    self._failed(resource, "DELETE_FAILED", error)
                    return False
        self.mark(resource, "DELETE_COMPLETE")
        return True

    # -- what a step needs ------------------------------------------------------------------------------------

    def context(self, resource: StackResource, *, removes: bool = False) -> Context:
        deployment = self.stack.target or self.stack.deployed
        return Context(
            bus_call=self._call_to_remove if removes else self._call,
            pause=self._pause,
            rng=self.world.rng,
            caller=self.stack.operator,
            stack_name=self.stack.name,
            stack_id=self.stack.stack_id,
            logical_id=resource.logical_id,
            resource_type=resource.type,
            capabilities=deployment.capabilities if deployment is not None else [],
            callbacks=self.world.callbacks,
        )

    async def _call(self, service: str, operation: str, params: Json, caller: Caller) -> Json:
        self._asked = service
        answer = await self.service.call(service, operation, params, caller)
        self._wrote = self._wrote or not operation.startswith(_READING)
        return answer

    async def _call_to_remove(self, service: str, operation: str, params: Json, caller: Caller) -> Json:
        """What is gone already is removed; the type's deletion goes on with its next call."""
        try:
            return await self._call(service, operation, params, caller)
        except AwsError as error:
            if operation.startswith(_READING) or not is_gone(error):
                raise
            return {}

    async def _pause(self, seconds: float, name: str) -> None:
        await self.service.pause(self.stack, seconds, name)

    async def _settle(self, resource: StackResource) -> None:
        """A resource's change takes the world's transition time."""
        if self.world.transition_seconds > 0:
            name = f"stack {self.stack.name} {resource.logical_id}"
            await self._pause(self.world.transition_seconds, name)

    async def _wanted(self, blueprint: Blueprint, definition: Definition) -> Wanted:
        """What a resource shall be by what exists now. Raises AwsError, PropertyProblem."""
        self._asked = self.service.name
        live = Live(self.service, self.stack)
        resolved = blueprint.resolver(live).resolve(definition.properties)
        resolved = await self.service.with_dynamic_references(resolved, self.stack.operator)
        kind = type_of(definition.type)
        properties: Json = kind.properties.read({} if resolved is NO_VALUE else resolved, "#")
        if self.stack.target is not None and self.stack.target.tags and "Tags" in kind.properties.members:
            properties["Tags"] = _with_stack_tags(properties.get("Tags"), self.stack.target.tags, kind)
        return Wanted(properties, blueprint.shown(definition, live))

    def _failed(self, resource: StackResource, status: str, error: Exception) -> StepFailed:
        """Notes why a step failed."""
        why = reason(error, resource.logical_id, self.world.new_id(), self._asked)
        if why == "Internal Failure":
            log.error("%s of %s failed", resource.logical_id, self.stack.name, exc_info=error)
        if isinstance(error, AwsError) and self._asked == self.service.name:
            why = error.message or error.code
        self.mark(resource, status, why)
        return StepFailed(resource.logical_id)


def _with_stack_tags(own: Any, tags: dict[str, str], kind: ResourceType) -> Any:
    """A resource's own tags over those of its stack, in the form of its type: pairs or a map."""
    if isinstance(kind.properties.members["Tags"], MapOf):
        return {**tags, **(own or {})}
    merged = {**tags, **{tag["Key"]: tag["Value"] for tag in own or []}}
    return [{"Key": key, "Value": value} for key, value in merged.items()]


def _describe(resource: StackResource, definition: Definition) -> None:
    """What the row keeps of the template's definition."""
    resource.symbolic = definition.symbolic
    resource.dependencies = definition.dependencies
    resource.deletion_policy = definition.deletion_policy
    resource.update_replace_policy = definition.update_replace_policy
    resource.metadata = definition.metadata
