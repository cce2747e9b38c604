"""What a stack has and what happened to it: resources and events."""

from __future__ import annotations

import json

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.cloudformation.base import Base, page
from harness.emulator.services.cloudformation.errors import validation_error
from harness.emulator.services.cloudformation.model import Event, Stack, StackResource
from harness.json_object import Json

_DRIFT = {"StackResourceDriftStatus": "NOT_CHECKED"}


class Listings(Base):
    @operation
    async def describe_stack_events(self, call: Call, *, stack_name: str, next_token: str | None = None) -> Json:
        """Newest first."""
        stack = await self._current(call, stack_name)
        return page([_event(stack, event) for event in reversed(stack.events)], "StackEvents", next_token)

    @operation
    async def describe_events(
        self,
        call: Call,
        *,
        stack_name: str | None = None,
        change_set_name: str | None = None,
        operation_id: str | None = None,
        filters: Json | None = None,
        next_token: str | None = None,
    ) -> Json:
        """Newest first. One of a stack's events belongs to the operation that its token names. Change sets have none:
        they are checked in the call that makes them."""
        if stack_name is None:
            if change_set_name is None and operation_id is None:  # text unsure
                raise validation_error("One of StackName, ChangeSetName and OperationId is required.")
            return {"OperationEvents": []}
        stack = await self._current(call, stack_name)
        only_failed = bool((filters or {}).get("FailedEvents"))
        events = [
            _operation_event(stack, event)
            for event in reversed(stack.events)
            if operation_id in (None, event.token) and (not only_failed or event.status.endswith("_FAILED"))
        ]
        return page(events, "OperationEvents", next_token)

    @operation
    async def describe_stack_resource(self, call: Call, *, stack_name: str, logical_resource_id: str) -> Json:
        stack = await self._current(call, stack_name)
        resource = stack.resources.get(logical_resource_id)
        if resource is None:
            raise validation_error(f"Resource {logical_resource_id} does not exist for stack {stack.name}")
        detail = {**_resource(resource, "LastUpdatedTimestamp"), **_stack(stack)}
        if resource.metadata is not None:
            detail["Metadata"] = json.dumps(resource.metadata)
        return {"StackResourceDetail": detail}

    @operation
    async def describe_stack_resources(
        self,
        call: Call,
        *,
        stack_name: str | None = None,
        logical_resource_id: str | None = None,
        physical_resource_id: str | None = None,
    ) -> Json:
        if (stack_name is None) == (physical_resource_id is None):
            raise validation_error("Either stack name or physical resource id must be specified.")
        if stack_name is not None:
            stack = await self._current(call, stack_name)
        else:
            stack = self._owner(call, str(physical_resource_id))
        resources = [
            {**_resource(resource, "Timestamp"), **_stack(stack)}
            for resource in stack.resources.values()
            if logical_resource_id in (None, resource.logical_id)
        ]
        if logical_resource_id is not None and not resources:
            raise validation_error(f"Resource {logical_resource_id} does not exist for stack {stack.name}")
        return {"StackResources": resources}

    @operation
    async def list_stack_resources(self, call: Call, *, stack_name: str, next_token: str | None = None) -> Json:
        stack = await self._current(call, stack_name)
        summaries = [_resource(resource, "LastUpdatedTimestamp") for resource in stack.resources.values()]
        return page(summaries, "StackResourceSummaries", next_token)

    async def _current(self, call: Call, stack_name: str) -> Stack:
        stack = self.lookup(call, stack_name)
        if stack is None:
            raise validation_error(f"Stack [{stack_name}] does not exist")
        await self.caught_up(stack)
        return stack

    def _owner(self, call: Call, physical_id: str) -> Stack:
        for stack in self.stacks_of(call):
            if stack.status != "DELETE_COMPLETE" and any(
                resource.physical_id == physical_id for resource in stack.resources.values()
            ):
                return stack
        raise validation_error(f"Stack for {physical_id} does not exist")


def _stack(stack: Stack) -> Json:
    return {"StackName": stack.name, "StackId": stack.stack_id}


def _resource(resource: StackResource, time_member: str) -> Json:
    """The members that all descriptions of a resource share."""
    members: Json = {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        time_member: resource.timestamp,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": _DRIFT,
    }
    return {name: value for name, value in members.items() if value is not None}


def _operation_event(stack: Stack, event: Event) -> Json:
    told = _event(stack, event)
    told.pop("StackName", None)
    is_stack = event.physical_id == stack.stack_id
    failed = event.status.endswith("_FAILED")
    told["EventType"] = "PROVISIONING_ERROR" if failed and not is_stack else "STACK_EVENT"
    if event.token is not None:
        told["OperationId"] = event.token
    return told


def _event(stack: Stack, event: Event) -> Json:
    members: Json = {
        **_stack(stack),
        "EventId": event.event_id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": event.timestamp,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
    }
    return {name: value for name, value in members.items() if value is not None}
