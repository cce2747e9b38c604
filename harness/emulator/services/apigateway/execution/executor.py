"""The pipeline: route, authorize, key and limits, validate, map, integrate, map back (D1)."""

from __future__ import annotations

import base64
import gzip
import logging
import re
import time
import zlib
from typing import TYPE_CHECKING
from urllib.parse import unquote

import orjson

from harness.emulator.api_gateway.callers import Method, NotAllowed, Unknown, Unsigned, check_anonymous, check_signed
from harness.emulator.api_gateway.http_backends import HttpBackends
from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.services.apigateway.execution import (
    aws_integration,
    gateway_response,
    http_integration,
    lambda_integration,
    response,
)
from harness.emulator.services.apigateway.execution.api_keys import KeyRing
from harness.emulator.services.apigateway.execution.authorizers import Authorizers
from harness.emulator.services.apigateway.execution.compiled import CompiledApi, CompiledIntegration, CompiledMethod
from harness.emulator.services.apigateway.execution.failure import Failure, internal_error
from harness.emulator.services.apigateway.execution.invocation import Invocation, Multi
from harness.emulator.services.apigateway.execution.logs import LogWriter
from harness.emulator.services.apigateway.execution.mapping import Backend
from harness.emulator.services.apigateway.execution.metrics import StageMetrics
from harness.emulator.services.apigateway.execution.stage import Stage
from harness.emulator.services.apigateway.execution.template_objects import Input
from harness.emulator.services.apigateway.state import RestApi

if TYPE_CHECKING:
    from harness.emulator.world import World

log = logging.getLogger(__name__)

MAX_BODY = 10 * 1024 * 1024
"""Bytes of a request body (F1)."""

_SENSITIVE = ("authorization", "x-api-key", "x-amz-security-token")
_CHARACTERS_LEFT = 6

_LENIENT_STATUS = re.compile(rb"""\{\s*['"]?statusCode['"]?\s*:\s*['"]?(\d{3})\b""")


class Executor:
    """Answers requests for deployed stages. `forget` drops what was compiled when an API changes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stages: dict[tuple[str, str], Stage] = {}
        self._compiled: dict[tuple[str, str], CompiledApi] = {}
        self.keys = KeyRing(world)
        self._authorizers = Authorizers(world)
        self._backends = HttpBackends()
        self._logs = LogWriter(world)
        self._metrics = StageMetrics(world)

    def forget(self, api_id: str, deployments: bool = False) -> None:
        """Forget an API's stages, and its compiled deployments too if those were deleted."""
        for key in [key for key in self._stages if key[0] == api_id]:
            del self._stages[key]
        if deployments:
            for key in [key for key in self._compiled if key[0] == api_id]:
                del self._compiled[key]

    def forget_everything(self) -> None:
        self._stages.clear()
        self._compiled.clear()
        self.keys.forget()
        self._authorizers.forget()
        self._logs.forget()
        self._metrics.clear()

    def forget_authorizations(self) -> None:
        self._authorizers.forget()

    async def stop(self) -> None:
        await self._backends.stop()

    def _stage(self, api: RestApi, name: str) -> Stage | None:
        stage = self._stages.get((api.id, name))
        if stage is None:
            document = api.stages.get(name)
            if document is None:
                return None
            deployment_id = document["deploymentId"]
            compiled = self._compiled.get((api.id, deployment_id))
            if compiled is None:
                compiled = CompiledApi(api.deployments[deployment_id].api)
                self._compiled[(api.id, deployment_id)] = compiled
            stage = Stage(api.account, api.region, api.id, document, compiled)
            self._stages[(api.id, name)] = stage
        return stage

    async def execute(self, api: RestApi, request: HttpRequest, path: str) -> HttpResponse:
        """Answer a request; `path` is `/<stage>/<rest>`, percent-encoded."""
        name, _, rest = path[1:].partition("/")
        stage = self._stages.get((api.id, name)) or self._stage(api, unquote(name))
        world = self._world
        request_id = world.new_id()
        extended_id = base64.b64encode(world.rng.getrandbits(88).to_bytes(11, "big")).decode()
        if stage is None or stage.api.disabled:
            answer = HttpResponse(
                403,
                [("Content-Type", "application/json"), ("x-amzn-ErrorType", "ForbiddenException")],
                b'{"message":"Forbidden"}',
            )
        else:
            invocation = Invocation(stage, request, "/" + rest, world.clock.now(), request_id, extended_id)
            answer = await self._answer(invocation)
            if stage.api.compress_from is not None:
                _compress(invocation, answer, stage.api.compress_from)
            invocation.status = answer.status
            invocation.response_length = len(answer.body)
            self._metrics.answered(api.document["name"], invocation)
            if stage.access_log_destination:
                self._logs.access(invocation)
            if invocation.log is not None:
                self._finish_log(invocation)
        answer.headers.append(("x-amzn-RequestId", request_id))
        world.trace.answered(request_id, f"REST API {api.id}", request.method, path, answer.status)
        answer.headers.append(("x-amz-apigw-id", extended_id))
        return answer

    async def _answer(self, invocation: Invocation) -> HttpResponse:
        try:
            return await self._run(invocation)
        except Failure as failure:
            if failure.cause:
                log.warning("apigateway %s: %s", invocation.stage.arn, failure.cause)
                invocation.note(f"Execution failed: {failure.cause}")
            return gateway_response.render(invocation, failure)
        except NotEmulated as refused:
            log.warning("apigateway %s: %s", invocation.stage.arn, refused.message)
            invocation.note(f"Execution failed: {refused.message}")
            headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", refused.code)]
            return HttpResponse(refused.status, headers, orjson.dumps({"message": refused.message}))
        except Exception as error:  # the last stand: whatever a request brings, it gets an answer
            log.exception("apigateway %s failed", invocation.stage.arn)
            return gateway_response.render(invocation, internal_error(repr(error)))

    async def _run(self, invocation: Invocation) -> HttpResponse:
        stage, request = invocation.stage, invocation.request
        found = stage.api.routes.match(invocation.path)
        if found is None:
            raise Failure("MISSING_AUTHENTICATION_TOKEN")
        methods, invocation.path_parameters = found
        method = methods.get(request.method) or methods.get("ANY")
        if method is None:
            raise Failure("MISSING_AUTHENTICATION_TOKEN")
        invocation.method = method
        settings = stage.method_settings(method, invocation.now)
        if settings.log_level != "OFF":
            invocation.data_trace = settings.data_trace
            self._begin_log(invocation)
        if len(request.body) > MAX_BODY:
            raise Failure("REQUEST_TOO_LARGE")
        if stage.api.compress_from is not None and invocation.header("content-encoding") == "gzip":
            _decompress(invocation)
        if stage.policy is not None or method.authorization == "AWS_IAM":
            _check_caller(self._world, invocation, method)
        if method.authorizer is not None and method.authorization == "CUSTOM":
            await self._authorizers.authorize(invocation, method.authorizer)
        if method.api_key_required:
            self.keys.check(invocation)
        if settings.bucket is not None and not settings.bucket.take(invocation.now):
            raise Failure("THROTTLED")
        if method.validator is not None:
            await method.validator.check(invocation, self._world.aside)
        started = time.perf_counter()
        try:
            return await self._integrate(invocation, method.integration)
        except Failure as failure:
            invocation.integration_error = failure.cause or failure.message
            raise
        finally:
            invocation.integration_latency = int((time.perf_counter() - started) * 1000)

    async def _ask_backend(
        self, invocation: Invocation, integration: CompiledIntegration, mapped: dict[str, Multi], body: bytes
    ) -> Backend:
        outbound = self._world.outbound
        return await http_integration.invoke(self._backends, outbound, invocation, integration, mapped, body)

    async def _integrate(self, invocation: Invocation, integration: CompiledIntegration) -> HttpResponse:
        kind = integration.type
        if kind == "AWS_PROXY":
            where = aws_integration.target(invocation, integration)
            return await lambda_integration.invoke_proxy(self._world, invocation, integration, where)
        if kind == "HTTP_PROXY":
            mapped = integration.mapping.apply(invocation)
            backend = await self._ask_backend(invocation, integration, mapped, invocation.body)
            invocation.integration_status = backend.status
            return _passed_on(backend)
        body = self._request_body(invocation, integration)
        if kind == "MOCK":
            status = _mock_status(body)
            return response.build(invocation, integration, Backend(status, {}, b""), str(status))
        mapped = integration.mapping.apply(invocation)
        if kind == "HTTP":
            backend = await self._ask_backend(invocation, integration, mapped, body)
            selector: str | None = str(backend.status)
        else:
            where = aws_integration.target(invocation, integration)
            if where.service == "lambda" and where.path.startswith("/2015-03-31/functions/"):
                backend = await lambda_integration.invoke_plain(
                    self._world, invocation, integration, where, mapped, body
                )
                selector = backend.error_message
            else:
                backend = await self._ask_service(invocation, integration, where, mapped, body)
                selector = str(backend.status)
        invocation.integration_status = backend.status
        if invocation.data_trace:
            invocation.note(f"Endpoint response body before transformations: {_shown(backend.body)}")
        return response.build(invocation, integration, backend, selector)

    async def _ask_service(
        self,
        invocation: Invocation,
        integration: CompiledIntegration,
        where: aws_integration.Target,
        mapped: dict[str, dict[str, list[str]]],
        body: bytes,
    ) -> Backend:
        try:
            return await aws_integration.invoke(self._world, invocation, integration, where, mapped, body)
        except NotEmulated:
            raise
        except AwsError as error:
            raise internal_error(f"{where.service}: {error.code}: {error.message}") from error

    def _request_body(self, invocation: Invocation, integration: CompiledIntegration) -> bytes:
        content_type = invocation.header("content-type")
        template = integration.template(content_type)
        if integration.content_handling is not None:
            binary = invocation.stage.api.is_binary(content_type)
            if integration.content_handling == "CONVERT_TO_TEXT" and binary:
                invocation.body = base64.b64encode(invocation.body)
            elif integration.content_handling == "CONVERT_TO_BINARY" and not binary:
                invocation.body = response.from_base64(invocation.body, "the request body")
        if template is None:
            return invocation.body
        body = template.render(invocation, Input(invocation))
        if invocation.data_trace:
            invocation.note(f"Endpoint request body after transformations: {_shown(body)}")
        return body

    # -- the execution log ------------------------------------------------------------------------------------

    def _begin_log(self, invocation: Invocation) -> None:
        request = invocation.request
        invocation.log = [
            f"Extended Request Id: {invocation.extended_request_id}",
            f"Starting execution for request: {invocation.request_id}",
            f"HTTP Method: {request.method}, Resource Path: {invocation.decoded_path}",
            f"Method request path: {_java(invocation.path_parameters)}",
            f"Method request query string: {_java({k: v[-1] for k, v in invocation.query.items()})}",
        ]
        if invocation.data_trace:
            headers = {name: _redacted(name, values[-1]) for name, values in invocation.written_headers().items()}
            invocation.note(f"Method request headers: {_java(headers)}")
            invocation.note(f"Method request body before transformations: {_shown(invocation.body)}")

    def _finish_log(self, invocation: Invocation) -> None:
        method = invocation.method
        assert method is not None
        level = invocation.stage.method_settings(method, invocation.now).log_level
        if level == "ERROR" and invocation.error is None and invocation.status < 500:
            return
        if invocation.error is None:
            invocation.note("Successfully completed execution")
        invocation.note(f"Method completed with status: {invocation.status}")
        self._logs.execution(invocation)


def _check_caller(world: World, invocation: Invocation, method: CompiledMethod) -> None:
    """Hold the resource policy, and for AWS_IAM the signer's permissions, against the request. Raises Failure 403."""
    stage = invocation.stage
    arn = f"{stage.arn}/{invocation.request.method}{invocation.decoded_path}"
    invoked = Method(arn, stage.account, stage.region, stage.policy)
    try:
        if method.authorization == "AWS_IAM":
            invocation.signer = check_signed(world, invocation.request, invoked)
        else:
            check_anonymous(world, invocation.request, invoked)
    except Unsigned:
        raise Failure("MISSING_AUTHENTICATION_TOKEN") from None
    except Unknown as error:
        raise Failure("EXPIRED_TOKEN" if error.expired else "INVALID_SIGNATURE", error.message) from error
    except NotAllowed as error:
        raise Failure("ACCESS_DENIED", error.message) from error


def _compress(invocation: Invocation, answer: HttpResponse, minimum: int) -> None:
    accepted = invocation.header("accept-encoding") or ""
    encoded = any(name.lower() == "content-encoding" for name, _ in answer.headers)
    if "gzip" in accepted and len(answer.body) >= minimum and answer.body and not encoded:
        answer.body = gzip.compress(answer.body, mtime=0)
        answer.headers.append(("Content-Encoding", "gzip"))


def _decompress(invocation: Invocation) -> None:
    stream = zlib.decompressobj(wbits=31)
    try:
        invocation.body = stream.decompress(invocation.body, MAX_BODY)
    except zlib.error as error:
        raise Failure("BAD_REQUEST_BODY", cause=f"the body is no gzip: {error}") from error
    if stream.unconsumed_tail:
        raise Failure("REQUEST_TOO_LARGE")


def _java(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}={value}" for name, value in values.items()) + "}"


def _redacted(name: str, value: str) -> str:
    """AWS keeps the values of keys and authorization headers out of its logs (how many characters stay is unsure)."""
    if name.lower() not in _SENSITIVE:
        return value
    return "*" * (len(value) - _CHARACTERS_LEFT) + value[-_CHARACTERS_LEFT:] if len(value) > 20 else "*" * len(value)


def _shown(body: bytes) -> str:
    return body[:900].decode("utf-8", "replace")


def _mock_status(body: bytes) -> int:
    """The status in `{"statusCode": N}`. Raises Failure 500 for anything else (D3)."""
    try:
        document = orjson.loads(body)
        status = document.get("statusCode") if isinstance(document, dict) else None
        if isinstance(status, (int, str)):
            return int(status)
    except (orjson.JSONDecodeError, ValueError):
        match = _LENIENT_STATUS.match(body.strip())
        if match is not None:
            return int(match[1])
    raise internal_error('the MOCK integration\'s request template gives no {"statusCode": N}')


def _passed_on(backend: Backend) -> HttpResponse:
    headers = [
        (response.remapped(name), value)
        for name, values in backend.headers.items()
        if name not in ("content-length", "connection", "keep-alive")
        for value in values
    ]
    return HttpResponse(backend.status, headers, backend.body)
