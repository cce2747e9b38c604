"""Whether an answer has AWS's shape, in the protocol of the service that was called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import cbor2
from botocore.parsers import create_parser

from tests.hostile.attack.message import Answer, Request
from tests.hostile.attack.models import BEHIND, operation_model, service_model

_OF_INTEGRATIONS = (b'{"message": "Internal server error"}', b'{"message":"Internal Server Error"}')
"""What API Gateway answers when an integration fails."""
_FAILED = re.compile(rf"({'|'.join(sorted(BEHIND, key=len, reverse=True))}) ([^<]*) failed in moto: (\w+)")
_OF_ADMIN = ("harness", "localstack", "execute-api")


def complaints(request: Request, answer: Answer) -> Iterator[tuple[str, str]]:
    """(kind, text) of everything that is wrong with this answer."""
    if answer.status == 500 and answer.body not in _OF_INTEGRATIONS:
        # A HEAD's answer has no body to say whose failure it is.
        behind = _FAILED.search(_said(answer)) or (request.method == "HEAD" and request.service in BEHIND)
        yield "behind" if behind else "failure", _said(answer)
    if not (200 <= answer.status < 600) or (answer.status in (502, 504) and request.service not in _OF_ADMIN):
        yield "shape", f"status {answer.status}"
    if request.service == "execute-api":
        return
    if request.service in _OF_ADMIN:
        if answer.status >= 400 and not request.stray and _json_object(answer.body) is None:
            yield "shape", f"status {answer.status} without a JSON object: {_said(answer)}"
        return
    has_id = answer.header("x-amzn-requestid") or answer.header("x-amz-request-id")
    if not (has_id or request.stray or request.torn):
        yield "shape", f"no request id in an answer {answer.status}"
    if request.method == "HEAD":
        return
    if request.stray or request.torn:
        if answer.status >= 400 and answer.body and not any(_errors(answer)):
            yield "shape", f"status {answer.status}, no AWS error: {_said(answer)}"
    elif answer.status >= 400:
        problem = _error_problem(request.protocol, answer)
        if problem:
            yield "shape", f"status {answer.status} in {request.protocol}, {problem}: {_said(answer)}"
    elif answer.status < 300:
        problem = _success_problem(request, answer)
        if problem:
            yield "shape", f"status {answer.status} in {request.protocol}, {problem}: {_said(answer)}"


def place(request: Request, kind: str, text: str) -> str:
    """What a complaint is counted under: a request that lost its way counts for who answered it."""
    failed = _FAILED.search(text)
    if kind == "behind" and failed:
        known = failed[2] in service_model(failed[1]).operation_names or failed[1] == "s3"
        return f"{failed[1]} {failed[2] if known else '(no operation)'} · {failed[3]}"
    if "UnknownOperationException" in text:
        return f"{request.service} (no operation)"
    if "<!doctype html" in text:
        return f"{request.service if not request.stray else 'a stray request'} · HTML"
    return f"{request.service} {request.operation}"


_LISTINGS = (b"<ListBucketResult", b"<ListVersionsResult", b"<ListMultipartUploadsResult")
_NUMBERED = re.compile(rb"&#x(?:[0-8bcef]|1[0-9a-f]);")


def _as_sdks_ask(answer: Answer) -> bytes:
    """The body. S3 lists keys with control characters as references that XML 1.0 lacks; SDKs send `encoding-type=url`,
    which the attack does not."""
    if any(answer.body[:200].find(name) >= 0 for name in _LISTINGS):
        return _NUMBERED.sub(b"?", answer.body)
    return answer.body


def parsed(request: Request, answer: Answer) -> Any:
    """What an SDK makes of a success. Raises what it raises."""
    if request.protocol == "cbor":
        return cbor2.loads(answer.body) if answer.body else {}
    model = operation_model(request.service, request.operation)
    seen = {"status_code": answer.status, "headers": _Headers(answer.headers), "body": _as_sdks_ask(answer)}
    if model.has_streaming_output or model.has_event_stream_output:
        return {}
    return create_parser(request.protocol).parse(seen, model.output_shape)


class _Headers(dict[str, str]):
    """Looked up by names in any case, as SDKs do."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())


def _errors(answer: Answer) -> Iterator[bool]:
    for protocol in ("json", "rest-json", "query", "rest-xml", "cbor"):
        yield _error_problem(protocol, answer) == ""


def _error_problem(protocol: str, answer: Answer) -> str:
    if protocol == "json":
        found = _json_object(answer.body)
        return "no __type" if found is None or not _text(found.get("__type")) else ""
    if protocol == "rest-json":
        found = _json_object(answer.body)
        if found is None:
            return "no JSON object"
        if not (answer.header("x-amzn-errortype") or _text(found.get("__type")) or _text(found.get("code"))):
            return "no error type"
        return "" if any(name.lower() == "message" for name in found) else "no message"
    if protocol in ("cbor", "smithy-rpc-v2-cbor"):
        try:
            value = cbor2.loads(answer.body)
        except Exception:
            return "no CBOR"
        return "" if isinstance(value, dict) and _text(value.get("__type")) else "no __type"
    try:
        root = ElementTree.fromstring(answer.body)
    except ElementTree.ParseError as error:
        return f"no XML ({error})"
    names = {re.sub(r"\{.*\}", "", element.tag): element.text for element in root.iter()}
    if not names.get("Code"):
        return "no Code"
    return "" if "RequestId" in names or "RequestID" in names else "no RequestId"


def _success_problem(request: Request, answer: Answer) -> str:
    is_json = answer.body and "json" in request.protocol and request.operation not in ("Invoke", "GetExport")
    if is_json and "json" in answer.header("content-type") and _strict_json(answer.body) is None:
        return "no JSON"
    try:
        parsed(request, answer)
    except Exception as error:
        return f"an SDK can't read it ({type(error).__name__}: {error})"
    return ""


def _strict_json(body: bytes) -> tuple[Any] | None:
    try:
        return (json.loads(body, parse_constant=_refuse_constant),)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _json_object(body: bytes) -> dict[str, Any] | None:
    found = _strict_json(body)
    return found[0] if found is not None and isinstance(found[0], dict) else None


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _said(answer: Answer) -> str:
    return answer.body[:300].decode("utf-8", "replace")
