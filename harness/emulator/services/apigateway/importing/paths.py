"""Resources, methods and integrations out of a document's paths (D2, D3)."""

from __future__ import annotations

import re

from harness.emulator.api_gateway.answers import bad_request, present
from harness.emulator.api_gateway.openapi import (
    Operation,
    as_boolean,
    as_integer,
    as_object,
    as_text,
    as_text_list,
    as_texts,
    path_with_base,
)
from harness.emulator.errors import AwsError
from harness.emulator.services.apigateway.importing.progress import Import, check_extensions
from harness.emulator.services.apigateway.importing.schemas import model_for
from harness.emulator.services.apigateway.importing.security import authorization
from harness.emulator.services.apigateway.integrations import (
    Integrations,
    check_integration_response,
    with_defaults,
)
from harness.emulator.services.apigateway.methods import Methods, check_method_response
from harness.emulator.services.apigateway.resources import add_resource
from harness.json_object import Json

_INTEGRATION = "x-amazon-apigateway-integration"
_OPERATION = frozenset({"auth", "integration", "request-validator"})
_PATH = frozenset({"any-method"})
_LOCATIONS = {"header": "header", "query": "querystring", "path": "path"}
_KINDS = ("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK")
_MEMBERS = frozenset(
    {
        "type",
        "httpMethod",
        "uri",
        "connectionType",
        "connectionId",
        "credentials",
        "requestParameters",
        "requestTemplates",
        "passthroughBehavior",
        "contentHandling",
        "timeoutInMillis",
        "cacheNamespace",
        "cacheKeyParameters",
        "tlsConfig",
    }
)
_TEXTS = ("uri", "credentials", "cacheNamespace")
_UPPER = ("httpMethod", "connectionType", "passthroughBehavior", "contentHandling")
_JSON = "application/json"


class ImportedPaths(Methods, Integrations):
    def _import_paths(self, progress: Import) -> None:
        """Resources for all paths; a method takes the place of one at the same path."""
        document = progress.document
        for path, item in document.paths():
            check_extensions(item, _PATH, f"of the path {path}")
            self._resource_at(progress, path)
        for operation in document.operations():
            resource = self._resource_at(progress, operation.path)
            if resource is not None:
                self._import_method(progress, resource, operation)

    def _resource_at(self, progress: Import, path: str) -> Json | None:
        """The resource of a path, made with its parents if need be; None, and an error noted, for a bad path."""
        path = path_with_base(path, progress.document.base_path, progress.base_path_mode)
        try:
            return _resource(progress, path)
        except AwsError as error:
            progress.failed(f"create resource at path '{path}'", error)
        return None

    def _import_method(self, progress: Import, resource: Json, operation: Operation) -> None:
        document, name, path = operation.document, operation.method, resource["path"]
        check_extensions(document, _OPERATION, f"of {name} {path}")
        method = present(
            httpMethod=name,
            **authorization(progress, document),
            operationName=as_text(document.get("operationId")),
            requestParameters=_request_parameters(progress, operation) or None,
            requestModels=_request_models(progress, operation) or None,
        )
        errors = len(progress.errors)
        with progress.attempt(f"put method '{name}' on resource at path '{path}'"):
            validator = _validator(progress, document)
            if validator is not None:
                method["requestValidatorId"] = validator
            self._check_method(progress.api, method)
            for response in _method_responses(progress, document):
                check_method_response(progress.api, response)
                method.setdefault("methodResponses", {})[response["statusCode"]] = response
        if len(progress.errors) > errors:
            return
        resource["resourceMethods"][name] = method
        if document.get(_INTEGRATION) is not None:
            with progress.attempt(f"put integration on '{name}' for resource at path '{path}'"):
                self._import_integration(method, resource["id"], progress.document.resolve(document[_INTEGRATION]))

    def _import_integration(self, method: Json, resource_id: str, given: Json) -> None:
        kind = str(given.get("type") or "").upper()
        if kind not in _KINDS:
            raise bad_request(f"Invalid integration type specified: {given.get('type')}")
        # `payloadFormatVersion` is for HTTP APIs; a document for both kinds of API may have it.
        for unknown in set(given) - _MEMBERS - {"responses", "payloadFormatVersion"}:
            raise self.refuse(f"{_INTEGRATION} with {unknown}")
        if given.get("connectionId"):
            raise self.refuse(f"{_INTEGRATION} with connectionId")
        integration = with_defaults(resource_id, {**_members(given), "type": kind})
        self._check_integration(method, integration)
        method["methodIntegration"] = integration
        for pattern, entry in as_object(given.get("responses")).items():
            response = as_object(entry)
            answer = present(
                statusCode=str(response.get("statusCode") or ""),
                selectionPattern=None if pattern == "default" else pattern,
                responseParameters=as_texts(response.get("responseParameters")) or None,
                responseTemplates=as_texts(response["responseTemplates"]) if "responseTemplates" in response else None,
                contentHandling=as_text(response.get("contentHandling")),
            )
            if not re.fullmatch(r"[1-5]\d\d", answer["statusCode"]):
                raise bad_request(f"Invalid status code specified: {answer['statusCode']}")
            check_integration_response(method, answer)
            integration.setdefault("integrationResponses", {})[answer["statusCode"]] = answer


def _members(given: Json) -> Json:
    """An integration's members but its type, each of its kind. Raises InvalidDocument."""
    found: Json = {name: as_text(given.get(name)) for name in _TEXTS}
    found |= {name: (as_text(given.get(name)) or "").upper() for name in _UPPER}
    found |= {name: as_texts(given.get(name)) for name in ("requestParameters", "requestTemplates")}
    found["cacheKeyParameters"] = as_text_list(given.get("cacheKeyParameters")) or None
    found["timeoutInMillis"] = as_integer(given.get("timeoutInMillis"))
    found["tlsConfig"] = as_object(given.get("tlsConfig"))
    return found


def _resource(progress: Import, path: str) -> Json:
    """Raises BadRequestException for a part that can't be one, or not at its place."""
    api = progress.api
    resource = api.resource(api.document["rootResourceId"])
    for part in filter(None, path.split("/")):
        children = (item for item in api.resources.values() if item.get("parentId") == resource["id"])
        existing = next((child for child in children if child["pathPart"] == part), None)
        resource = existing or add_resource(api, resource, part, progress.new_id())
    return resource


def _request_parameters(progress: Import, operation: Operation) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for parameter in operation.parameters:
        location, name = parameter.get("in"), parameter.get("name")
        if location in _LOCATIONS:
            found[f"method.request.{_LOCATIONS[location]}.{name}"] = as_boolean(parameter.get("required")) or False
        elif location != "body":
            progress.warnings.append(f"Parameter '{name}' in {location} is not supported. Ignoring.")
    return found


def _request_models(progress: Import, operation: Operation) -> dict[str, str]:
    """Media type → model."""
    document, schemas = progress.document, {}
    if document.is_3:
        body = document.resolve(operation.document.get("requestBody") or {})
        schemas = _by_media_type(body)
    else:
        for parameter in operation.parameters:
            if parameter.get("in") == "body":
                media_types = as_text_list(operation.document.get("consumes") or document.root.get("consumes")) or [
                    _JSON
                ]
                schemas = dict.fromkeys(media_types, parameter.get("schema"))
    return _models(progress, schemas)


def _by_media_type(node: Json) -> Json:
    """The schemas of a body or response of OpenAPI 3.0."""
    return {name: as_object(item).get("schema") for name, item in as_object(node.get("content")).items()}


def _models(progress: Import, schemas: Json) -> dict[str, str]:
    named: dict[int, str | None] = {}
    found: dict[str, str] = {}
    for media_type, schema in schemas.items():
        if not schema:
            continue
        if id(schema) not in named:
            named[id(schema)] = model_for(progress, schema)
        if (name := named[id(schema)]) is not None:
            found[media_type] = name
    return found


def _method_responses(progress: Import, operation: Json) -> list[Json]:
    document, found = progress.document, []
    for status, given in as_object(operation.get("responses")).items():
        if status.startswith("x-"):
            continue
        if not re.fullmatch(r"[1-5]\d\d", status):
            if status != "default":
                progress.warnings.append(f"Response '{status}' is no status code. Ignoring.")
            continue
        response = document.resolve(given or {})
        if document.is_3:
            schemas = _by_media_type(response)
        else:
            media_types = as_text_list(operation.get("produces") or document.root.get("produces")) or [_JSON]
            schemas = dict.fromkeys(media_types, response.get("schema"))
        headers = {f"method.response.header.{name}": False for name in as_object(response.get("headers"))}
        models = _models(progress, schemas)
        found.append(present(statusCode=status, responseParameters=headers or None, responseModels=models or None))
    return found


def _validator(progress: Import, operation: Json) -> str | None:
    """The id of the operation's request validator, else of the API's. Raises BadRequestException for an unknown one."""
    member = "x-amazon-apigateway-request-validator"
    name = operation.get(member, progress.document.root.get(member))
    if name is None:
        return None
    for validator in progress.api.validators.values():
        if validator.get("name") == name:
            return str(validator["id"])
    raise bad_request(f"Invalid Request Validator name specified: {name}")
