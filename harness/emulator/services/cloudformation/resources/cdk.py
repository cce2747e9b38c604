"""AWS::CDK::Metadata: what CDK notes of the constructs in an app. It has no effect, on AWS neither."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import STRING, Structure
from harness.json_object import Json


async def _create(ctx: Context, props: Json) -> Created:
    return Created(ctx.physical_name())


async def _update(ctx: Context, resource: Resource, props: Json) -> Json:
    return resource.attributes


async def _delete(ctx: Context, resource: Resource) -> None:
    return None


TYPES = (ResourceType("AWS::CDK::Metadata", Structure({"Analytics": STRING}), _create, _update, _delete),)
