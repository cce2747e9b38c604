"""Parameter mapping: `requestParameters` of an integration, `responseParameters` of its responses (D3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.emulator.budget import Budget, BudgetExceeded
from harness.emulator.services.apigateway.execution import variables
from harness.emulator.services.apigateway.execution.failure import internal_error
from harness.emulator.services.apigateway.execution.invocation import Invocation, Multi
from harness.emulator.services.apigateway.execution.substitution import request_value
from harness.emulator.services.apigateway.jsonpath import NOTHING, compile_path
from harness.emulator.services.apigateway.vtl import VtlError, to_text
from harness.emulator.services.apigateway.vtl.template import SECONDS, SIZE, STEPS
from harness.emulator.services.apigateway.vtl.values import json_text, weigh

Values = list[str]


class Backend:
    """What an integration answered: status, headers (names in lower case, all values), body."""

    __slots__ = ("body", "error_message", "headers", "status")

    def __init__(self, status: int, headers: Multi, body: bytes, error_message: str | None = None) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.error_message = error_message


Source = Callable[[Invocation, "Backend | None"], Values]


def source(expression: str) -> Source:
    """The mapping's right side, compiled. It gives the values, none if there is nothing to map.

    Raises ValueError for an expression that API Gateway does not have.
    """
    if len(expression) >= 2 and expression[0] == expression[-1] == "'":
        literal = [expression[1:-1]]
        return lambda *_: literal
    root, _, rest = expression.partition(".")
    if root == "context":
        if not variables.is_known(rest):
            raise ValueError(expression)
        return lambda invocation, _: _one(variables.lookup(invocation, rest))
    if root == "stageVariables":
        return lambda invocation, _: _one(invocation.stage.variables.get(rest))
    if root == "method" and rest.startswith("request."):
        return _from_request(rest[len("request.") :])
    if root == "integration" and rest.startswith("response."):
        return _from_response(rest[len("response.") :])
    raise ValueError(expression)


def _one(value: Any) -> Values:
    return [] if value is None else [to_text(value)]


def _from_request(name: str) -> Source:
    location, _, key = name.partition(".")
    if location == "body":
        return _body_source(key, lambda invocation, _: invocation.json(), lambda invocation, _: invocation.body)
    if location == "multivalueheader":
        return lambda invocation, _: invocation.headers.get(key.lower(), [])
    if location == "multivaluequerystring":
        return lambda invocation, _: invocation.query.get(key, [])
    if location in ("header", "querystring", "path"):
        return lambda invocation, _: _one(request_value(invocation, name))
    raise ValueError(name)


def _from_response(name: str) -> Source:
    location, _, key = name.partition(".")
    if location == "body":
        return _body_source(key, _backend_json, lambda _, backend: backend.body if backend else b"")
    if location == "multivalueheader":
        return lambda _, backend: backend.headers.get(key.lower(), []) if backend else []
    if location == "header":
        return lambda _, backend: backend.headers.get(key.lower(), [])[-1:] if backend else []
    raise ValueError(name)


def _backend_json(_: Invocation, backend: Backend | None) -> Any:
    import orjson

    try:
        return orjson.loads(backend.body) if backend and backend.body else {}
    except orjson.JSONDecodeError as error:
        raise internal_error(f"the integration's answer is no JSON: {error}") from error


def _body_source(
    path: str,
    document: Callable[[Invocation, Backend | None], Any],
    body: Callable[[Invocation, Backend | None], bytes],
) -> Source:
    if not path:
        return lambda invocation, backend: [body(invocation, backend).decode("utf-8", "replace")]
    try:
        compiled = compile_path(path)
    except VtlError as error:
        raise ValueError(str(error)) from error

    def find(invocation: Invocation, backend: Backend | None) -> Values:
        budget = Budget(steps=STEPS, size=SIZE, seconds=SECONDS)
        try:
            found = compiled.find(document(invocation, backend), budget)
            weigh(found, budget)  # a template may have put parts of the document into itself
        except BudgetExceeded as error:
            raise internal_error(f"mapping {path}: {error}") from error
        if found is NOTHING or found is None:
            return []
        return [found if isinstance(found, str) else json_text(found)]

    return find


class RequestMapping:
    """`requestParameters` of an integration: what goes into its headers, query and path."""

    __slots__ = ("_entries",)

    def __init__(self, parameters: dict[str, str]) -> None:
        self._entries: list[tuple[str, str, Source]] = []
        for target, expression in parameters.items():
            _, _, name = target.partition("integration.request.")
            location, _, key = name.partition(".")
            if location not in ("header", "querystring", "path") or not key:
                raise ValueError(target)
            self._entries.append((location, key, source(expression)))

    def apply(self, invocation: Invocation) -> dict[str, Multi]:
        """`{"header": {…}, "querystring": {…}, "path": {…}}`, with `$context.requestOverride` already applied.

        Raises Failure 500 for a header that must not be mapped.
        """
        mapped: dict[str, Multi] = {"header": {}, "querystring": {}, "path": {}}
        for location, key, get in self._entries:
            values = get(invocation, None)
            if values:
                mapped[location][key] = values
        if invocation.request_overrides is not None:
            for location in mapped:
                for key, value in invocation.request_overrides[location].items():
                    values = [to_text(item) for item in value] if isinstance(value, list) else [to_text(value)]
                    for existing in [name for name in mapped[location] if name.lower() == key.lower()]:
                        del mapped[location][existing]
                    mapped[location][key] = values
        for name in mapped["header"]:
            if name.lower() in ("content-length", "transfer-encoding"):
                raise internal_error(f"the header {name} cannot be mapped to the integration (D3)")
        return mapped


class ResponseMapping:
    """`responseParameters` of an integration response: the headers of the method response."""

    __slots__ = ("_entries",)

    def __init__(self, parameters: dict[str, str]) -> None:
        self._entries: list[tuple[str, Source]] = []
        for target, expression in parameters.items():
            _, found, name = target.partition("method.response.header.")
            if not found or not name:
                raise ValueError(target)
            self._entries.append((name, source(expression)))

    def apply(self, invocation: Invocation, backend: Backend | None) -> list[tuple[str, str]]:
        """Header names as written in the mapping, with their values."""
        return [(name, value) for name, get in self._entries for value in get(invocation, backend)]
