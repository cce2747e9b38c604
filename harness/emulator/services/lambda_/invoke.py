"""Invoke (C1): the three invocation types, payload checks, throttles."""

from __future__ import annotations

import asyncio
import base64

import orjson

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.lambda_.asynchronous import Asynchronous
from harness.emulator.services.lambda_.execution.outcome import Invocation, Outcome
from harness.emulator.services.lambda_.execution.stream import Stream
from harness.emulator.services.lambda_.model import LATEST, AsyncEvent, Function, FunctionVersion
from harness.emulator.services.lambda_.names import FunctionName
from harness.emulator.services.lambda_.permissions import Permissions
from harness.emulator.services.lambda_.settings import ACCOUNT_CONCURRENCY
from harness.emulator.services.lambda_.streamed_events import NoEvents, StreamedEvents, log_tail
from harness.json_object import Json

MAX_REQUEST = 6_291_456
MAX_EVENT = 1_048_576
"""Payload bytes of a synchronous and of an asynchronous call."""

THROTTLED = "TooManyRequestsException"

_HEX = "0123456789abcdef"


class Invoke(Permissions, Asynchronous):
    """Runs functions."""

    @operation
    async def invoke(
        self,
        call: Call,
        *,
        function_name: str,
        invocation_type: str = "RequestResponse",
        log_type: str = "None",
        client_context: str | None = None,
        payload: bytes = b"",
        qualifier: str | None = None,
    ) -> Json:
        function, name, version, payload = self._asked(call, function_name, qualifier, invocation_type, payload)
        now = self.world.clock.now()
        if invocation_type == "DryRun":
            return {"StatusCode": 204, "Payload": b""}
        if invocation_type == "Event":
            event = AsyncEvent(
                call.request_id, function.account, function.region, function.name, name.qualifier, payload, now
            )
            self.enqueue(event)
            return {"StatusCode": 202, "Payload": b""}
        context = _read_context(client_context) if client_context else None
        want_log = log_type == "Tail"
        asks = call.caller.service or ""
        outcome = await self.run(function, version, name, payload, call.request_id, context, want_log, asks)
        answer: Json = {"StatusCode": 200, "ExecutedVersion": version.version, "Payload": outcome.payload}
        if outcome.error is not None:
            answer["FunctionError"] = outcome.error
        if want_log:
            answer["LogResult"] = log_tail(outcome)
        return answer

    @operation
    async def invoke_with_response_stream(
        self,
        call: Call,
        *,
        function_name: str,
        invocation_type: str = "RequestResponse",
        log_type: str = "None",
        client_context: str | None = None,
        payload: bytes = b"",
        qualifier: str | None = None,
    ) -> Json:
        """C13: the answer's pieces as the function writes them; one piece from a function that does not stream."""
        function, name, version, payload = self._asked(call, function_name, qualifier, invocation_type, payload)
        if invocation_type == "DryRun":
            return {"StatusCode": 204, "ExecutedVersion": version.version, "EventStream": NoEvents()}
        context = _read_context(client_context) if client_context else None
        stream = Stream()
        running = self.run(
            function, version, name, payload, call.request_id, context, log_type == "Tail", stream=stream
        )
        events = StreamedEvents(self.world.clock, stream, running, want_log=log_type == "Tail")
        await events.begin()
        return {"StatusCode": 200, "ExecutedVersion": version.version, "EventStream": events}

    def _asked(
        self, call: Call, function_name: str, qualifier: str | None, invocation_type: str, payload: bytes
    ) -> tuple[Function, FunctionName, FunctionVersion, bytes]:
        """What a call wants to run, and on what. Raises AWS's errors for what can't be run."""
        function, name = self.find(call, function_name, qualifier)
        version = self.version_of(function, name, routed=True)
        self.check_invoke_allowed(function, name, call.caller)
        limit = MAX_EVENT if invocation_type == "Event" else MAX_REQUEST
        if len(payload) > limit:
            raise AwsError(
                "RequestTooLargeException",
                f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
                413,
                members={"Type": "User"},
            )
        payload = payload or b"{}"
        if call.caller.service is None:
            _check_json(payload)
        if self.world.clock.now() < version.active_at:
            raise AwsError(
                "ResourceConflictException",
                "The operation cannot be performed at this time. "
                "The function is currently in the following state: Pending",
                409,
                members={"Type": "User"},
            )
        return function, name, version, payload

    async def run(
        self,
        function: Function,
        version: FunctionVersion,
        name: FunctionName,
        payload: bytes,
        request_id: str,
        client_context: str | None = None,
        want_log: bool = False,
        caller: str = "",
        stream: Stream | None = None,
    ) -> Outcome:
        """Run one event now. Raises TooManyRequestsException at the concurrency limit (C6)."""
        running = self.fleet.running
        key = function.key
        reserved = function.reserved_concurrency
        if reserved is not None and running[key] >= reserved:
            self.metrics.add(name, "Throttles", 1)
            raise _throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        if reserved is None and running.total() >= ACCOUNT_CONCURRENCY:
            self.metrics.add(name, "Throttles", 1)
            raise _throttled("ConcurrentInvocationLimitExceeded")
        running[key] += 1
        self.metrics.concurrency(name, running[key], running.total(), self._unreserved())
        try:
            trace_id = self._trace_id()
            self.world.trace.ran(request_id, name.arn, caller, trace_id)
            invocation = Invocation(
                request_id,
                name.arn,
                payload,
                version.timeout,
                trace_id,
                client_context,
                want_log,
                asyncio.get_running_loop().create_future(),
                stream=stream,
            )
            outcome = await self.fleet.invoke(version, invocation)
            failed = outcome.error is not None
            self.metrics.ran(name, version.version, failed=failed, duration_ms=outcome.duration_ms)
            return outcome
        finally:
            running[key] -= 1
            if running[key] <= 0:
                del running[key]

    def _unreserved(self) -> int:
        """Invocations in progress of functions without reserved concurrency."""
        found = [(self.functions.get(key), count) for key, count in self.fleet.running.items()]
        return sum(count for each, count in found if each is not None and each.reserved_concurrency is None)

    def _trace_id(self) -> str:
        now = int(self.world.clock.now())
        bits = f"{self.world.rng.getrandbits(160):040x}"
        return f"Root=1-{now:08x}-{bits[:24]};Parent={bits[24:]};Sampled=0"

    async def run_event(self, event: AsyncEvent) -> tuple[str, Outcome]:
        """Run one queued event; returns the executed version and the outcome. Raises AwsError."""
        function = self.functions.get((event.account, event.region, event.name))
        name = FunctionName(event.account, event.region, event.name, event.qualifier)
        if function is None:
            raise AwsError("ResourceNotFoundException", f"Function not found: {name.arn}", 404)
        version = self.version_of(function, name, routed=True)
        outcome = await self.run(function, version, name, event.payload, event.request_id)
        return version.version or LATEST, outcome


def _throttled(reason: str) -> AwsError:
    return AwsError(THROTTLED, "Rate Exceeded.", 429, members={"Reason": reason, "Type": "User"})


def _check_json(payload: bytes) -> None:
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise AwsError(
            "InvalidRequestContentException",
            "Could not parse request body into json: Could not parse payload into json: " + _jackson(payload, error),
            400,
            members={"Type": "User"},
        ) from error


def _jackson(payload: bytes, error: orjson.JSONDecodeError) -> str:
    """What Jackson says about the payload, as far as it can be told: an unknown word, an early end, a character."""
    text = payload.decode("utf-8", "replace")
    where = f' at [Source: (byte[])"{text[:500]}"; line: {error.lineno}, column: '
    stripped = text.strip()
    word = "".join(c for c in stripped if c.isalnum() or c == "_")
    if word and word == stripped and not word[0].isdigit():
        expected = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        return f"Unrecognized token '{word}': {expected}\n{where}{len(text) + 1}]"
    if error.pos >= len(text):
        return f"Unexpected end-of-input\n{where}{error.colno}]"
    character = text[error.pos]
    return f"Unexpected character ('{character}' (code {ord(character)}))\n{where}{error.colno}]"


def _read_context(encoded: str) -> str:
    """The JSON text of a client context. Raises InvalidRequestContentException."""
    try:
        text = base64.b64decode(encoded).decode()
        if isinstance(orjson.loads(text), dict):
            return text
    except ValueError:
        pass
    raise AwsError("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.", 400)
