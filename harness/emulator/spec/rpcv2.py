"""Smithy RPC v2 CBOR: a CBOR map in, members out, and back. Timestamps carry tag 1 and are epoch seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.spec.decode import Compiler, Decoder, Doubt
from harness.emulator.spec.explain import explain, serialization_error
from harness.emulator.spec.model import Model
from harness.json_object import Json

CONTENT_TYPE = "application/cbor"


class RpcV2Codec:
    """Decodes and encodes one service's operations."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._compiler = Compiler(model, "rpcv2")
        self._decoders: dict[str, Decoder] = {}

    def decode(self, operation: str, request: HttpRequest) -> Json:
        """Input members of an operation that the model has. Raises the AwsError that AWS would answer."""
        shape = self.model.input_shape(operation)
        if shape is None:
            return {}
        value = _load(request.body)
        decoder = self._decoders.get(operation)
        if decoder is None:
            decoder = self._decoders[operation] = self._compiler.structure(shape)
        try:
            params: Json = decoder(value)
        except Doubt:
            raise explain(self.model, shape, value, "rpcv2") from None
        return params

    def encode(self, operation: str, result: Json, request_id: str) -> HttpResponse:
        """The answer to a call, without the id: a header says it. Operations without output answer an empty body."""
        import cbor2

        shape = self.model.output_shape(operation)
        headers = [("smithy-protocol", "rpc-v2-cbor")]
        if shape is None:
            return HttpResponse(200, headers)
        body = cbor2.dumps(self._members(shape, result), datetime_as_timestamp=True)
        return HttpResponse(200, [*headers, ("Content-Type", CONTENT_TYPE)], body)

    def _members(self, shape_name: str, value: Any) -> Any:
        """The value with its timestamps as datetimes, which are written with tag 1."""
        shape = self.model.shapes[shape_name]
        kind = shape["type"]
        if kind == "structure":
            members = shape.get("members", {})
            return {
                name: self._members(members[name]["shape"], item) for name, item in value.items() if item is not None
            }
        if kind == "list":
            return [self._members(shape["member"]["shape"], item) for item in value]
        if kind == "map":
            return {key: self._members(shape["value"]["shape"], item) for key, item in value.items()}
        if kind == "timestamp":
            return datetime.fromtimestamp(value, UTC)
        return float(value) if kind in ("double", "float") else value


def _load(body: bytes) -> Any:
    if not body:
        return {}
    import cbor2

    try:
        return _plain(cbor2.loads(body))
    except Exception:
        raise serialization_error("Unable to parse the request body as CBOR") from None


def _plain(value: Any) -> Any:
    """The value with times as epoch seconds."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.timestamp() if isinstance(value, datetime) else value
