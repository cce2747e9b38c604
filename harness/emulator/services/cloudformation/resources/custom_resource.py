"""Custom resources: a function (or whoever hears a topic) makes them and answers by HTTP."""

from __future__ import annotations

import json

from harness.emulator.services.cloudformation.resources.registry import CUSTOM
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import Free
from harness.json_object import Json

_TOKEN = "ServiceToken"
_TIMEOUT = "ServiceTimeout"
_MOST_SECONDS = 3600
_MOST_BYTES = 4096


async def _create(ctx: Context, props: Json) -> Created:
    answer = await _ask(ctx, "Create", props, {})
    return Created(answer["PhysicalResourceId"], _data(answer))


async def _update(ctx: Context, resource: Resource, props: Json) -> Json:
    old = {"PhysicalResourceId": resource.physical_id, "OldResourceProperties": resource.properties}
    answer = await _ask(ctx, "Update", props, old)
    if answer["PhysicalResourceId"] != resource.physical_id:
        ctx.made(answer["PhysicalResourceId"], _data(answer))
    return _data(answer)


async def _delete(ctx: Context, resource: Resource) -> None:
    await _ask(ctx, "Delete", resource.properties, {"PhysicalResourceId": resource.physical_id})


async def _ask(ctx: Context, kind: str, props: Json, more: Json) -> Json:
    """Send a request and wait for its answer. Raises ResourceFailed."""
    seconds = _timeout(props)
    request_id = ctx.callbacks.new_id()
    with ctx.callbacks.open() as callback:
        request: Json = {
            "RequestType": kind,
            "ServiceToken": props[_TOKEN],
            "ResponseURL": callback.url,
            "StackId": ctx.stack_id,
            "RequestId": request_id,
            "LogicalResourceId": ctx.logical_id,
            "ResourceType": ctx.resource_type,
            "ResourceProperties": props,
            **more,
        }
        failed = await _send(ctx, str(props[_TOKEN]), request)

        async def is_there() -> bool:
            return callback.body is not None

        limit = 0.0 if failed else seconds
        if not await ctx.until(is_there, f"custom resource {ctx.logical_id}", limit):
            raise ResourceFailed(
                "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
                f"requestId [{request_id}]." + (f" The function failed: {failed}" if failed else "")
            )
        body = callback.body or b""
    return _checked(ctx, body, request_id, more.get("PhysicalResourceId"))


def _timeout(props: Json) -> float:
    """Seconds. Raises ResourceFailed (text unsure)."""
    text = props.get(_TIMEOUT, str(_MOST_SECONDS))
    if not isinstance(text, str) or not text.isdecimal() or not 1 <= int(text) <= _MOST_SECONDS:
        raise ResourceFailed(f"{_TIMEOUT} must be a number of seconds from 1 to {_MOST_SECONDS}, not {text}.")
    return float(text)


async def _send(ctx: Context, token: str, request: Json) -> str:
    """Why the function failed; nothing if it did not. AWS invokes it asynchronously; here its end is awaited, so that
    no virtual time passes and its failure is known at once."""
    payload = json.dumps(request)
    parts = token.split(":")
    if len(parts) < 6 or parts[2] not in ("lambda", "sns"):
        raise ResourceFailed(f"Invalid service token: {token}")
    if parts[2] == "sns":
        subject = "AWS CloudFormation custom resource request"
        await ctx.call("sns", "Publish", {"TopicArn": token, "Subject": subject, "Message": payload})
        return ""
    params = {"FunctionName": token, "InvocationType": "RequestResponse", "Payload": payload.encode()}
    answer = await ctx.call("lambda", "Invoke", params)
    if not answer:  # in a deletion what is gone counts as deleted, but nobody has deleted anything
        raise ResourceFailed(f"Function not found: {token}")
    if "FunctionError" not in answer:
        return ""
    try:
        return str(json.loads(answer["Payload"])["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return str(answer["FunctionError"])


def _checked(ctx: Context, body: bytes, request_id: str, physical_id: str | None) -> Json:
    """Raises ResourceFailed for an answer that tells of a failure, or is none."""
    if len(body) > _MOST_BYTES:
        raise ResourceFailed("Response object is too long.")
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("Status") not in ("SUCCESS", "FAILED"):
        raise ResourceFailed("Invalid Response object: invalid attribute Status")
    answer.setdefault("PhysicalResourceId", physical_id)
    known = isinstance(answer["PhysicalResourceId"], str) and answer["PhysicalResourceId"] != ""
    if answer["Status"] == "FAILED":
        if known:
            ctx.made(answer["PhysicalResourceId"], _data(answer))
        raise ResourceFailed(
            "Received response status [FAILED] from custom resource. Message returned: "
            f"{answer.get('Reason', '')} (RequestId: {request_id})"
        )
    if not known:
        raise ResourceFailed("Invalid PhysicalResourceId")
    return answer


def _data(answer: Json) -> Json:
    data = answer.get("Data")
    return data if isinstance(data, dict) else {}


TYPES = (ResourceType(CUSTOM, Free(required=(_TOKEN,)), _create, _update, _delete, (_TOKEN,), attributes=("*",)),)
