"""One batch to its function until every record has a fate: delivered, dead-lettered or expired (C9)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.execution.platform_log import iso
from harness.emulator.services.lambda_.mapping import event
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.lambda_.mapping.shard import ShardReader

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between attempts: doubling from the first to the longest. AWS documents a back-off, not its figures."""

EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"
TOO_LARGE = "MaximumPayloadSizeExceeded"


class Delivery:
    """Delivers the batches of one shard, one after the other."""

    def __init__(self, shard: ShardReader) -> None:
        self._shard = shard
        self._mapping = shard.mapping
        self._service = shard.reader.service
        self._clock = shard.clock
        self._windows = shard.windows
        self._name = names.parse(shard.mapping.function_arn, shard.reader.caller)

    async def deliver(self, records: list[Json], done: Callable[[Json], None]) -> bool:
        """Try until all records have a fate, in order; `done` gets the last record of each settled part.

        False: the mapping stopped before that.
        """
        # Parts still to be delivered, the next one last; each with its failed attempts so far.
        todo: list[tuple[list[Json], int]] = [(records, 0)]
        waits = 0
        while todo:
            if self._shard.stopping:
                return False
            batch, attempts = todo.pop()
            fresh = await self._without_old(batch, attempts)
            if len(fresh) < len(batch):
                done(batch[len(batch) - len(fresh) - 1])
            if not fresh:
                continue
            batch = fresh
            request_id = self._service.world.new_id()
            try:
                answer = await self._invoke(batch, request_id)
            except AwsError as error:
                # The function was not reached: this does not count as an attempt.
                self._shard.reader.result(f"PROBLEM: {error.message}")
                self._note(batch, request_id, attempts + 1, f"not invoked: {error.code}", 0)
                if error.code == "RequestTooLargeException":
                    if len(batch) > 1:
                        todo += reversed([(half, attempts) for half in _halves(batch)])
                    else:
                        await self._dead_letter(batch, TOO_LARGE, max(1, attempts), request_id, None)
                        done(batch[-1])
                    continue
                todo.append((batch, attempts))
                waits += 1
                await self._pause(waits, f"invoking again after {error.code}")
                continue
            failed = self._failed_from(answer, batch)
            problem = "" if failed is None else str(answer.get("FunctionError") or "batch item failures")
            self._note(batch, request_id, attempts + 1, problem, failed or 0)
            if failed is None:
                waits = 0
                self._shard.reader.result("OK")
                done(batch[-1])
                if self._windows is not None:
                    await self._windows.check_size()
                continue
            self._shard.reader.result("PROBLEM: Function call failed")
            if failed > 0:
                done(batch[failed - 1])
                batch = batch[failed:]
            attempts += 1
            most = self._mapping.maximum_retry_attempts
            if 0 <= most < attempts:
                await self._dead_letter(batch, EXHAUSTED, attempts, request_id, answer)
                done(batch[-1])
                waits = 0
            elif self._mapping.bisect and len(batch) > 1 and not (failed > 0):
                # Splitting is no retry: the halves have the attempts that the whole had before.
                todo += reversed([(half, attempts - 1) for half in _halves(batch)])
            else:
                todo.append((batch, attempts))
                waits += 1
                await self._pause(waits, f"retry {attempts} after a function error")
        return True

    def _note(self, batch: list[Json], request_id: str, attempt: int, result: str, done: int) -> None:
        """For the trace: one attempt, what failed, and how many records at the front are done nevertheless."""
        self._service.world.trace.consumed(
            self._mapping.arn, self._mapping.function_arn, _sequences(batch), request_id, attempt, result, done
        )

    def _note_end(self, records: list[Json], fate: str, why: str, place: str = "") -> None:
        self._service.world.trace.discarded(self._mapping.arn, _sequences(records), fate, why, place)

    async def _pause(self, waits: int, why: str) -> None:
        await self._shard.pause(min(FIRST_PAUSE * 2.0 ** min(waits - 1, 10), LONGEST_PAUSE), why)

    async def _invoke(self, batch: list[Json], request_id: str) -> Json:
        """Raises AwsError when the function did not run."""
        mapping = self._mapping
        role = self._shard.reader.role()
        window = None
        if self._windows is not None:
            await self._windows.enter(batch[0])  # a too large state may have ended the batch's window
            window = self._windows.members()
        payload = event.build(mapping, self._shard.shard_id, role, batch, window)
        caller = self._service.as_lambda(self._shard.reader.caller, role, mapping.arn)
        params: Json = {
            "FunctionName": mapping.function_arn,
            "InvocationType": "RequestResponse",
            "Payload": payload,
        }
        answer = await self._service.world.bus.run(Call("lambda", "Invoke", params, caller, request_id))
        age = (self._clock.now() - batch[-1]["ApproximateArrivalTimestamp"]) * 1000
        self._service.metrics.add(self._name, "IteratorAge", max(0, round(age)))
        return answer

    def _failed_from(self, answer: Json, batch: list[Json]) -> int | None:
        """The index of the first record that failed, None for success."""
        if answer.get("FunctionError"):
            return 0
        payload = answer.get("Payload", b"")
        failed = event.reported_failures(payload, batch).first if self._mapping.report_failures else None
        if self._windows is not None and failed != 0:
            returned = self._windows.take(payload)
            if failed is None and not returned:
                return 0
        return failed

    async def _without_old(self, batch: list[Json], attempts: int) -> list[Json]:
        """The batch without the records at its front that are too old or gone from the stream."""
        now = self._clock.now()
        keep = 0
        age = self._mapping.maximum_record_age
        if age >= 0:
            while keep < len(batch) and now - batch[keep]["ApproximateArrivalTimestamp"] > age:
                keep += 1
            if keep:
                request_id = self._service.world.new_id()
                await self._dead_letter(batch[:keep], TOO_OLD, max(1, attempts), request_id, None)
        if attempts and keep < len(batch):
            horizon = now - await self._retention()
            expired = keep
            while expired < len(batch) and batch[expired]["ApproximateArrivalTimestamp"] < horizon:
                expired += 1
            if expired > keep:
                self._note_end(batch[keep:expired], "expired", "older than the stream's retention")
                log.warning("%s: %d records expired before the function took them", self._shard.name, expired - keep)
                keep = expired
        return batch[keep:] if keep else batch

    async def _retention(self) -> float:
        """Seconds that the stream keeps records; endless when it can't be asked."""
        try:
            return await self._shard.reader.client.retention()
        except AwsError:
            return float("inf")

    async def _dead_letter(
        self, batch: list[Json], condition: str, count: int, request_id: str, answer: Json | None
    ) -> None:
        """The record of a discarded batch to the on-failure destination."""
        mapping = self._mapping
        if mapping.on_failure is None:
            self._note_end(batch, "expired" if condition == TOO_OLD else "dropped", condition)
            log.warning("%s: %d records discarded, %s", self._shard.name, len(batch), condition)
            return
        now = self._clock.now()
        message: Json = {
            "requestContext": {
                "requestId": request_id,
                "functionArn": mapping.function_arn,
                "condition": condition,
                "approximateInvokeCount": count,
            }
        }
        if answer is not None:
            message["responseContext"] = {
                "statusCode": answer["StatusCode"],
                "executedVersion": answer["ExecutedVersion"],
                "functionError": answer.get("FunctionError"),
            }
        message |= {
            "version": "1.0",
            "timestamp": iso(now),
            "KinesisBatchInfo": {
                "shardId": self._shard.shard_id,
                "startSequenceNumber": batch[0]["SequenceNumber"],
                "endSequenceNumber": batch[-1]["SequenceNumber"],
                "approximateArrivalOfFirstRecord": iso(batch[0]["ApproximateArrivalTimestamp"]),
                "approximateArrivalOfLastRecord": iso(batch[-1]["ApproximateArrivalTimestamp"]),
                "batchSize": len(batch),
                "streamArn": mapping.stream_arn,
            },
        }
        role = self._shard.reader.role()
        key = None
        if mapping.on_failure.split(":")[2] == "s3":
            message["payload"] = orjson.loads(event.build(mapping, self._shard.shard_id, role, batch))
            moment = iso(now)
            key = (
                f"aws/lambda/{mapping.uuid}/{self._shard.shard_id}/{moment[:10].replace('-', '/')}/"
                f"{moment[:19].replace(':', '.')}-{self._service.world.new_id()}"
            )
        caller = self._service.as_lambda(self._shard.reader.caller, role, mapping.arn)
        place = await self._service.send_record(mapping.on_failure, message, caller, key=key)
        if not place:
            self._service.metrics.add(self._name, "DestinationDeliveryFailures", 1)
        self._note_end(batch, "dead-lettered" if place else "dropped", condition, place)


def _sequences(records: list[Json]) -> list[str]:
    return [record["SequenceNumber"] for record in records]


def _halves(batch: list[Json]) -> list[list[Json]]:
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]
