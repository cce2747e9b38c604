"""Models out of a document's schemas: the named ones, and those written in place (D2)."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.emulator.api_gateway.answers import bad_request, present
from harness.emulator.api_gateway.openapi import as_object
from harness.emulator.services.apigateway.importing.progress import Import
from harness.json_object import Json

_NAME = re.compile(r"[A-Za-z0-9]+")
_REFERENCE = re.compile(r"#/(?:definitions|components/schemas)/([^/]+)")


def import_models(progress: Import) -> None:
    """A model of a name that exists is changed."""
    for name, schema in progress.document.schemas.items():
        with progress.attempt(f"create model for '{name}'"):
            if not _NAME.fullmatch(name):
                raise bad_request(f"Model name must be alphanumeric: {name}")
            _put(progress, name, schema)


def model_for(progress: Import, schema: Any) -> str | None:
    """The name of the model that a schema means: the one that it refers to, or a new one (`MODEL` and some letters).

    None, and a warning, for a reference that leads nowhere.
    """
    name = progress.document.referred_schema(as_object(schema))
    if name is None:
        name = f"MODEL{progress.new_id()}"
        _put(progress, name, as_object(schema))
    elif name not in progress.api.models:
        progress.warnings.append(f"Reference to model '{name}' not found. Ignoring.")
        return None
    return name


def _put(progress: Import, name: str, schema: Json) -> None:
    models = progress.api.models
    model_id = models[name]["id"] if name in models else progress.new_id()
    models[name] = present(
        id=model_id,
        name=name,
        description=schema.get("description"),
        schema=json.dumps(_with_model_references(schema, progress.api.id), indent=2),
        contentType="application/json",
    )


def _with_model_references(schema: Any, api_id: str) -> Any:
    """The schema with references to the document's schemas as API Gateway writes them (D2)."""
    if isinstance(schema, list):
        return [_with_model_references(item, api_id) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _with_model_references(value, api_id) for name, value in schema.items()}
    reference = schema.get("$ref")
    if isinstance(reference, str) and (match := _REFERENCE.fullmatch(reference)):
        found["$ref"] = f"https://apigateway.amazonaws.com/restapis/{api_id}/models/{match[1]}"
    return found
