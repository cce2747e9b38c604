"""Types that are one object of one service: made, changed and deleted by one operation each.

simple(
    "AWS::Lambda::Alias",
    Api("lambda", "CreateAlias", "Description", "FunctionName", "FunctionVersion", "Name"),
    update="UpdateAlias",
    delete="DeleteAlias",
    key={"FunctionName": "FunctionName", "Name": "Name"},
    ref="{AliasArn}",
    attributes={"AliasArn": "{AliasArn}"},
    required=("FunctionName", "FunctionVersion", "Name"),
    replaced_by=("FunctionName", "Name"),
    reset={"Description": ""},
)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.emulator.services.cloudformation.resources.api import Api, tokens
from harness.emulator.services.cloudformation.resources.patches import patches
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import Shape, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.emulator.spec.model import load_model
from harness.json_object import Json

REF = "Ref"
"""In a `key` and in `tagged`: the physical id."""


def simple(
    name: str,
    api: Api,
    *,
    delete: str,
    key: Mapping[str, str],
    ref: str,
    delete_key: Mapping[str, str | tuple[str, ...]] | None = None,
    delete_with: Mapping[str, Any] | None = None,
    update: str | None = None,
    patch: Mapping[str, str] | None = None,
    attributes: Mapping[str, str] | None = None,
    required: tuple[str, ...] = (),
    replaced_by: tuple[str, ...] = (),
    default: Mapping[str, Any] | None = None,
    reset: Mapping[str, Any] | None = None,
    generated: tuple[str, int] | None = None,
    shapes: Mapping[str, Shape] | None = None,
    tagging: Tagging | None = None,
    tagged: str = "",
    name_property: str | None = None,
) -> ResourceType:
    """A type of one object.

    `key`: member → property (or `REF`) that names the object for `update` and `delete`. `delete_key` if that one
    names it otherwise (a tuple for a list), `delete_with` are further members.
    `ref` and `attributes`: format strings over the creating call's members, its answer, `region` and `account`.
    `generated`: the property that gets a name of at most so many characters if it is not set.
    `default`: properties that the API needs and a template may leave out; `reset`: what an update sends for properties
    that were taken away.
    `patch`: property → path, if `update` takes patch operations.
    `shapes`: properties that are no members, or not in the API's form.
    `tagging`: tags what the format string `tagged` names (over attributes, key, `region`, `account` and `REF`) with the
    property `Tags`.
    """
    resets = dict(reset or {})

    async def create(ctx: Context, props: Json) -> Created:
        given = {**(default or {}), **props}
        if generated and generated[0] not in given:
            given[generated[0]] = ctx.physical_name(generated[1])
        params = api.params(given)
        if tagging and (tags := own_tags(props)):
            params[tagging.tags] = tagging.form(tags)
        answer = await ctx.call(api.service, api.operation, params | tokens(api.service, api.operation, ctx.rng))
        known = {"region": ctx.region, "account": ctx.account, **params, **answer}
        return Created(ref.format_map(known), {a: text.format_map(known) for a, text in (attributes or {}).items()})

    async def change(ctx: Context, resource: Resource, props: Json) -> Json:
        assert update is not None
        named = _key(key, resource)
        gone = {prop: value for prop, value in resets.items() if prop in resource.properties}
        if patch is not None:
            if operations := patches(resource.properties, {**gone, **props}, patch):
                await ctx.call(api.service, update, {**named, "patchOperations": operations})
        else:
            allowed = load_model(api.service).input_members(update)
            changes = api.params({**gone, **props})
            once = tokens(api.service, update, ctx.rng)
            await ctx.call(api.service, update, {m: v for m, v in changes.items() if m in allowed} | named | once)
        if tagging:
            words = {"region": ctx.region, "account": ctx.account, REF: resource.physical_id}
            target = tagged.format_map({**words, **named, **resource.attributes})
            await tagging.change(ctx, target, own_tags(resource.properties), own_tags(props))
        return resource.attributes

    async def remove(ctx: Context, resource: Resource) -> None:
        named = _key(key if delete_key is None else delete_key, resource)
        await ctx.call(api.service, delete, {**named, **(delete_with or {})})

    return ResourceType(
        name,
        Structure({**api.properties, **(shapes or {})}, required=required),
        create,
        change if update else None,
        remove,
        replaced_by=replaced_by,
        attributes=tuple(attributes or ()),
        name_property=name_property,
    )


def _key(key: Mapping[str, str | tuple[str, ...]], resource: Resource) -> Json:
    return {
        member: [_named(one, resource) for one in prop] if isinstance(prop, tuple) else _named(prop, resource)
        for member, prop in key.items()
    }


def _named(prop: str, resource: Resource) -> Any:
    return resource.physical_id if prop == REF else resource.properties[prop]
