"""AWS JSON 1.0/1.1 and its CBOR twin: body in, members out, and back."""

from __future__ import annotations

from typing import Any

import orjson

from harness.emulator.call import HttpResponse
from harness.emulator.spec.decode import Compiler, Decoder, Doubt
from harness.emulator.spec.encode import cbor_bytes, json_bytes
from harness.emulator.spec.eventstream import EventEncoder, event_members, event_stream
from harness.emulator.spec.explain import explain, serialization_error
from harness.emulator.spec.model import Model
from harness.json_object import Json


class JsonCodec:
    """Decodes and encodes one service's operations for one wire form, `json` or `cbor`."""

    def __init__(self, model: Model, wire: str) -> None:
        self.model = model
        self.wire = wire
        self._compiler = Compiler(model, wire)
        self._decoders: dict[str, Decoder] = {}
        self._events = event_members(model)

    def decode(self, operation: str, body: bytes) -> Json:
        """Input members of an operation that the model has. Raises the AwsError that AWS would answer."""
        value = self._load(body)
        shape = self.model.input_shape(operation)
        if shape is None:
            return {}
        decoder = self._decoders.get(operation)
        if decoder is None:
            decoder = self._decoders[operation] = self._compiler.structure(shape)
        try:
            params: Json = decoder(value)
        except Doubt:
            raise explain(self.model, shape, value, self.wire) from None
        return params

    def _load(self, body: bytes) -> Any:
        if not body:
            return {}
        if self.wire == "json":
            try:
                return orjson.loads(body)
            except ValueError:
                raise serialization_error("Unable to parse the request body as JSON") from None
        import cbor2

        try:
            return cbor2.loads(body)
        except Exception:
            raise serialization_error("Unable to parse the request body as CBOR") from None

    def encode(self, operation: str, result: Json, content_type: str) -> HttpResponse:
        """The answer to a call. Operations without output answer an empty body, as AWS does."""
        shape = self.model.output_shape(operation)
        if shape is None:
            return HttpResponse(200, [("Content-Type", content_type)])
        member = self._events.get(operation)
        if member is not None:
            encoder = EventEncoder(self.model, operation, self.wire, content_type)
            initial = encoder.initial_response({name: value for name, value in result.items() if name != member})
            return event_stream(encoder, result[member], 200, [], initial)
        if self.wire == "json":
            return HttpResponse(200, [("Content-Type", content_type)], json_bytes(result))
        return HttpResponse(200, [("Content-Type", content_type)], cbor_bytes(self.model, shape, result))
