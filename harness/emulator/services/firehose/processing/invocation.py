"""The Lambda processor at work: invoke, retry on the clock, sort the answer (A8, A9).

Results go on in the order in which batches were sealed as long as nothing goes wrong; a batch that waits for a retry
is overtaken.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.emulator.call import Call
from harness.emulator.errors import AwsError, CannotAssume
from harness.emulator.services.firehose.error_log import log_error
from harness.emulator.services.firehose.error_objects import PROCESSING_FAILED, processing_line
from harness.emulator.services.firehose.model import Batch, DeliveryStream
from harness.emulator.services.firehose.partitioning.partitions import Extraction
from harness.emulator.services.firehose.processing.configuration import LambdaProcessor
from harness.emulator.services.firehose.processing.lambda_answer import BatchFailure, Keys, Sorted, sort_answer
from harness.emulator.services.firehose.processing.lambda_event import build_event, record_ids
from harness.emulator.services.firehose.reason import Reason
from harness.emulator.services.firehose.record import Record, arrived_bytes, number_of

if TYPE_CHECKING:
    from harness.emulator.services.firehose.pipeline import Pipeline

log = logging.getLogger(__name__)

LONGEST_RUN = 300.0
"""Firehose waits 5 minutes for a function at most."""
LONGEST_PAUSE = 30.0
MOST_HELD_BACK = 10
"""Results that wait for an older batch; beyond, they go on before it."""

FUNCTION_ERROR = Reason(
    "Lambda.FunctionError",
    "The Lambda function was successfully invoked but it returned an error result.",
)
TIMED_OUT = Reason(
    "Lambda.FunctionTimedOut",
    "Firehose encountered timeout errors when calling AWS Lambda. The maximum supported function timeout is 5 minutes.",
)
NOT_ASSUMED = Reason(
    "Lambda.AssumeRoleAccessDenied",
    "Access was denied. Ensure that the trust policy for the provided IAM role allows Kinesis Data Firehose to assume "
    "the role.",
)
_INVOKE_ERRORS: dict[str, Reason] = {
    "TooManyRequestsException": Reason(
        "Lambda.InvokeLimitExceeded",
        "The Lambda concurrent execution limit is exceeded. Increase the concurrent execution limit.",
    ),
    "AccessDeniedException": Reason(
        "Lambda.InvokeAccessDenied",
        "Access was denied. Ensure that the access policy allows access to the Lambda function.",
    ),
    "ResourceNotFoundException": Reason(
        "Lambda.ResourceNotFound",
        "The specified Lambda function does not exist. Use a different function that does exist.",
    ),
    "RequestTimeout": TIMED_OUT,
}
_OF_LAMBDA = (
    "InvalidSubnetIDException",
    "InvalidSecurityGroupIDException",
    "SubnetIPAddressLimitReachedException",
    "ENILimitReachedException",
    "InvalidZipFileException",
)
"""Errors of Invoke that Firehose passes on under their own names."""


class InvokeFailure(Exception):
    """The invocation failed, for `reason`; it may be tried again."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(slots=True, frozen=True)
class _Result:
    """What came of a batch: records that go on, with their partition keys, and error lines."""

    delivered: list[Record]
    lines: list[Record]
    keys: list[Keys] | None
    extraction: Extraction | None


class Processing:
    """Runs the batches of the Lambda buffer."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        # Admitted batches in order; those that are done, with what came out; those that pause before a retry.
        self._admitted: dict[int, Batch] = {}
        self._done: dict[int, _Result] = {}
        self._pausing: set[int] = set()

    def admit(self, batch: Batch) -> None:
        """Remember the batch's place in the order."""
        self._admitted[batch.number] = batch

    async def attempt(self, batch: Batch) -> float | None:
        """One invocation; the pause before the next one, or None when the batch's records have gone on."""
        pipeline = self._pipeline
        stream = pipeline.stream
        processor = pipeline.processor
        self._pausing.discard(batch.number)
        if processor is None:
            extraction = await pipeline.extract(batch.records)
            if not pipeline.runner.is_closed():
                self._finish(batch, batch.records, [], None, extraction)
            return None
        ids = record_ids(stream, batch.records)
        metrics = pipeline.service.metrics(pipeline.key)
        began = pipeline.world.clock.now()
        try:
            payload = await self._invoke(stream, processor, batch, ids)
        except InvokeFailure as failure:
            metrics.add("ExecuteProcessing.Duration", (pipeline.world.clock.now() - began) * 1000)
            metrics.add("ExecuteProcessing.Success", 0)
            await log_error(pipeline.service, stream, failure.reason, processor=processor.arn)
            if pipeline.runner.is_closed():
                return None
            if batch.attempt <= processor.retries:
                self._pausing.add(batch.number)
                self._release()
                backoff = min(2.0 ** (batch.attempt - 1), LONGEST_PAUSE)
                batch.attempts += 1
                return backoff
            pipeline.note_processed(batch.request_id, [(record, failure.reason) for record in batch.records], [])
            self._finish(batch, [], self._lines(batch, batch.records, failure.reason, processor))
            return None
        metrics.add("ExecuteProcessing.Duration", (pipeline.world.clock.now() - began) * 1000)
        metrics.add("ExecuteProcessing.Success", 1)
        if pipeline.runner.is_closed():
            return None
        try:
            outcome = sort_answer(
                payload,
                batch.records,
                ids,
                keep_received=pipeline.keeps_received,
                with_keys=pipeline.partitioning is not None,
            )
        except BatchFailure as failure:
            outcome = Sorted([], [(record, failure.reason) for record in batch.records], 0)
        extraction = await pipeline.extract(outcome.delivered)
        if pipeline.runner.is_closed():
            return None
        lines = [
            processing_line(record, reason, batch.attempt, pipeline.world.clock.now(), processor.arn)
            for record, reason in outcome.failed
        ]
        if outcome.delivered:
            metrics.add("SucceedProcessing.Records", len(outcome.delivered))
            metrics.add("SucceedProcessing.Bytes", arrived_bytes(outcome.delivered))
        dropped: list[int] = []
        if outcome.dropped:
            kept = set(map(number_of, [*outcome.delivered, *[record for record, _ in outcome.failed]]))
            dropped = [number for number in map(number_of, batch.records) if number not in kept]
        pipeline.note_processed(batch.request_id, outcome.failed, dropped)
        self._finish(batch, outcome.delivered, lines, outcome.keys, extraction)
        for reason in dict.fromkeys(reason for _, reason in outcome.failed):
            await log_error(pipeline.service, stream, reason, processor=processor.arn)
        return None

    async def _invoke(self, stream: DeliveryStream, processor: LambdaProcessor, batch: Batch, ids: list[str]) -> bytes:
        """The function's payload. Raises InvokeFailure."""
        world = self._pipeline.world
        invocation_id = world.new_id()
        event = build_event(stream, batch.records, ids, invocation_id)
        params = {"FunctionName": processor.arn, "InvocationType": "RequestResponse", "Payload": event}
        caller = self._pipeline.service.caller(stream, processor.role)
        call = Call("lambda", "Invoke", params, caller, world.new_id())
        result = ""
        try:
            return await self._run(stream, processor, call)
        except InvokeFailure as failure:
            result = failure.reason.code
            raise
        finally:
            world.trace.attempted(
                batch.request_id,
                "lambda",
                processor.arn,
                batch.attempt,
                request_id=call.request_id,
                invocation_id=invocation_id,
                result=result,
            )

    async def _run(self, stream: DeliveryStream, processor: LambdaProcessor, call: Call) -> bytes:
        """The function's payload. Raises InvokeFailure."""
        clock = self._pipeline.world.clock
        began = clock.now()
        try:
            answer = await self._pipeline.world.bus.run(call)
        except AwsError as error:
            reason = NOT_ASSUMED if isinstance(error, CannotAssume) else _INVOKE_ERRORS.get(error.code)
            if error.code in _OF_LAMBDA:
                reason = Reason(f"Lambda.{error.code}", error.message or error.code)
            if reason is None:
                code = "Lambda.ServiceUnavailable" if error.status >= 500 else "Lambda.InvocationFailure"
                reason = Reason(code, f"The Lambda function could not be invoked. {error.code}: {error.message}")
            raise InvokeFailure(reason) from error
        except Exception as error:
            log.exception("firehose %s: invoking %s failed", stream.name, processor.arn)
            raise InvokeFailure(Reason("Lambda.InternalServerError", f"The invocation failed: {error}")) from error
        if clock.now() - began > LONGEST_RUN:
            raise InvokeFailure(TIMED_OUT)
        if answer.get("FunctionError"):
            raise InvokeFailure(FUNCTION_ERROR)
        payload = answer.get("Payload")
        return payload if isinstance(payload, bytes) else b""

    def _lines(self, batch: Batch, records: list[Record], reason: Reason, processor: LambdaProcessor) -> list[Record]:
        now = self._pipeline.world.clock.now()
        return [processing_line(record, reason, batch.attempt, now, processor.arn) for record in records]

    def _finish(
        self,
        batch: Batch,
        delivered: list[Record],
        lines: list[Record],
        keys: list[Keys] | None = None,
        extraction: Extraction | None = None,
    ) -> None:
        self._done[batch.number] = _Result(delivered, lines, keys, extraction)
        self._release()

    def _release(self) -> None:
        """Pass results on, in order; what runs holds back what comes after it, what pauses does not."""
        for number, batch in list(self._admitted.items()):
            result = self._done.get(number)
            if result is None:
                if number in self._pausing or len(self._done) > MOST_HELD_BACK:
                    continue
                return
            del self._done[number], self._admitted[number]
            self._pipeline.runner.taken(batch)
            self._pipeline.deliver(result.delivered, result.keys, result.extraction)
            self._pipeline.fail(PROCESSING_FAILED, result.lines)
