"""Requests to deployed APIs: which API a URL means, and the hand-over to the API Gateway service that owns it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, cast

import orjson

from harness.emulator.call import Call, Caller, HttpRequest, HttpResponse
from harness.emulator.errors import AwsError
from harness.emulator.faults.fault import CALL
from harness.emulator.faults.network import NetworkFault
from harness.emulator.service_registry import native

if TYPE_CHECKING:
    from harness.emulator.world import World

_HOST = re.compile(r"([A-Za-z0-9_-]+)\.execute-api\.")
_PREFIX = "/_aws/execute-api/"
_USER_REQUEST = re.compile(r"/restapis/([^/]+)/([^/]+)/_user_request_(?:/|$)")
_OWNERS = tuple(each.name for each in native() if each.answers_api_requests)


class Executes(Protocol):
    """What the API Gateway services offer besides their operations."""

    def owns(self, api_id: str) -> bool:
        """Whether this service made the API."""

    async def execute(self, api_id: str, request: HttpRequest, path: str) -> HttpResponse:
        """Answer a request to a deployed API; `path` is `/<stage>/<rest>`, raw, without the query."""


def find_api(path: str, host: str) -> tuple[str, str] | None:
    """(API id, path behind it) when the URL is one of a deployed API."""
    if ".execute-api." in host and (named := _HOST.match(host)):
        return named[1].lower(), path
    if path.startswith(_PREFIX):
        api_id, slash, rest = path[len(_PREFIX) :].partition("/")
        return api_id, slash + rest or "/"
    if path.startswith("/restapis/") and (found := _USER_REQUEST.match(path)):
        return found[1], f"/{found[2]}/{path[found.end() :]}"
    return None


async def execute(world: World, api_id: str, request: HttpRequest, path: str) -> HttpResponse:
    """Hand the request to the API's owner. An API that does not exist is answered with 403 Forbidden, as AWS does."""
    if world.faults.active or world.remote is not None:
        return await _through_faults(world, api_id, request, path)
    return await _execute(world, api_id, request, path)


async def _through_faults(world: World, api_id: str, request: HttpRequest, path: str) -> HttpResponse:
    """A request to a deployed API is no call on the bus, but faults find it as service `execute-api`."""
    call = Call("execute-api", "Invoke", {"ApiId": api_id, "Path": path}, Caller(), world.new_id(), request)
    try:
        answer: HttpResponse = await world.faults.around(
            CALL, call, None, lambda passed: _execute(world, api_id, request, path)
        )
        for name, value in answer.headers:
            if name.lower() in ("x-amzn-requestid", "apigw-requestid"):
                world.trace.called(value, call.request_id, call.service, call.operation)
        return answer
    except NetworkFault as fault:
        return fault.response()
    except AwsError as error:
        headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code)]
        return HttpResponse(error.status, headers, orjson.dumps({"message": error.message}))


async def _execute(world: World, api_id: str, request: HttpRequest, path: str) -> HttpResponse:
    for name in _OWNERS:
        service = world.services.get(name)
        if service is not None and cast(Executes, service).owns(api_id):
            return await cast(Executes, service).execute(api_id, request, path)
    if world.remote is not None and not all(name in world.services for name in _OWNERS):
        return await world.remote.execute(request)
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", "ForbiddenException")]
    return HttpResponse(403, headers, b'{"message":"Forbidden"}')
