"""A deployment made ready to run: routes, methods, templates, mappings. Built once, at the first request."""

from __future__ import annotations

import re
from typing import Any

from harness.emulator.budget import Budget, BudgetExceeded
from harness.emulator.patterns import Pattern
from harness.emulator.services.apigateway.execution.failure import Failure, internal_error
from harness.emulator.services.apigateway.execution.invocation import Invocation
from harness.emulator.services.apigateway.execution.mapping import RequestMapping, ResponseMapping
from harness.emulator.services.apigateway.execution.routes import Routes
from harness.emulator.services.apigateway.execution.substitution import Substitution
from harness.emulator.services.apigateway.execution.template_objects import Input, scope
from harness.emulator.services.apigateway.execution.validation import RequestValidator
from harness.emulator.services.apigateway.vtl import Template, VtlError
from harness.emulator.services.apigateway.vtl.methods import java_regex
from harness.emulator.services.apigateway.vtl.template import SECONDS, SIZE, STEPS
from harness.emulator.services.apigateway.vtl.values import weigh
from harness.json_object import Json

JSON = "application/json"


class MappingTemplate:
    """A template that is compiled when it is first used: one that does not parse fails its own method only."""

    __slots__ = ("_template", "_text", "content_type")

    def __init__(self, content_type: str, text: str) -> None:
        self.content_type = content_type
        self._text = text
        self._template: Template | None = None

    def render(self, invocation: Invocation, source: Input) -> bytes:
        """Raises Failure 500; what was wrong with the template goes to the logs by name."""
        try:
            if self._template is None:
                self._template = Template(self._text)
            budget = Budget(steps=STEPS, size=SIZE, seconds=SECONDS)
            text = self._template.render(scope(invocation, source), budget)
            weigh([invocation.request_overrides, invocation.response_overrides], budget)
            return text.encode("utf-8", "replace")
        except (VtlError, BudgetExceeded) as error:
            raise internal_error(f"mapping template {self.content_type}: {error}") from error


def templates(texts: dict[str, str] | None) -> dict[str, MappingTemplate]:
    """By media type in lower case."""
    return {name.lower(): MappingTemplate(name, text or "") for name, text in (texts or {}).items()}


class CompiledResponse:
    """An integration response."""

    def __init__(self, document: Json) -> None:
        self.status = int(document["statusCode"])
        self.pattern: str | None = document.get("selectionPattern") or None
        self.templates = templates(document.get("responseTemplates"))
        self.content_handling: str | None = document.get("contentHandling")
        self.mapping = ResponseMapping(document.get("responseParameters") or {})
        self._regex: Pattern | None = None

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole text. Raises Failure 500 for a bad or too slow pattern."""
        if self.pattern is None:
            return False
        try:
            if self._regex is None:
                self._regex = java_regex(self.pattern)
            return self._regex.fits(text)
        except (VtlError, BudgetExceeded) as error:
            raise internal_error(f"selectionPattern: {error}") from error

    def template(self, accept: str | None) -> MappingTemplate | None:
        """By the request's Accept, else for JSON, else the first."""
        if not self.templates:
            return None
        wanted = (accept or JSON).partition(";")[0].strip().lower()
        return self.templates.get(wanted) or self.templates.get(JSON) or next(iter(self.templates.values()))


class CompiledIntegration:
    """An integration: where the request goes and how it is mapped."""

    def __init__(self, document: Json) -> None:
        self.type: str = document["type"]
        self.http_method: str = document.get("httpMethod") or ""
        self.uri = Substitution(document.get("uri") or "")
        self.fixed_uri: str | None = None if self.uri.names else self.uri_text(document)
        self.credentials = Substitution(document.get("credentials") or "")
        self.passes_caller: bool = document.get("credentials") == "arn:aws:iam::*:user/*"
        """Whether it calls in the name of who signed the request."""
        self.templates = templates(document.get("requestTemplates"))
        self.passthrough: str = document.get("passthroughBehavior") or "WHEN_NO_MATCH"
        self.content_handling: str | None = document.get("contentHandling")
        self.timeout: float = document.get("timeoutInMillis", 29000) / 1000
        self.mapping = RequestMapping(document.get("requestParameters") or {})
        responses = [CompiledResponse(item) for item in (document.get("integrationResponses") or {}).values()]
        self.responses = [response for response in responses if response.pattern is not None]
        self.default = next((response for response in responses if response.pattern is None), None)
        self.target: Any = None
        """What the integration's kind parsed out of a fixed URI: kept here so that it is parsed once."""
        self._by_content_type: dict[str, MappingTemplate | None] = {}

    @staticmethod
    def uri_text(document: Json) -> str:
        return document.get("uri") or ""

    def template(self, content_type: str | None) -> MappingTemplate | None:
        """The request template for a Content-Type header (parameters such as charset do not count).

        Raises Failure 415 where passing through is not allowed (the table in D3).
        """
        key = content_type or JSON
        try:
            return self._by_content_type[key]
        except KeyError:
            pass
        found = self.templates.get(key.partition(";")[0].strip().lower())
        if found is None and (
            self.passthrough == "NEVER" or (self.passthrough == "WHEN_NO_TEMPLATES" and self.templates)
        ):
            raise Failure("UNSUPPORTED_MEDIA_TYPE")
        if len(self._by_content_type) < 100:
            self._by_content_type[key] = found
        return found

    def select(self, text: str | None) -> CompiledResponse:
        """The integration response for a backend status or an error message. Raises Failure 500 if none fits (D3)."""
        if text is not None:
            for response in self.responses:
                if response.matches(text):
                    return response
        if self.default is None:
            raise internal_error(f"no integration response matches {text!r} and there is no default")
        return self.default


class CompiledMethod:
    """A method of a resource. `arn_path` is its path in ARNs, with `*` for parameters."""

    def __init__(self, resource: Json, document: Json, validator: RequestValidator | None, api: Json) -> None:
        self.resource_id: str = resource["id"]
        self.resource_path: str = resource["path"]
        self.arn_path = re.sub(r"\{[^}]*\}", "*", self.resource_path)
        self.http_method: str = document["httpMethod"]
        self.authorization: str = document.get("authorizationType", "NONE")
        self.authorizer: Json | None = api["authorizers"].get(document.get("authorizerId"))
        self.api_key_required: bool = document.get("apiKeyRequired", False)
        self.validator = validator
        self.integration = CompiledIntegration(document["methodIntegration"])


class CompiledApi:
    """A deployment's snapshot, compiled."""

    def __init__(self, api: Json) -> None:
        self.api_key_source: str = api["api"].get("apiKeySource", "HEADER")
        self.binary_media_types = [item.lower() for item in api["api"].get("binaryMediaTypes") or []]
        self.gateway_responses: dict[str, Json] = api["gatewayResponses"]
        self.disabled: bool = api["api"].get("disableExecuteApiEndpoint", False)
        self.compress_from: int | None = api["api"].get("minimumCompressionSize")
        self.policy: str | None = api["api"].get("policy")
        self.routes: Routes[dict[str, CompiledMethod]] = Routes()
        for resource in api["resources"].values():
            methods = {
                name: CompiledMethod(resource, document, RequestValidator.of(document, api), api)
                for name, document in resource["resourceMethods"].items()
            }
            if methods:
                self.routes.add(resource["path"], methods)

    def is_binary(self, content_type: str | None) -> bool:
        """Whether a media type is one of the API's binary media types (`*/*` and `image/*` count)."""
        if not self.binary_media_types:
            return False
        media_type = (content_type or JSON).partition(";")[0].strip().lower()
        group = media_type.partition("/")[0] + "/*"
        return any(item in ("*/*", media_type, group) for item in self.binary_media_types)
