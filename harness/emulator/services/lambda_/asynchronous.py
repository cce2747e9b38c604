"""The asynchronous queue (C7): retries after one and two minutes, event age, dead-letter queue, destinations."""

from __future__ import annotations

from abc import abstractmethod

import orjson

from harness.emulator.call import Caller
from harness.emulator.errors import AwsError
from harness.emulator.services.lambda_.destinations import Destinations
from harness.emulator.services.lambda_.execution.outcome import Outcome
from harness.emulator.services.lambda_.execution.platform_log import iso
from harness.emulator.services.lambda_.model import AsyncEvent, EventInvokeConfig, Function
from harness.emulator.services.lambda_.names import FunctionName
from harness.json_object import Json

RETRY_SECONDS = (60.0, 120.0)
MAX_RETRIES = 2
MAX_AGE = 21_600
_THROTTLE_SECONDS = (1.0, 300.0)  # first and longest wait after a throttle
_ERROR_MESSAGE_CHARACTERS = 1024


class Asynchronous(Destinations):
    """Every accepted event stays in the store until it is done, so a restart goes on with it."""

    @abstractmethod
    async def run_event(self, event: AsyncEvent) -> tuple[str, Outcome]:
        """Run one queued event; returns the executed version and the outcome. Raises AwsError."""

    def enqueue(self, event: AsyncEvent) -> None:
        """Accept an event; it runs as soon as the caller has its answer."""
        self.events.put(event.request_id, event)
        self.metrics.add(_name(event), "AsyncEventsReceived", 1)
        self._schedule(event)

    def resume_events(self) -> None:
        """Go on with what the store holds."""
        for event in self.events.values():
            self._schedule(event)

    def _schedule(self, event: AsyncEvent) -> None:
        name = f"lambda {event.name}: asynchronous event {event.request_id}"
        if event.next_at is None:
            self.world.clock.spawn(self._attempt(event), name=name)
        else:
            self.world.clock.call_at(event.next_at, lambda: self._attempt(event), name=name, data=True)

    async def _attempt(self, event: AsyncEvent) -> None:
        function = self.functions.get((event.account, event.region, event.name))
        if function is None:
            self.events.delete(event.request_id)
            return
        config = function.event_invoke.get(event.qualifier or "") or EventInvokeConfig(0.0)
        max_age = config.maximum_event_age or MAX_AGE
        retries = MAX_RETRIES if config.maximum_retry_attempts is None else config.maximum_retry_attempts
        if function.reserved_concurrency == 0:
            await self._failed(event, function, config, "ZeroReservedConcurrency", None, None)
            return
        if event.next_at is not None and self.world.clock.now() - event.enqueued_at >= max_age:
            await self._failed(event, function, config, "EventAgeExceeded", None, None)
            return
        age = (self.world.clock.now() - event.enqueued_at) * 1000
        self.metrics.add(_name(event), "AsyncEventAge", age)
        try:
            version, outcome = await self.run_event(event)
        except AwsError as error:
            event.throttles += 1
            self.world.trace.async_ended(event.request_id, function.arn, event.attempts + 1, error.code)
            first, longest = _THROTTLE_SECONDS
            self._later(event, min(first * 2 ** (event.throttles - 1), longest), max_age)
            return
        event.attempts += 1
        fate = "delivered" if outcome.error is None else ""
        self.world.trace.async_ended(event.request_id, function.arn, event.attempts, outcome.error or "", fate)
        if outcome.error is None:
            if config.on_success:
                message = self._message(event, function, "Success", version, outcome)
                await self._deliver(event, function, config.on_success, message, success=True)
            self.events.delete(event.request_id)
        elif event.attempts > retries:
            await self._failed(event, function, config, "RetriesExhausted", version, outcome)
        else:
            self._later(event, RETRY_SECONDS[event.attempts - 1], max_age)

    def _later(self, event: AsyncEvent, delay: float, max_age: float) -> None:
        event.next_at = min(self.world.clock.now() + delay, event.enqueued_at + max_age)
        self.events.put(event.request_id, event)
        self._schedule(event)

    async def _failed(
        self,
        event: AsyncEvent,
        function: Function,
        config: EventInvokeConfig,
        condition: str,
        version: str | None,
        outcome: Outcome | None,
    ) -> None:
        """To the on-failure destination and to the dead-letter queue, then forget it."""
        place = ""
        if config.on_failure:
            message = self._message(event, function, condition, version, outcome)
            place = await self._deliver(event, function, config.on_failure, message, success=False)
        arn = function.latest.dead_letter_arn
        if arn:
            text = ""
            if outcome is not None:
                try:
                    text = str(orjson.loads(outcome.payload).get("errorMessage", ""))
                except (orjson.JSONDecodeError, AttributeError):
                    text = outcome.payload.decode("utf-8", "replace")
            attributes = {
                "RequestID": {"DataType": "String", "StringValue": event.request_id},
                "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            }
            if text:
                shown = text[:_ERROR_MESSAGE_CHARACTERS]
                attributes["ErrorMessage"] = {"DataType": "String", "StringValue": shown}
            sent = await self.send(arn, event.payload.decode(), self._caller(function), attributes)
            if not sent:
                self.metrics.add(_name(event), "DeadLetterErrors", 1)
            place = sent or place
        self.metrics.add(_name(event), "AsyncEventsDropped", 1)
        self.events.delete(event.request_id)
        fate = "dead-lettered" if place else "dropped"
        self.world.trace.async_ended(event.request_id, function.arn, event.attempts, condition, fate, place)

    def _message(
        self, event: AsyncEvent, function: Function, condition: str, version: str | None, outcome: Outcome | None
    ) -> Json:
        message: Json = {
            "version": "1.0",
            "timestamp": iso(self.world.clock.now()),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": f"{function.arn}:{event.qualifier or '$LATEST'}",
                "condition": condition,
                "approximateInvokeCount": event.attempts,
            },
            "requestPayload": orjson.loads(event.payload),
        }
        if outcome is not None:
            message["responseContext"] = {"statusCode": 200, "executedVersion": version}
            if outcome.error is not None:
                message["responseContext"]["functionError"] = outcome.error
            try:
                message["responsePayload"] = orjson.loads(outcome.payload)
            except orjson.JSONDecodeError:
                message["responsePayload"] = outcome.payload.decode("utf-8", "replace")
        return message

    async def _deliver(self, event: AsyncEvent, function: Function, arn: str, message: Json, *, success: bool) -> str:
        detail = f"Lambda Function Invocation Result - {'Success' if success else 'Failure'}"
        caller = self._caller(function)
        place = await self.send_record(arn, message, caller, detail_type=detail, source_arn=function.arn)
        if not place:
            self.metrics.add(_name(event), "DestinationDeliveryFailures", 1)
        return place

    def _caller(self, function: Function) -> Caller:
        caller = Caller(function.account, function.region)
        return self.as_lambda(caller, function.latest.role, function.arn)


def _name(event: AsyncEvent) -> FunctionName:
    return FunctionName(event.account, event.region, event.name, event.qualifier)
