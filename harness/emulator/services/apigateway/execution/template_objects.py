"""`$input` and `$util` in mapping templates (D4)."""

from __future__ import annotations

import base64
import binascii
from typing import Any, ClassVar
from urllib.parse import quote_plus, unquote_plus

import orjson

from harness.emulator.budget import Budget
from harness.emulator.services.apigateway.execution.failure import Failure
from harness.emulator.services.apigateway.execution.invocation import Invocation
from harness.emulator.services.apigateway.execution.variables import ContextVariables, StageVariables
from harness.emulator.services.apigateway.jsonpath import NOTHING, compile_path
from harness.emulator.services.apigateway.vtl import MISSING, VtlError, VtlObject, to_text
from harness.emulator.services.apigateway.vtl.values import Paid, json_text, weigh


class Input(VtlObject):
    """`$input` of a request. In a response template the body is the integration's (`Output`)."""

    name = "input"
    __slots__ = ("invocation",)

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation

    def document(self) -> Any:
        return self.invocation.json()

    def body(self) -> str:
        return self.invocation.body.decode("utf-8", "replace") or "{}"

    def vtl_get(self, name: str) -> Any:
        if name == "body":
            return self.body()
        return super().vtl_get(name)

    def path(self, budget: Budget, path: Any) -> Any:
        found = compile_path(to_text(path)).find(self.document(), budget)
        return MISSING if found is NOTHING or found is None else found

    def json(self, budget: Budget, path: Any) -> str:
        found = compile_path(to_text(path)).find(self.document(), budget)
        weigh(found, budget)  # the template may have put parts of the document into itself
        return '""' if found is NOTHING else json_text(found)

    def params(self, name: Any = None) -> Any:
        invocation = self.invocation
        if name is None:
            return {
                "path": dict(invocation.path_parameters),
                "querystring": {key: values[-1] for key, values in invocation.query.items()},
                "header": {key: values[-1] for key, values in invocation.written_headers().items()},
            }
        key = to_text(name)
        if key in invocation.path_parameters:
            return invocation.path_parameters[key]
        if key in invocation.query:
            return invocation.query[key][-1]
        value = invocation.header(key)
        return MISSING if value is None else value


Input.methods = {
    "path": Paid(lambda budget, source, path: source.path(budget, path)),
    "json": Paid(lambda budget, source, path: source.json(budget, path)),
    "params": Input.params,
}


class Output(Input):
    """`$input` in a response template: the body that the integration answered with."""

    __slots__ = ("_document", "payload")
    _NONE: ClassVar[object] = object()

    def __init__(self, invocation: Invocation, payload: bytes) -> None:
        super().__init__(invocation)
        self.payload = payload
        self._document: Any = self._NONE

    def body(self) -> str:
        return self.payload.decode("utf-8", "replace") or "{}"

    def document(self) -> Any:
        if self._document is self._NONE:
            if not self.payload:
                self._document = {}
            else:
                try:
                    self._document = orjson.loads(self.payload)
                except orjson.JSONDecodeError as error:
                    raise Failure(
                        "API_CONFIGURATION_ERROR", cause=f"the integration's answer is no JSON: {error}"
                    ) from error
        return self._document


_ESCAPES = {"'": "\\'", '"': '\\"', "\\": "\\\\", "/": "\\/"} | {
    "\b": "\\b",
    "\n": "\\n",
    "\t": "\\t",
    "\f": "\\f",
    "\r": "\\r",
}


def escape_java_script(budget: Budget, _: Any, value: Any) -> str:
    """As Apache Commons' `escapeJavaScript`: `'` becomes `\\'`, what is not ASCII `\\uXXXX`."""
    out: list[str] = []
    text = to_text(value)
    for start in range(0, len(text), _PIECE):
        budget.step(_PIECE // 64)
        out += map(_escaped, text[start : start + _PIECE])
    return "".join(out)


def _escaped(char: str) -> str:
    if " " <= char <= "\x7f" or char in _ESCAPES:
        return _ESCAPES.get(char, char)
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04X}" for i in range(0, len(units), 2))


_PIECE = 4096
"""Characters that are escaped before the next are paid for."""


def _parse_json(_: Any, text: Any) -> Any:
    try:
        return orjson.loads(to_text(text))
    except orjson.JSONDecodeError as error:
        raise VtlError(f"$util.parseJson(): {error}") from error


def _base64_encode(_: Any, value: Any) -> str:
    return base64.b64encode(to_text(value).encode("utf-8", "surrogatepass")).decode()


def _base64_decode(_: Any, value: Any) -> str:
    try:
        return base64.b64decode(to_text(value)).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise VtlError(f"$util.base64Decode(): {error}") from error


class Util(VtlObject):
    """`$util`."""

    name = "util"
    methods: ClassVar[dict[str, Any]] = {
        "escapeJavaScript": Paid(escape_java_script),
        "parseJson": _parse_json,
        "urlEncode": lambda _, value: quote_plus(to_text(value), safe="*").replace("~", "%7E"),
        "urlDecode": lambda _, value: unquote_plus(to_text(value)),
        "base64Encode": _base64_encode,
        "base64Decode": _base64_decode,
    }


UTIL = Util()


def scope(invocation: Invocation, source: Input) -> dict[str, Any]:
    """The variables of one rendering."""
    return {
        "input": source,
        "util": UTIL,
        "context": ContextVariables(invocation),
        "stageVariables": StageVariables(invocation.stage.variables),
    }
