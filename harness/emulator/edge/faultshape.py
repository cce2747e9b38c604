"""Errors on the wire: each protocol's own shape."""

from __future__ import annotations

from harness.emulator.call import HttpResponse
from harness.emulator.errors import AwsError
from harness.emulator.spec.encode import json_bytes
from harness.emulator.spec.model import Model
from harness.emulator.spec.xml_text import escaped
from harness.json_object import Json


def error_response(error: AwsError, form: str, request_id: str, model: Model | None = None) -> HttpResponse:
    """The answer for an error. `form` as in `Recognised`, or `ec2`; the model is that of a native service: it names the
    message member of REST errors, and both names of an error where newer protocols follow the Query protocol's codes.
    """
    headers = list(error.headers.items())
    if model is not None and "query" in model.metadata.get("protocols", [model.protocol]):
        error, headers = _query_compatible(error, form, headers, model)
    if form in ("json", "cbor"):
        return _json(error, form, headers)
    if form == "rest":
        return _rest(error, headers, model)
    if form == "s3":
        more = "".join(f"<{name}>{escaped(str(value))}</{name}>" for name, value in error.members.items())
        body = (
            f"<Error><Code>{escaped(error.code)}</Code><Message>{escaped(error.message or '')}</Message>{more}"
            f"<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>"
        )
        return _xml(error, headers, body)
    if form == "rpcv2":
        return _rpcv2(error, headers)
    if form == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{escaped(error.code)}</Code>"
            f"<Message>{escaped(error.message or '')}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        return _xml(error, headers, body)
    body = (
        f"<ErrorResponse><Error><Type>{'Sender' if error.status < 500 else 'Receiver'}</Type>"
        f"<Code>{escaped(error.code)}</Code><Message>{escaped(error.message or '')}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return _xml(error, headers, body)


def _query_compatible(
    error: AwsError, form: str, headers: list[tuple[str, str]], model: Model
) -> tuple[AwsError, list[tuple[str, str]]]:
    """Errors of such services are raised by their Query code; JSON and CBOR name the shape and tell the code beside."""
    code = "ValidationError" if error.code == "ValidationException" else error.code
    if form == "query":
        return AwsError(code, error.message, error.status), headers
    names = [name for name, shape in model.shapes.items() if shape.get("error", {}).get("code") == code]
    name = code if code in names or not names else names[0]
    fault = "Sender" if error.status < 500 else "Receiver"
    headers = [*headers, ("x-amzn-query-error", f"{code};{fault}")]
    return AwsError(name, error.message, error.status, members=error.members), headers


def _json(error: AwsError, form: str, headers: list[tuple[str, str]]) -> HttpResponse:
    body: Json = {"__type": error.code, **error.members}
    if error.message is not None:
        body["message"] = error.message
    if form == "cbor":
        import cbor2

        return HttpResponse(error.status, [*headers, ("Content-Type", "application/x-amz-cbor-1.1")], cbor2.dumps(body))
    return HttpResponse(error.status, [*headers, ("Content-Type", "application/x-amz-json-1.1")], json_bytes(body))


def _rest(error: AwsError, headers: list[tuple[str, str]], model: Model | None) -> HttpResponse:
    body: Json = {**error.members}
    body[_message_member(error.code, model)] = error.message
    # The type header is what SDKs read; API Gateway's own errors carry it as well (C1, D1).
    headers = [*headers, ("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code)]
    return HttpResponse(error.status, headers, json_bytes(body))


def _message_member(code: str, model: Model | None) -> str:
    """How the error's shape spells the message on the wire: `Message` in most of Lambda, else `message`."""
    shape = model.shapes.get(code) if model is not None else None
    for name, ref in (shape or {}).get("members", {}).items():
        if name.lower() == "message":
            return str(ref.get("locationName", name))
    return "message"


def _rpcv2(error: AwsError, headers: list[tuple[str, str]]) -> HttpResponse:
    import cbor2

    body = cbor2.dumps({"__type": error.code, "message": error.message})
    headers = [*headers, ("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
    return HttpResponse(error.status, headers, body)


def _xml(error: AwsError, headers: list[tuple[str, str]], body: str) -> HttpResponse:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    return HttpResponse(error.status, [*headers, ("Content-Type", "application/xml")], text.encode())
