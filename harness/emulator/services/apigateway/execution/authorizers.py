"""Lambda authorizers, TOKEN and REQUEST (D7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from harness.emulator.api_gateway.authorizer_policy import InvalidPolicy, decision
from harness.emulator.api_gateway.callers import PRINCIPAL
from harness.emulator.budget import BudgetExceeded
from harness.emulator.call import Caller
from harness.emulator.patterns import BadPattern, compile_pattern
from harness.emulator.services.apigateway.execution import aws_integration, lambda_integration
from harness.emulator.services.apigateway.execution.failure import Failure
from harness.emulator.services.apigateway.execution.invocation import Invocation
from harness.emulator.services.apigateway.execution.mapping import source
from harness.emulator.services.apigateway.vtl import to_text
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

_TIMEOUT = 29.0


class Authorizers:
    """Runs authorizers and remembers their answers for their TTL, on the world's clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._remembered: dict[tuple[str, str, str, tuple[str, ...]], tuple[float, Json]] = {}

    def forget(self) -> None:
        self._remembered.clear()

    async def authorize(self, invocation: Invocation, authorizer: Json) -> None:
        """Fill `invocation.authorizer`. Raises Failure 401, 403 or 500."""
        identity = _identity(invocation, authorizer)
        stage = invocation.stage
        ttl = authorizer.get("authorizerResultTtlInSeconds", 300)
        key = (stage.api_id, stage.name, authorizer["id"], identity)
        expires, answer = self._remembered.get(key, (0.0, {}))
        if not ttl or not identity or expires <= invocation.now:
            answer = await self._ask(invocation, authorizer, identity)
            if ttl and identity:
                self._remembered[key] = (invocation.now + ttl, answer)
        _evaluate(invocation, answer)
        context = answer.get("context") or {}
        if not isinstance(context, dict) or any(isinstance(value, (dict, list)) for value in context.values()):
            raise Failure("AUTHORIZER_CONFIGURATION_ERROR", cause="the context must hold scalar values only")
        invocation.authorizer = {name: to_text(value) for name, value in context.items() if value is not None}
        invocation.authorizer["principalId"] = answer["principalId"]
        invocation.usage_key = answer.get("usageIdentifierKey")

    async def _ask(self, invocation: Invocation, authorizer: Json, identity: tuple[str, ...]) -> Json:
        event: Json = {"type": authorizer["type"], "methodArn": method_arn(invocation)}
        if authorizer["type"] == "TOKEN":
            event["authorizationToken"] = identity[0]
        else:
            event |= lambda_integration.request_members(invocation)
        stage = invocation.stage
        where = aws_integration.parse(authorizer["authorizerUri"])
        try:
            answer = await lambda_integration.invoke(
                self._world,
                lambda_integration.function_arn(where),
                orjson.dumps(event),
                Caller(stage.account, stage.region).on_behalf(
                    PRINCIPAL,
                    role=authorizer.get("authorizerCredentials"),
                    source_arn=f"arn:aws:execute-api:{stage.region}:{stage.account}:{stage.api_id}"
                    f"/authorizers/{authorizer['id']}",
                ),
                seconds=_TIMEOUT,
            )
        except Failure as error:
            raise Failure("AUTHORIZER_CONFIGURATION_ERROR", cause=error.cause) from error
        payload = lambda_integration.payload_of(answer)
        try:
            output = orjson.loads(payload)
        except orjson.JSONDecodeError:
            output = None
        if answer.get("FunctionError"):
            if isinstance(output, dict) and output.get("errorMessage") == "Unauthorized":
                raise Failure("UNAUTHORIZED")
            raise Failure("AUTHORIZER_FAILURE", cause=payload[:500].decode("utf-8", "replace"))
        if not isinstance(output, dict) or "principalId" not in output or "policyDocument" not in output:
            raise Failure("AUTHORIZER_CONFIGURATION_ERROR", cause="principalId or policyDocument is missing")
        return output


def method_arn(invocation: Invocation) -> str:
    """The ARN of the request itself, with its real path."""
    return f"{invocation.stage.arn}/{invocation.request.method}{invocation.decoded_path}"


def _identity(invocation: Invocation, authorizer: Json) -> tuple[str, ...]:
    """The values of the identity sources. Raises Failure 401 if one is missing or does not fit,
    500 for an expression that can't be held against it."""
    names = [name.strip() for name in (authorizer.get("identitySource") or "").split(",") if name.strip()]
    values: list[str] = []
    for name in names:
        found = source(name)(invocation, None)
        if not found or not found[-1]:
            raise Failure("UNAUTHORIZED", cause=f"identity source {name} is missing")
        values.append(found[-1])
    expression = authorizer.get("identityValidationExpression")
    if expression and values:
        try:
            fits = compile_pattern(expression).fits(values[0])
        except (BadPattern, BudgetExceeded) as error:
            raise Failure("AUTHORIZER_CONFIGURATION_ERROR", cause=f"identityValidationExpression: {error}") from error
        if not fits:
            raise Failure("UNAUTHORIZED", cause="the token does not match identityValidationExpression")
    return tuple(values)


def _evaluate(invocation: Invocation, answer: Json) -> None:
    """Raises Failure 403 unless the authorizer's policy allows the request, 500 for what is no policy."""
    try:
        found = decision(answer["policyDocument"], method_arn(invocation))
    except InvalidPolicy as error:
        raise Failure("AUTHORIZER_CONFIGURATION_ERROR", cause=str(error)) from error
    if found == "Deny":
        raise Failure("ACCESS_DENIED", "User is not authorized to access this resource with an explicit deny")
    if found != "Allow":
        raise Failure("ACCESS_DENIED")
