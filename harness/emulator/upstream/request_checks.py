"""What AWS refuses before it looks at anything, and moto fails at: an operation that is not there, a body that is not
JSON, a policy that no later call could evaluate."""

from __future__ import annotations

import re

import orjson

from harness.emulator.call import Call, HttpRequest
from harness.emulator.errors import AwsError, constraint, validation_error
from harness.emulator.spec.explain import serialization_error
from harness.emulator.spec.model import load_model
from harness.emulator.upstream import policies
from harness.emulator.upstream.refusals import fields

_ENTRY = re.compile(r"(.+)\.entry\.(\d+)\.(key|value)")
_OTHER = {"key": "value", "value": "key"}


def check(call: Call, request: HttpRequest) -> None:
    """Raises AwsError. S3 has its own checks (`s3_wire`, `s3_rules`)."""
    if call.service == "s3":
        return
    known = call.operation in load_model(call.service).operations
    if request.header("x-amz-target"):
        if not known:
            raise AwsError("UnknownOperationException", None)
        _check_json(request.body)
    elif call.operation and not known:
        raise AwsError("InvalidAction", f"The action {call.operation} is not valid for this web service.")
    elif not call.operation and _means_query(call, request):
        raise AwsError("MissingAction", "The request must contain the parameter Action.")
    elif call.operation and load_model(call.service).protocol == "query":
        _check_required(call, request)
    policies.check(call, request)


def _means_query(call: Call, request: HttpRequest) -> bool:
    """SQS speaks it beside JSON."""
    return load_model(call.service).protocol == "query" or "x-www-form-urlencoded" in request.header("content-type")


def _check_required(call: Call, request: HttpRequest) -> None:
    """moto makes a user of the name `None` where there is no name."""
    model = load_model(call.service)
    shape = model.input_shape(call.operation)
    required = model.shapes[shape].get("required", ()) if shape else ()
    given = fields(request, keep_blank_values=True)
    _check_entries(set(given))
    names = {name.partition(".")[0] for name in given}
    missing = [name[:1].lower() + name[1:] for name in required if name not in names]
    if missing:
        text = validation_error([constraint(None, name, "Member must not be null") for name in missing]).message
        raise AwsError("ValidationError", text)


def _check_entries(names: set[str]) -> None:
    """moto stores a placeholder of its own where a map's entry has no value."""
    missing = [
        f"{found[1][:1].lower()}{found[1][1:]}.{found[2]}.member.{other}"
        for name in sorted(names)
        if (found := _ENTRY.fullmatch(name)) is not None
        and f"{found[1]}.entry.{found[2]}.{(other := _OTHER[found[3]])}" not in names
    ]
    if missing:
        text = validation_error([constraint(None, name, "Member must not be null") for name in missing]).message
        raise AwsError("ValidationError", text)


def _check_json(body: bytes) -> None:
    if not body.strip():
        return  # an empty object
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise serialization_error("Unable to parse the request body as JSON") from None
    if not isinstance(value, dict):
        raise serialization_error("Expected a JSON object")
