"""Lambda behind a method: the proxy event and its answer (D5), and plain `AWS` invocations (D3)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from harness.emulator.call import Call, Caller, HttpRequest, HttpResponse
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.services.apigateway.execution import variables
from harness.emulator.services.apigateway.execution.aws_integration import Target
from harness.emulator.services.apigateway.execution.compiled import CompiledIntegration
from harness.emulator.services.apigateway.execution.credentials import integration_caller
from harness.emulator.services.apigateway.execution.failure import Failure, internal_error
from harness.emulator.services.apigateway.execution.invocation import Invocation, Multi
from harness.emulator.services.apigateway.execution.mapping import Backend
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

_FUNCTION_PATH = re.compile(r"/2015-03-31/functions/(.+)/invocations")
_FUNCTION_ARN = re.compile(r"arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:.+")


def function_arn(where: Target) -> str:
    """Raises Failure 500 for a path that is not an invocation."""
    match = _FUNCTION_PATH.fullmatch(where.path)
    if match is None:
        raise internal_error(f"lambda:path{where.path} is not …/functions/<arn>/invocations")
    return match[1]


async def invoke(
    world: World,
    arn: str,
    payload: bytes,
    caller: Caller,
    *,
    seconds: float,
    signed: HttpRequest | None = None,
    invocation_type: str = "RequestResponse",
    request_id: str = "",
) -> Json:
    """Invoke a function over the bus: the output members of Invoke. `seconds` of real time are waited; `signed` is
    the request whose signer calls, if it is not the gateway; `request_id` is the API's, for the trace.

    Raises Failure: 504 after the timeout (the function runs on), 500 for what Invoke refuses.
    """
    match = _FUNCTION_ARN.fullmatch(arn)
    if match is None:
        raise internal_error(f"{arn!r} is no function ARN")
    caller = replace(caller, region=match[1])
    parameters = {"FunctionName": arn, "InvocationType": invocation_type, "Payload": payload}
    call = Call("lambda", "Invoke", parameters, caller, world.new_id(), signed)
    if request_id:
        world.trace.called(request_id, call.request_id, call.service, call.operation)
    task = world.clock.spawn(_quietly(world, call), name=f"apigateway invokes {arn}")
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        raise Failure("INTEGRATION_TIMEOUT", cause=f"{arn} took longer than {seconds:g} s")
    answer: Json | AwsError = task.result()
    if isinstance(answer, NotEmulated):
        raise answer
    if isinstance(answer, AwsError):
        raise internal_error(f"invoking {arn}: {answer.code}: {answer.message}") from answer
    return answer


async def _quietly(world: World, call: Call) -> Json | AwsError:
    """The answer or the error, as a value: after a timeout nobody takes it."""
    try:
        return await world.bus.run(call)
    except AwsError as error:
        return error


def payload_of(answer: Json) -> bytes:
    payload = answer.get("Payload")
    return payload if isinstance(payload, bytes) else b""


async def invoke_plain(
    world: World,
    invocation: Invocation,
    integration: CompiledIntegration,
    where: Target,
    mapped: dict[str, Multi],
    body: bytes,
) -> Backend:
    """`AWS` type: the mapped body is the event; `error_message` is set when the function failed."""
    kinds = {name.lower(): values for name, values in mapped["header"].items()}
    answer = await invoke(
        world,
        function_arn(where),
        body,
        integration_caller(invocation, integration, where.region, source_arn(invocation)),
        seconds=integration.timeout,
        signed=invocation.request if integration.passes_caller else None,
        invocation_type=kinds.get("x-amz-invocation-type", ["RequestResponse"])[-1],
        request_id=invocation.request_id,
    )
    payload = payload_of(answer)
    message = None
    if answer.get("FunctionError"):
        try:
            failed = orjson.loads(payload)
            message = str(failed.get("errorMessage")) if isinstance(failed, dict) else ""
        except orjson.JSONDecodeError:
            message = ""
    return Backend(answer.get("StatusCode", 200), {"content-type": ["application/json"]}, payload, message)


def source_arn(invocation: Invocation) -> str:
    """The ARN that the function's policy must allow: `…:api/stage/METHOD/path`."""
    method = invocation.method
    assert method is not None
    return f"{invocation.stage.arn}/{invocation.request.method}{method.arn_path}"


# -- the proxy ----------------------------------------------------------------------------------------------------


def request_context(invocation: Invocation) -> Json:
    """`requestContext` of a proxy event."""
    method = invocation.method
    assert method is not None
    stage = invocation.stage
    context: Json = {
        "resourceId": method.resource_id,
        "resourcePath": method.resource_path,
        "httpMethod": invocation.request.method,
        "extendedRequestId": invocation.extended_request_id,
        "requestTime": variables.clf_time(invocation.now),
        "path": invocation.full_path,
        "accountId": stage.account,
        "protocol": "HTTP/1.1",
        "stage": stage.name,
        "domainPrefix": stage.api_id,
        "requestTimeEpoch": int(invocation.now * 1000),
        "requestId": invocation.request_id,
        "identity": variables.identity(invocation),
        "domainName": stage.domain_name,
        "deploymentId": stage.deployment_id,
        "apiId": stage.api_id,
    }
    if invocation.authorizer:
        context["authorizer"] = dict(invocation.authorizer)
    return context


def request_members(invocation: Invocation) -> Json:
    """What a proxy event and a REQUEST authorizer's event share. Absent maps are null (D5)."""
    method = invocation.method
    assert method is not None
    headers, query = invocation.written_headers(), invocation.query
    return {
        "resource": method.resource_path,
        "path": invocation.decoded_path or "/",
        "httpMethod": invocation.request.method,
        "headers": {name: values[-1] for name, values in headers.items()} or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": invocation.path_parameters or None,
        "stageVariables": invocation.stage.variables or None,
        "requestContext": request_context(invocation),
    }


def proxy_event(invocation: Invocation) -> bytes:
    """The event of an `AWS_PROXY` integration, payload format 1.0."""
    event = request_members(invocation)
    encoded = bool(invocation.body) and invocation.stage.api.is_binary(invocation.header("content-type"))
    body = base64.b64encode(invocation.body) if encoded else invocation.body
    event["body"] = body.decode("utf-8", "replace") if body else None
    event["isBase64Encoded"] = encoded
    return orjson.dumps(event)


def _malformed(cause: str) -> Failure:
    return Failure("INTEGRATION_FAILURE", status=502, cause=f"malformed Lambda proxy response: {cause}")


def proxy_response(invocation: Invocation, payload: bytes) -> HttpResponse:
    """The function's answer as HTTP. Raises Failure 502 for an answer that is not of the form of D5."""
    try:
        answer = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise _malformed("not JSON") from error
    if not isinstance(answer, dict):
        raise _malformed(f"a {type(answer).__name__}, not an object")
    unknown = set(answer) - {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
    if unknown:
        raise _malformed(f"unknown members {', '.join(sorted(unknown))}")
    body = answer.get("body")
    if body is not None and not isinstance(body, str):
        raise _malformed("the body is not a string")
    data = (body or "").encode()
    if answer.get("isBase64Encoded") and _accepts_binary(invocation):
        try:
            data = base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise _malformed("the body is no base64") from error
    return HttpResponse(_status(answer.get("statusCode", 200)), _headers(answer), data)


def _accepts_binary(invocation: Invocation) -> bool:
    accept = invocation.header("accept")
    return invocation.stage.api.is_binary(accept.partition(",")[0] if accept else "*/*")


def _status(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise _malformed(f"statusCode {value!r}")
    try:
        status = int(value)
    except ValueError as error:
        raise _malformed(f"statusCode {value!r}") from error
    if not 100 <= status <= 599:
        raise _malformed(f"statusCode {status}")
    return status


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise _malformed(f"header value {value!r}")


def _headers(answer: Json) -> list[tuple[str, str]]:
    single, multi = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise _malformed("headers are not an object")
    merged: dict[str, list[str]] = {}
    for name, values in multi.items():
        if not isinstance(values, list):
            raise _malformed(f"multiValueHeaders.{name} is not a list")
        merged[name] = [_scalar(value) for value in values]
    for name, value in single.items():
        if value is None:
            continue
        values = merged.setdefault(name, [])
        if _scalar(value) not in values:
            values.append(_scalar(value))
    headers = [
        (name, value)
        for name, values in merged.items()
        if name.lower() not in ("content-length", "transfer-encoding", "connection")
        for value in values
    ]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.insert(0, ("Content-Type", "application/json"))
    return headers


async def invoke_proxy(
    world: World, invocation: Invocation, integration: CompiledIntegration, where: Target
) -> HttpResponse:
    """`AWS_PROXY`. Raises Failure."""
    if integration.http_method != "POST":
        raise internal_error(f"a Lambda invocation must be POST, not {integration.http_method}")
    answer = await invoke(
        world,
        function_arn(where),
        proxy_event(invocation),
        integration_caller(invocation, integration, where.region, source_arn(invocation)),
        seconds=integration.timeout,
        signed=invocation.request if integration.passes_caller else None,
        request_id=invocation.request_id,
    )
    payload = payload_of(answer)
    invocation.integration_status = answer.get("StatusCode", 200)
    if answer.get("FunctionError"):
        raise _malformed(f"the function failed: {payload[:500].decode('utf-8', 'replace')}")
    response = proxy_response(invocation, payload)
    response.headers.append(("X-Amzn-Trace-Id", invocation.trace_id))
    return response
