"""Request validators: required parameters, and the body against a JSON Schema draft 4 model (D2)."""

from __future__ import annotations

import re
from typing import Any

import orjson

from harness.emulator.aside import Aside
from harness.emulator.budget import BudgetExceeded
from harness.emulator.patterns import BadPattern
from harness.emulator.services.apigateway.execution.failure import Failure, internal_error
from harness.emulator.services.apigateway.execution.invocation import Invocation
from harness.emulator.services.apigateway.execution.model import Model
from harness.emulator.services.apigateway.execution.substitution import request_value
from harness.json_object import Json

_MODEL_URL = re.compile(r"https://apigateway\.amazonaws\.com/restapis/[^/]+/models/([A-Za-z0-9]+)")
_MORE = 10
"""Times the budget that a validation has on the event loop is what a large body gets beside it."""
_ORDER = ("header", "path", "querystring")


class RequestValidator:
    """What a method's validator checks. `required` are names as `header.x`, in the order AWS reports them."""

    def __init__(self, required: list[str], models: dict[str, str] | None, schemas: dict[str, Json]) -> None:
        self.required = required
        self._models = models
        self._schemas = schemas
        self._validators: dict[str, Model] = {}

    @classmethod
    def of(cls, method: Json, api: Json) -> RequestValidator | None:
        """The validator of a method in a deployment's snapshot; None if there is nothing to check."""
        document = api["validators"].get(method.get("requestValidatorId"))
        if document is None:
            return None
        required: list[str] = []
        if document.get("validateRequestParameters"):
            names = [
                name.removeprefix("method.request.")
                for name, needed in (method.get("requestParameters") or {}).items()
                if needed
            ]
            required = sorted(names, key=lambda name: _ORDER.index(name.partition(".")[0]))
        models = (method.get("requestModels") or {}) if document.get("validateRequestBody") else None
        return cls(required, models, api["models"])

    async def check(self, invocation: Invocation, aside: Aside) -> None:
        """Raises Failure 400."""
        missing = [name.partition(".")[2] for name in self.required if not request_value(invocation, name)]
        if missing:
            raise Failure("BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{', '.join(missing)}]")
        if self._models:
            media_type = (invocation.header("content-type") or "application/json").partition(";")[0].strip()
            model = self._models.get(media_type) or self._models.get("$default")
            if model is not None:
                await self._check_body(invocation, model, aside)

    async def _check_body(self, invocation: Invocation, model: str, aside: Aside) -> None:
        from referencing.exceptions import Unresolvable  # here and below: 35 ms that no start should pay

        try:
            document = orjson.loads(invocation.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise Failure("BAD_REQUEST_BODY", detail=f"[{error}]") from error
        validator = self._validators.get(model)
        if validator is None:
            validator = self._validators[model] = self._compile(model)
        try:
            try:
                problems = validator.problems(document, 1)
            except BudgetExceeded:
                problems = await aside.run(validator.problems, document, _MORE)
        except (Unresolvable, BadPattern) as error:
            raise internal_error(f"model {model}: {error}") from error
        except (BudgetExceeded, RecursionError) as error:
            raise Failure("BAD_REQUEST_BODY", cause=f"model {model}: {error}") from error
        if problems:
            raise Failure("BAD_REQUEST_BODY", detail=f"[{', '.join(problems)}]")

    def _compile(self, model: str) -> Model:
        from jsonschema import Draft4Validator
        from jsonschema.exceptions import SchemaError
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT4

        resources = []
        for name, document in self._schemas.items():
            schema = _local(_schema(name, document))
            resources.append((f"model:{name}", Resource.from_contents(schema, default_specification=DRAFT4)))
        if model not in self._schemas:
            raise internal_error(f"model {model} does not exist")
        try:
            Draft4Validator.check_schema(_local(_schema(model, self._schemas[model])))
        except SchemaError as error:
            raise internal_error(f"model {model}: {error.message}") from error
        registry: Registry[Any] = Registry().with_resources(resources)
        return Model({"$ref": f"model:{model}"}, registry)


def _schema(name: str, model: Json) -> Json:
    try:
        schema = orjson.loads(model.get("schema") or "{}")
    except orjson.JSONDecodeError as error:
        raise internal_error(f"model {name}: {error}") from error
    if not isinstance(schema, dict):
        raise internal_error(f"model {name} is not a JSON object")
    return schema


def _local(schema: Any) -> Any:
    """The schema with references to other models (D2) made local, and without its own id."""
    if isinstance(schema, dict):
        return {
            key: _MODEL_URL.sub(r"model:\1", value) if key == "$ref" and isinstance(value, str) else _local(value)
            for key, value in schema.items()
            if key not in ("$schema", "id") or not isinstance(value, str)
        }
    if isinstance(schema, list):
        return [_local(item) for item in schema]
    return schema
