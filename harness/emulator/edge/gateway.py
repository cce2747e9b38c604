"""The way of an AWS request: recognise, decode, bus, encode.

`handle` takes requests from outside, `wire` those that a service sends to another one as HTTP (an AWS integration).
"""

from __future__ import annotations

import logging
import zlib
from typing import TYPE_CHECKING

from harness.emulator.call import Call, Caller, HttpRequest, HttpResponse, StreamedResponse
from harness.emulator.edge import wire_limits
from harness.emulator.edge.expiry import Expiry
from harness.emulator.edge.faultshape import error_response
from harness.emulator.edge.recognise import Recognised, recognise
from harness.emulator.errors import AwsError, CannotAssume, NotEmulated
from harness.emulator.faults.network import NetworkFault
from harness.emulator.kept import HEADER
from harness.emulator.service_registry import protocol_of
from harness.emulator.spec.awsjson import JsonCodec
from harness.emulator.spec.explain import serialization_error
from harness.emulator.spec.model import Model, load_model
from harness.emulator.spec.protocols import error_form
from harness.emulator.spec.query import QueryCodec
from harness.emulator.spec.rest import RestCodec
from harness.emulator.spec.rpcv2 import RpcV2Codec

if TYPE_CHECKING:
    from harness.emulator.world import World

log = logging.getLogger(__name__)

_JSON_TYPES = ("application/x-amz-json-1.1", "application/x-amz-json-1.0", "application/json")
_CBOR_TYPE = "application/x-amz-cbor-1.1"
_MAX_UNZIPPED = 64 * 1024 * 1024
"""Bytes of a compressed body when it is unpacked: a small request must not take all memory."""


class Gateway:
    """Answers AWS requests. Never raises: every failure is an AWS-shaped answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._json: dict[tuple[str, str], JsonCodec] = {}
        self._rest: dict[str, RestCodec] = {}
        self._query: dict[tuple[str, str], QueryCodec | RpcV2Codec] = {}
        self._expiry = Expiry(world)
        world.connect_wire(self.wire)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """A request from outside."""
        return await self._answer(recognise(request), request, True)

    async def wire(self, service: str, request: HttpRequest, caller: Caller) -> HttpResponse:
        """A request from inside: the service is known, and so is who calls.

        Raises CannotAssume: what has no credentials can't ask.
        """
        meant = recognise(request)
        form = "rest" if protocol_of(service) == "rest" else meant.form
        response = await self._answer(Recognised(service, meant.operation, form, caller), request)
        if isinstance(response, StreamedResponse):
            await response.chunks.aclose()
            refused = NotEmulated(service, "an event stream as the answer to an integration")
            return error_response(refused, form, self.world.new_id())
        return response

    async def _answer(self, meant: Recognised, request: HttpRequest, is_outside: bool = False) -> HttpResponse:
        request_id = self.world.new_id()
        try:
            if is_outside:
                if request.query or meant.operation == "PostObject":
                    self._expiry.check(request, meant.form, meant.operation)
                if self.world.signatures is not None:
                    self.world.signatures.verify(request, meant.service, meant.operation, meant.form)
            response = await self._run(meant, request, request_id)
        except NetworkFault as fault:
            if meant.caller.service is None:
                return fault.response()
            response = error_response(fault, meant.form, request_id)
        except CannotAssume as error:
            if meant.caller.service is not None:
                raise
            response = error_response(error, meant.form, request_id)
        except AwsError as error:
            model = self._model(meant.service) if self.world.bus.is_native(meant.service) else None
            response = error_response(error, _error_form(meant, request), request_id, model)
        except RecursionError:
            deep = serialization_error("The request is nested too deeply")
            response = error_response(deep, _error_form(meant, request), request_id)
        except Exception:
            log.exception("%s %s failed", meant.service, meant.operation)
            response = error_response(_internal_failure(), _error_form(meant, request), request_id)
        if meant.form == "s3":
            response.headers.append(("x-amz-request-id", request_id))
        else:
            response.headers.append(("x-amzn-RequestId", request_id))
        return response

    async def _run(self, meant: Recognised, request: HttpRequest, request_id: str) -> HttpResponse:
        if not self.world.bus.is_native(meant.service):
            return await self._forward(meant, request, request_id)
        if meant.form == "rest":
            return await self._run_rest(meant, request, request_id)
        if meant.form in ("query", "rpcv2") and _speaks(self._model(meant.service), meant.form):
            return await self._run_query(meant, _unzipped(request), request_id)
        if meant.form not in ("json", "cbor"):
            raise AwsError(
                "UnknownOperationException", f"No X-Amz-Target header names a {meant.service} operation", 404
            )
        content_type = request.header("content-type").partition(";")[0].strip().lower()
        if content_type != _CBOR_TYPE and content_type not in _JSON_TYPES:
            raise AwsError("UnknownOperationException", f"Content type {content_type!r} is not supported", 404)
        codec = self._json_codec(meant.service, meant.form)
        if meant.operation not in codec.model.operations:
            raise AwsError("UnknownOperationException", None)
        params = codec.decode(meant.operation, _unzipped(request).body)
        call = Call(meant.service, meant.operation, params, meant.caller, request_id, request)
        return _telling(call, codec.encode(meant.operation, await self.world.bus.run(call), content_type))

    async def _run_query(self, meant: Recognised, request: HttpRequest, request_id: str) -> HttpResponse:
        """Query and the CBOR protocol that follows it in newer SDKs."""
        operation = meant.operation
        if operation not in self._model(meant.service).operations:
            raise AwsError("InvalidAction", f"The action {operation} is not valid for this web service.")
        codec = self._query_codec(meant.service, meant.form)
        params = codec.decode(operation, request)
        call = Call(meant.service, operation, params, meant.caller, request_id, request)
        return _telling(call, codec.encode(operation, await self.world.bus.run(call), request_id))

    async def _run_rest(self, meant: Recognised, request: HttpRequest, request_id: str) -> HttpResponse:
        codec = self._rest_codec(meant.service)
        found = codec.router.match(request.method, request.path, request.query)
        if found is None:
            raise AwsError("UnknownOperationException", f"No operation for {request.method} {request.path}", 404)
        operation, labels = found
        params = codec.decode(operation, labels, request)
        call = Call(meant.service, operation, params, meant.caller, request_id, request)
        return _telling(call, codec.encode(operation, await self.world.bus.run(call)))

    async def _forward(self, meant: Recognised, request: HttpRequest, request_id: str) -> HttpResponse:
        upstream = self.world.upstream
        if upstream is None or not upstream.serves(meant.service):
            raise NotEmulated(meant.service, f"operation {meant.operation}" if meant.operation else "the service")
        if meant.form != "s3":
            request = _unzipped(request)
            wire_limits.check(request, meant.form)
        call = Call(meant.service, meant.operation, {}, meant.caller, request_id, request)
        return _telling(call, await self.world.bus.forward(call, request))

    def _json_codec(self, service: str, form: str) -> JsonCodec:
        key = (service, form)
        if key not in self._json:
            self._json[key] = JsonCodec(self._model(service), form)
        return self._json[key]

    def _query_codec(self, service: str, form: str) -> QueryCodec | RpcV2Codec:
        key = (service, form)
        if key not in self._query:
            model = self._model(service)
            self._query[key] = QueryCodec(model) if form == "query" else RpcV2Codec(model)
        return self._query[key]

    def _rest_codec(self, service: str) -> RestCodec:
        if service not in self._rest:
            self._rest[service] = RestCodec(self._model(service))
        return self._rest[service]

    def _model(self, service: str) -> Model:
        return load_model(service)


def _telling(call: Call, response: HttpResponse) -> HttpResponse:
    """The answer, with the names of the settings that were kept without effect."""
    if call.kept:
        response.headers.append((HEADER, ", ".join(call.kept)))
    return response


def _error_form(meant: Recognised, request: HttpRequest) -> str:
    """A request that names no operation may be meant for a service of any protocol; a form is Query's."""
    if meant.form != "query" or meant.operation or "x-www-form-urlencoded" in request.header("content-type"):
        return meant.form
    return error_form(meant.service)


def _speaks(model: Model, form: str) -> bool:
    protocols = model.metadata.get("protocols", [model.protocol])
    return ("query" if form == "query" else "smithy-rpc-v2-cbor") in protocols


def _unzipped(request: HttpRequest) -> HttpRequest:
    """The request with its body unpacked: SDKs compress large metric data. Raises SerializationException."""
    if request.header("content-encoding") != "gzip":
        return request
    stream = zlib.decompressobj(wbits=31)
    try:
        body = stream.decompress(request.body, _MAX_UNZIPPED)
    except zlib.error:
        body = b""
    if not stream.eof:
        raise serialization_error("Unable to decompress the request body")
    headers = [item for item in request.headers if item[0] not in ("content-encoding", "content-length")]
    return HttpRequest(request.method, request.target, [*headers, ("content-length", str(len(body)))], body)


def _internal_failure() -> AwsError:
    return AwsError("InternalFailure", "The request processing has failed because of an unknown error.", 500)
