"""Lambda authorizers of HTTP APIs: payload formats 1.0 and 2.0, policies and simple answers, results kept (D9)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import orjson

from harness.emulator.api_gateway.authorizer_policy import InvalidPolicy, decision
from harness.emulator.api_gateway.callers import PRINCIPAL
from harness.emulator.call import Caller
from harness.emulator.errors import AwsError
from harness.emulator.services.apigatewayv2.execution import functions
from harness.emulator.services.apigatewayv2.execution.authorization import Authorized, Denied, identity
from harness.emulator.services.apigatewayv2.execution.event import Exchange, payload_1, payload_2
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

log = logging.getLogger(__name__)

_TIMEOUT = 10.0
"""Real seconds (D9): a function's time is real."""
_MANY = 1000


class LambdaAuthorizer:
    """Asks functions, and remembers their answers on the world's clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[tuple[str, str, str, tuple[str, ...]], tuple[float, Json]] = {}

    def forget(self, api_id: str, stage: str) -> None:
        for key in [key for key in self._kept if key[:2] == (api_id, stage)]:
            del self._kept[key]

    async def authorize(self, authorizer: Json, x: Exchange) -> Authorized:
        """Raises Denied: 401 without asking for a missing identity source, 403 for a no, 500 for anything else."""
        values = identity(authorizer["IdentitySource"], x)
        ttl = authorizer["AuthorizerResultTtlInSeconds"]
        key = (x.api_id, x.stage, authorizer["AuthorizerId"], tuple(values))
        until, answer = self._kept.get(key, (0.0, {}))
        if until <= x.now:
            answer = await self._ask(authorizer, values, x)
            if ttl and values:
                self._keep(key, x.now, ttl, answer)
        if not _allows(authorizer, answer, x):
            raise Denied(403, "the authorizer denies the request")
        context = answer.get("context") or {}
        if not isinstance(context, dict):
            raise _failed(x, "the context is no object")
        principal = {"principalId": answer["principalId"]} if "principalId" in answer else {}
        variables = {name: _text(value) for name, value in (context | principal).items()}
        return Authorized({"lambda": context}, context | principal, variables)

    def _keep(self, key: tuple[str, str, str, tuple[str, ...]], now: float, ttl: int, answer: Json) -> None:
        if len(self._kept) >= _MANY:
            self._kept = {kept: entry for kept, entry in self._kept.items() if entry[0] > now}
        self._kept[key] = (now + ttl, answer)

    async def _ask(self, authorizer: Json, values: list[str], x: Exchange) -> Json:
        caller = Caller(x.account, x.region).on_behalf(
            PRINCIPAL,
            role=authorizer.get("AuthorizerCredentialsArn"),
            source_arn=f"arn:aws:execute-api:{x.region}:{x.account}:{x.api_id}/authorizers/{authorizer['AuthorizerId']}",
        )
        event = _event_2(values, x) if authorizer["AuthorizerPayloadFormatVersion"] == "2.0" else _event_1(values, x)
        try:
            run = functions.invoke(self._world, authorizer["AuthorizerUri"], event, x, caller)
            result = await asyncio.wait_for(run, _TIMEOUT)
        except TimeoutError:
            raise _failed(x, "the authorizer timed out") from None
        except AwsError as error:
            raise _failed(x, f"{error.code}: {error.message}") from error
        payload = result.get("Payload", b"")
        if result.get("FunctionError"):
            raise _failed(x, f"the authorizer failed: {payload[:500].decode('utf-8', 'replace')}")
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise _failed(x, "the authorizer's answer is no object")
        return answer


def _allows(authorizer: Json, answer: Json, x: Exchange) -> bool:
    """Raises Denied 500 for an answer that is neither of what the authorizer may give."""
    if authorizer.get("EnableSimpleResponses") and "isAuthorized" in answer:
        if not isinstance(answer["isAuthorized"], bool):
            raise _failed(x, "isAuthorized is no boolean")
        return answer["isAuthorized"]
    if "policyDocument" not in answer or "principalId" not in answer:
        raise _failed(x, "principalId or policyDocument is missing")
    try:
        return decision(answer["policyDocument"], x.route_arn) == "Allow"
    except InvalidPolicy as error:
        raise _failed(x, str(error)) from error


def _failed(x: Exchange, reason: str) -> Denied:
    log.warning("HTTP API %s, %s: %s", x.api_id, x.route_key, reason)
    return Denied(500, reason)


def _event_2(values: list[str], x: Exchange) -> Json:
    event = {name: value for name, value in payload_2(x).items() if name not in ("body", "isBase64Encoded", "version")}
    return {"version": "2.0", "type": "REQUEST", "routeArn": x.route_arn, "identitySource": values, **event}


def _event_1(values: list[str], x: Exchange) -> Json:
    request = payload_1(x)
    members = (
        "resource",
        "path",
        "httpMethod",
        "headers",
        "queryStringParameters",
        "pathParameters",
        "stageVariables",
        "requestContext",
    )
    return {
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": x.route_arn,
        "identitySource": ",".join(values),
        "authorizationToken": ",".join(values),
        **{name: request[name] for name in members},
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
