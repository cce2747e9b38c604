"""Calls from inside, written and read with botocore's own serializers: any operation, no socket."""

from __future__ import annotations

import functools
import io
from typing import Any
from urllib.parse import urlencode

from harness.emulator.call import Call, HttpRequest, HttpResponse
from harness.emulator.errors import AwsError
from harness.emulator.upstream.sdk import loader
from harness.json_object import Json


class _Protocol:
    """One service's model with its serializer and parser."""

    def __init__(self, service: str) -> None:
        from botocore.model import ServiceModel
        from botocore.parsers import ResponseParserFactory
        from botocore.serialize import create_serializer

        self.model = ServiceModel(loader().load_service_model(service, "service-2"), service)
        protocol = self.model.resolved_protocol
        if "cbor" in protocol:
            protocol = next(name for name in self.model.protocols if "cbor" not in name)
        self.serializer = create_serializer(protocol, include_validation=False)
        parsers = ResponseParserFactory()
        parsers.set_parser_defaults(timestamp_parser=_epoch_seconds)
        self.parser = parsers.create_parser(protocol)


def _epoch_seconds(value: Any) -> float:
    from botocore.utils import parse_timestamp

    return float(value) if isinstance(value, int | float) else parse_timestamp(value).timestamp()


@functools.cache
def _protocol(service: str) -> _Protocol:
    return _Protocol(service)


def make_request(call: Call) -> HttpRequest:
    """The HTTP request of a call: as an SDK would send it, unsigned."""
    protocol = _protocol(call.service)
    wire = protocol.serializer.serialize_to_request(call.params, protocol.model.operation_model(call.operation))
    body = wire["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    elif hasattr(body, "read"):
        body = body.read()
    query = wire["query_string"]
    query = urlencode(query) if isinstance(query, dict) else query
    target = wire["url_path"] + ("&" if query and "?" in wire["url_path"] else "?" if query else "") + query
    headers = [(name.lower(), str(value)) for name, value in wire["headers"].items()]
    return HttpRequest(wire["method"], target, headers, body.encode() if isinstance(body, str) else body)


def read_response(call: Call, response: HttpResponse) -> Json:
    """The output members of an answer, time stamps as epoch seconds. Raises AwsError for an error answer."""
    protocol = _protocol(call.service)
    operation = protocol.model.operation_model(call.operation)
    headers = _CaseInsensitive({name.lower(): value for name, value in response.headers})
    # botocore takes the bytes of a streamed blob for text unless they come as a stream.
    body = io.BytesIO(response.body) if operation.has_streaming_output and response.status < 300 else response.body
    answer = {"status_code": response.status, "headers": headers, "body": body}
    parsed: Json = protocol.parser.parse(answer, operation.output_shape)
    if response.status >= 300:
        error = parsed.get("Error", {})
        raise AwsError(error.get("Code") or "InternalFailure", error.get("Message"), response.status)
    parsed.pop("ResponseMetadata", None)
    for name, value in parsed.items():
        if hasattr(value, "read"):
            parsed[name] = value.read()
    return parsed


class _CaseInsensitive(dict[str, str]):
    """Header names in any case, as botocore's parsers ask for them."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and super().__contains__(key.lower())
