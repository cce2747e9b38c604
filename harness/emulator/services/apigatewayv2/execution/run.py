"""The way of a request through an HTTP API: stage, route, CORS, authorizer, throttle, integration (D9)."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from harness.emulator.api_gateway import cors
from harness.emulator.api_gateway.callers import PRINCIPAL
from harness.emulator.api_gateway.function_answer import BadAnswer, from_lambda
from harness.emulator.api_gateway.http_backends import HttpBackends
from harness.emulator.call import Caller, HttpRequest, HttpResponse
from harness.emulator.errors import AwsError
from harness.emulator.services.apigatewayv2.execution import access_log, functions, http_proxy, iam_authorizer
from harness.emulator.services.apigatewayv2.execution.authorization import Denied
from harness.emulator.services.apigatewayv2.execution.event import Exchange, payload_1, payload_2
from harness.emulator.services.apigatewayv2.execution.issuer import IssuerKeys
from harness.emulator.services.apigatewayv2.execution.jwt_authorizer import JwtAuthorizer
from harness.emulator.services.apigatewayv2.execution.lambda_authorizer import LambdaAuthorizer
from harness.emulator.services.apigatewayv2.execution.metrics import Served, StageMetrics
from harness.emulator.services.apigatewayv2.execution.response import message
from harness.emulator.services.apigatewayv2.execution.router import Router
from harness.emulator.services.apigatewayv2.execution.service_integration import Unresolved, kinesis_put_record
from harness.emulator.services.apigatewayv2.execution.throttle import Throttle
from harness.emulator.services.apigatewayv2.state import Api, Deployment
from harness.emulator.spec.encode import json_bytes
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.apigatewayv2.base import Base

log = logging.getLogger(__name__)

_PAYLOAD_LIMIT = 10 * 1024 * 1024


class Execution:
    """Runs requests. Route tables are compiled once per deployment."""

    def __init__(self, service: Base) -> None:
        self.service = service
        self.world = service.world
        self._routers: dict[str, Router] = {}
        self._throttle = Throttle()
        self._backends = HttpBackends()
        self._jwt_authorizer = JwtAuthorizer(IssuerKeys(self.world))
        self._lambda_authorizer = LambdaAuthorizer(self.world)
        self._metrics = StageMetrics(self.world)

    async def run(self, api: Api, request: HttpRequest, path: str) -> HttpResponse:
        request_id = self.world.new_id()
        served = Served()
        response = await self._answer(api, request, path, request_id, served)
        self._metrics.answered(api, served, request, response)
        response.headers.append(("apigw-requestid", request_id))
        self.world.trace.answered(request_id, f"HTTP API {api.api_id}", request.method, path, response.status)
        return response

    async def _answer(self, api: Api, request: HttpRequest, path: str, request_id: str, served: Served) -> HttpResponse:
        stage, path = find_stage(api, path)
        if stage is None or "DeploymentId" not in stage:
            return message(404, "Not Found")
        served.stage = stage
        deployment = api.deployments[stage["DeploymentId"]]
        router = self._routers.get(stage["DeploymentId"])
        if router is None:
            router = self._routers[stage["DeploymentId"]] = Router(deployment.routes)
        found = router.match(request.method, path)
        served.route_key = found[0]["RouteKey"] if found else ""
        cors_configuration = api.attributes.get("CorsConfiguration")
        preflight = cors.preflight(cors_configuration, request)
        # A preflight that fits a route with an authorizer has to pass it, and browsers send no credentials (D9).
        if preflight is not None and (found is None or found[0]["AuthorizationType"] == "NONE"):
            return preflight
        if len(request.body) > _PAYLOAD_LIMIT:
            return message(413, "Request Entity Too Large")
        x = Exchange(
            api_id=api.api_id,
            account=api.account,
            region=api.region,
            stage=stage["StageName"],
            route_key=served.route_key,
            path=path,
            request=request,
            path_parameters=found[1] if found else {},
            stage_variables=stage["StageVariables"],
            request_id=request_id,
            now=self.world.clock.now(),
        )
        try:
            if found is None:
                response = message(404, "Not Found")
            else:
                await self._authorize(found[0], deployment, x)
                if preflight is not None:
                    return preflight
                response = await self._serve(found[0], deployment, stage, x, served)
        except Denied as denied:
            response = _denied(denied, x)
        cors.apply(cors_configuration, request, response)
        if stage.get("AccessLogSettings", {}).get("DestinationArn"):
            access_log.write(self.world, stage["AccessLogSettings"], x, response)
        return response

    async def _authorize(self, route: Json, deployment: Deployment, x: Exchange) -> None:
        """Let the route's authorizer fill the exchange. Raises Denied."""
        if route["AuthorizationType"] == "NONE":
            return
        authorizer = deployment.authorizers.get(route.get("AuthorizerId", ""), {})
        if route["AuthorizationType"] == "AWS_IAM":
            authorized = iam_authorizer.authorize(self.world, x)
        elif route["AuthorizationType"] == "JWT":
            authorized = await self._jwt_authorizer.authorize(authorizer, route, x)
        else:
            authorized = await self._lambda_authorizer.authorize(authorizer, x)
        x.authorizer_2, x.authorizer_1, x.identity = authorized.by_2, authorized.by_1, authorized.identity
        x.notes.update((f"authorizer.{name}", value) for name, value in authorized.variables.items())
        x.notes.update((f"identity.{name}", value) for name, value in authorized.identity.items())

    async def _serve(
        self, route: Json, deployment: Deployment, stage: Json, x: Exchange, served: Served
    ) -> HttpResponse:
        if not self._throttle.admits(x.api_id, stage, x.route_key, x.now):
            return message(429, "Too Many Requests")
        integration_id = route.get("Target", "").partition("/")[2]
        began = time.perf_counter()
        try:
            return await self._integrate(deployment.integrations.get(integration_id), x)
        finally:
            served.integration_ms = int((time.perf_counter() - began) * 1000)

    async def _integrate(self, integration: Json | None, x: Exchange) -> HttpResponse:
        if integration is None:
            return message(500, "Internal Server Error")
        caller = Caller(x.account, x.region).on_behalf(
            PRINCIPAL, role=integration.get("CredentialsArn"), source_arn=_source_arn(x)
        )
        if integration["IntegrationType"] == "HTTP_PROXY":
            running = http_proxy.invoke(self._backends, integration, x)
        elif "IntegrationSubtype" in integration:
            running = self._kinesis(integration, x, caller)
        else:
            running = self._lambda(integration, x, caller)
        try:
            # A function's time is real time, and so is the bound on it.
            return await asyncio.wait_for(running, integration["TimeoutInMillis"] / 1000)
        except TimeoutError:
            return message(503, "Service Unavailable")
        except AwsError as error:
            log.warning("HTTP API %s, %s: integration failed: %s", x.api_id, x.route_key, error)
            return message(500, "Internal Server Error")

    async def _lambda(self, integration: Json, x: Exchange, caller: Caller) -> HttpResponse:
        version = integration["PayloadFormatVersion"]
        event = payload_2(x) if version == "2.0" else payload_1(x)
        result = await functions.invoke(self.world, integration["IntegrationUri"], event, x, caller)
        if result.get("FunctionError"):
            return message(500, "Internal Server Error")
        try:
            return from_lambda(result.get("Payload", b""), version)
        except BadAnswer as problem:
            log.warning("HTTP API %s, %s: bad answer of the function: %s", x.api_id, x.route_key, problem)
            return message(500, "Internal Server Error")

    async def _kinesis(self, integration: Json, x: Exchange, caller: Caller) -> HttpResponse:
        try:
            params = kinesis_put_record(integration["RequestParameters"], x)
        except Unresolved:
            return message(400, "Bad Request")
        result = await functions.call(self.world, "kinesis", "PutRecord", params, x, caller)
        return HttpResponse(200, [("content-type", "application/json")], json_bytes(result))

    async def stop(self) -> None:
        await self._backends.stop()

    def forget_authorizations(self, api_id: str, stage: str) -> None:
        self._lambda_authorizer.forget(api_id, stage)


def _denied(denied: Denied, x: Exchange) -> HttpResponse:
    x.notes |= {"authorizer.error": denied.reason, "error.message": denied.message}
    x.notes["error.messageString"] = f'"{denied.message}"'
    response = message(denied.status, denied.message)
    if denied.challenge is not None:
        response.headers.append(("www-authenticate", denied.challenge))
    return response


def find_stage(api: Api, path: str) -> tuple[Json | None, str]:
    """(stage, path within it). The first segment names the stage; where it names none, `$default` serves the whole."""
    first, _, rest = path.lstrip("/").partition("/")
    first = first.replace("%24", "$")
    if first in api.stages:
        return api.stages[first], "/" + rest
    return api.stages.get("$default"), path or "/"


def _source_arn(x: Exchange) -> str:
    method, _, route_path = x.route_key.partition(" ")
    suffix = "$default" if x.route_key == "$default" else f"{method if method != 'ANY' else '*'}{route_path}"
    return f"arn:aws:execute-api:{x.region}:{x.account}:{x.api_id}/{x.stage}/{suffix}"
