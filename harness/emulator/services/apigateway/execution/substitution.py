"""Simple `$context` substitution, without Velocity: gateway responses, access logs, URIs and credentials (D1, D8)."""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.emulator.services.apigateway.execution import variables
from harness.emulator.services.apigateway.execution.invocation import Invocation

Piece = str | Callable[[Invocation], str]

_REFERENCE = re.compile(
    r"\$(?P<open>\{)?(?P<root>context|stageVariables|method\.request)"
    r"(?:\.(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)|\['(?P<quoted>[^']*)'\])(?(open)\})"
)


class Substitution:
    """A text with `$context.x`, `$stageVariables.x` and `$method.request.header.x` in it; `missing` for no value.

    Raises ValueError for a `$context` name that API Gateway does not have.
    """

    __slots__ = ("_pieces", "names")

    def __init__(self, text: str, missing: str = "") -> None:
        self._pieces: list[Piece] = []
        self.names: list[str] = []
        position = 0
        for match in _REFERENCE.finditer(text):
            self._pieces.append(text[position : match.start()])
            position = match.end()
            name = match["name"] or match["quoted"]
            self.names.append(f"{match['root']}.{name}")
            self._pieces.append(_getter(match["root"], name, missing))
        self._pieces.append(text[position:])

    def render(self, invocation: Invocation) -> str:
        return "".join([piece if isinstance(piece, str) else piece(invocation) for piece in self._pieces])


def _getter(root: str, name: str, missing: str) -> Callable[[Invocation], str]:
    if root == "stageVariables":
        return lambda invocation: invocation.stage.variables.get(name, missing)
    if root == "context":
        if not variables.is_known(name):
            raise ValueError(f"$context.{name}")
        return lambda invocation: variables.text(variables.lookup(invocation, name)) or missing
    return lambda invocation: request_value(invocation, name) or missing


def request_value(invocation: Invocation, name: str) -> str | None:
    """`header.x`, `querystring.x` or `path.x` of the request."""
    location, _, key = name.partition(".")
    if location == "header":
        return invocation.header(key)
    if location == "querystring":
        values = invocation.query.get(key)
        return values[-1] if values else None
    if location == "path":
        return invocation.path_parameters.get(key)
    return None
