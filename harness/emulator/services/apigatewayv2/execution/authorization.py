"""What comes of asking an authorizer, and where it finds what it asks about (D9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs

from harness.emulator.services.apigatewayv2.execution.event import Exchange
from harness.emulator.services.apigatewayv2.execution.service_integration import context_value
from harness.json_object import Json


@dataclass(slots=True)
class Authorized:
    """The request may pass. `by_2` and `by_1` are `requestContext.authorizer` of an event of payload format 2.0 and
    1.0, `variables` the `$context.authorizer.…` of logs and mappings, `identity` is `requestContext.identity` of a
    signed request."""

    by_2: Json
    by_1: Json | None = None
    variables: dict[str, str] = field(default_factory=dict)
    identity: dict[str, str] = field(default_factory=dict)


class Denied(Exception):
    """The request may not pass. `reason` is `$context.authorizer.error`, `challenge` the `www-authenticate` header."""

    def __init__(self, status: int, reason: str, challenge: str | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.challenge = challenge
        self.message = {401: "Unauthorized", 403: "Forbidden"}.get(status, "Internal Server Error")


def identity(sources: list[str], x: Exchange) -> list[str]:
    """The values of identity sources. Raises Denied 401 if one is missing."""
    values = [_value(source, x) for source in sources]
    if not all(values):
        raise Denied(401, "identity source is missing")
    return values


def _value(source: str, x: Exchange) -> str:
    root, _, rest = source.removeprefix("$").partition(".")
    if root == "context":
        return context_value(rest, x)
    if root == "stageVariables":
        return x.stage_variables.get(rest, "")
    location, _, name = rest.partition(".")
    if location == "header":
        return x.request.header(name.lower())
    return parse_qs(x.request.query).get(name, [""])[0]
