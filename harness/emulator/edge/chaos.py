"""LocalStack's chaos API on our rules: `/_localstack/chaos/faults` and `/_localstack/chaos/effects`.

Faults are a list of `{"service", "region", "operation", "probability", "error": {"statusCode", "code"}}`, every member
optional: POST replaces the list, PATCH adds to it, DELETE removes the rules of its body (all without one), GET shows
it.
Effects are `{"latency": ms}`, real milliseconds on every request from outside; 0 ends them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from harness.emulator.call import HttpRequest
from harness.emulator.faults import Faults
from harness.emulator.faults.reading import BadRule
from harness.emulator.faults.registry import LOCALSTACK
from harness.emulator.faults.rule import EXTERNAL, Rule
from harness.json_object import Json

PREFIX = "/_localstack/chaos/"
_LATENCY = "localstack-latency"
_RULE = {"service", "region", "operation", "probability", "error"}
_ERROR = {"statusCode", "code"}


class ChaosProblem(ValueError):
    """What can't be taken, as a sentence."""


class Chaos:
    """Answers for one world. Raises ChaosProblem."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def handle(self, request: HttpRequest) -> Any:
        """The JSON to answer with; None for a path or method that is not there."""
        routes: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "faults"): self._list,
            ("POST", "faults"): lambda: self._replace(_body(request)),
            ("PATCH", "faults"): lambda: self._add(_body(request)),
            ("DELETE", "faults"): lambda: self._delete(_body(request) if request.body else None),
            ("GET", "effects"): self._latency,
            ("POST", "effects"): lambda: self._set_latency(_body(request)),
        }
        route = routes.get((request.method, request.path.removeprefix(PREFIX)))
        return route() if route is not None else None

    # -- faults -----------------------------------------------------------------------------------------------

    def _rules(self) -> list[Rule]:
        return [rule for rule in self._faults.rules(LOCALSTACK) if rule.id != _LATENCY]

    def _list(self) -> list[Json]:
        return [_their_form(rule.given) for rule in self._rules()]

    def _add(self, content: Any) -> list[Json]:
        self._take(_our_forms(content))
        return self._list()

    def _replace(self, content: Any) -> list[Json]:
        forms, before = _our_forms(content), self._rules()
        self._take(forms)
        self._faults.remove(before)
        return self._list()

    def _take(self, forms: list[Json]) -> None:
        try:
            self._faults.add(forms, LOCALSTACK)
        except BadRule as error:
            raise ChaosProblem(str(error)) from error

    def _delete(self, content: Any) -> list[Json]:
        rules = self._rules()
        if content is not None:
            gone = [_their_form(form) for form in _our_forms(content)]
            rules = [rule for rule in rules if _their_form(rule.given) in gone]
        self._faults.remove(rules)
        return self._list()

    # -- effects ----------------------------------------------------------------------------------------------

    def _latency(self) -> Json:
        rule = self._faults.get(_LATENCY)
        return {"latency": round(rule.given["with"]["seconds"] * 1000) if rule is not None else 0}

    def _set_latency(self, content: Any) -> Json:
        value = content.get("latency") if isinstance(content, dict) and content.keys() <= {"latency"} else None
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise ChaosProblem('effects must be {"latency": milliseconds}')
        rule = self._faults.get(_LATENCY)
        if rule is not None:
            self._faults.remove([rule])
        if value:
            match = {"caller": EXTERNAL}
            wait = {"seconds": value / 1000, "real": True}
            self._faults.add([{"id": _LATENCY, "fault": "latency", "match": match, "with": wait}], LOCALSTACK)
        return self._latency()


def _body(request: HttpRequest) -> Any:
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise ChaosProblem(f"the body is not JSON: {error}") from error


def _our_forms(content: Any) -> list[Json]:
    if not isinstance(content, list) or not all(isinstance(rule, dict) for rule in content):
        raise ChaosProblem("faults must be a list of objects")
    return [_our_form(rule) for rule in content]


def _our_form(rule: Json) -> Json:
    error = rule.get("error", {})
    unknown = sorted(rule.keys() - _RULE) or (sorted(error.keys() - _ERROR) if isinstance(error, dict) else ["error"])
    if unknown:
        raise ChaosProblem(f"a fault's member {unknown[0]} is not known or not of the right type")
    match = {name: rule[name] for name in ("service", "region", "operation") if name in rule}
    when = {"probability": rule["probability"]} if "probability" in rule else {}
    with_ = {"code": error.get("code", "ServiceUnavailable"), "status": error.get("statusCode", 503)}
    return {"fault": "error", "match": match, "when": when, "with": with_}


def _their_form(rule: Json) -> Json:
    form = {name: rule["match"][name] for name in ("service", "region", "operation") if name in rule["match"]}
    form["probability"] = rule["when"].get("probability", 1.0)
    form["error"] = {"statusCode": rule["with"]["status"], "code": rule["with"]["code"]}
    return form
