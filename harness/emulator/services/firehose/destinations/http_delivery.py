"""Delivering a batch to an HTTP endpoint: request, acknowledgement, back-off and retry budget (A14)."""

from __future__ import annotations

import asyncio
import gzip
import json
from binascii import b2a_base64
from typing import TYPE_CHECKING, NamedTuple

import orjson

from harness.emulator.services.firehose.destinations.http_client import Answer, NoAnswer
from harness.emulator.services.firehose.error_log import log_error
from harness.emulator.services.firehose.error_objects import HTTP_ENDPOINT_FAILED, http_line
from harness.emulator.services.firehose.metrics import freshness
from harness.emulator.services.firehose.model import Batch, DeliveryStream
from harness.emulator.services.firehose.processing.lambda_event import record_ids
from harness.emulator.services.firehose.reason import Reason
from harness.emulator.services.firehose.record import arrived_bytes, data_of

if TYPE_CHECKING:
    from harness.emulator.services.firehose.pipeline import Pipeline

MAX_RECORDS = 10_000
"""Records of one request."""
LONGEST_PAUSE = 120.0

_ANSWER_MEMBERS = {"requestId", "timestamp", "errorMessage"}
_LONGEST_ERROR_MESSAGE = 8192


class Failure(NamedTuple):
    """Why an attempt failed: as the error log says it, and as the error object does."""

    logged: Reason
    written: Reason


class HttpDelivery:
    """Requests of one delivery stream to its endpoint, with the settings as they are at each attempt."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._world = pipeline.world

    async def attempt(self, batch: Batch) -> float | None:
        """One POST; the pause before the next one, or None when it was acknowledged or given up."""
        pipeline = self._pipeline
        stream = pipeline.stream
        destination = stream.destination
        status = 0
        headers, body = await asyncio.to_thread(build_request, stream, batch, self._world.clock.now())
        metrics = pipeline.service.metrics(stream.key)
        size = arrived_bytes(batch.records)
        metrics.add("DeliveryToHttpEndpoint.ProcessedBytes", size)
        metrics.add("DeliveryToHttpEndpoint.ProcessedRecords", len(batch.records))
        url = destination["EndpointConfiguration"]["Url"]
        try:
            answer = await pipeline.service.endpoint_client.post(url, headers, body)
            status = answer.status
            failure = judge(answer, batch.request_id)
        except NoAnswer as error:
            failure = Failure(error.reason, error.reason)
        metrics.add("DeliveryToHttpEndpoint.Success", 1 if failure is None else 0)
        result = "" if failure is None else f"{failure.logged.code} {status or ''}".rstrip()
        self._world.trace.attempted(
            batch.request_id, "http", url, batch.attempt, request_id=batch.request_id, result=result
        )
        if pipeline.runner.is_closed():
            return None
        if failure is None:
            metrics.add("DeliveryToHttpEndpoint.Bytes", size)
            metrics.add("DeliveryToHttpEndpoint.Records", len(batch.records))
            metrics.add("DeliveryToHttpEndpoint.DataFreshness", freshness(self._world.clock.now(), batch))
            pipeline.runner.taken(batch)
            return None
        await log_error(pipeline.service, stream, failure.logged)
        if pipeline.runner.is_closed():
            return None
        if status == 413:
            # Permanent, and by the documentation not written to the bucket either.
            self._world.trace.lost(batch.request_id, "dropped", "the endpoint answered 413")
            pipeline.runner.taken(batch)
            return None
        # The pauses are the retry time: waiting for an answer doesn't count.
        left: float = destination["RetryOptions"]["DurationInSeconds"] - batch.waited
        if left <= 0:
            self._give_up(batch, failure.written)
            return None
        backoff: float = min(LONGEST_PAUSE, 2.0 ** min(batch.attempt - 1, 10)) * self._world.rng.uniform(0.85, 1.15)
        batch.attempts += 1
        return min(backoff, left)

    def _give_up(self, batch: Batch, reason: Reason) -> None:
        pipeline = self._pipeline
        now = self._world.clock.now()
        ids = record_ids(pipeline.stream, batch.records)
        lines = [
            http_line(record, reason, batch.attempt, now, data_id)
            for record, data_id in zip(batch.records, ids, strict=True)
        ]
        pipeline.note_processed(batch.request_id, [(record, reason) for record in batch.records], [])
        pipeline.runner.taken(batch)
        pipeline.fail(HTTP_ENDPOINT_FAILED, lines)


def build_request(stream: DeliveryStream, batch: Batch, now: float) -> tuple[dict[str, str], bytes]:
    """Headers and body of a delivery; `now` in epoch seconds becomes the body's timestamp in milliseconds."""
    destination = stream.destination
    headers = {
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": batch.request_id,
        "X-Amz-Firehose-Source-Arn": stream.arn,
        "Content-Type": "application/json",
        "User-Agent": "Amazon Kinesis Data Firehose Agent/1.0",
    }
    access_key = destination["EndpointConfiguration"].get("AccessKey")
    if access_key:
        headers["X-Amz-Firehose-Access-Key"] = access_key
    request = destination["RequestConfiguration"]
    if request["CommonAttributes"]:
        attributes = {a["AttributeName"]: a["AttributeValue"] for a in request["CommonAttributes"]}
        headers["X-Amz-Firehose-Common-Attributes"] = json.dumps({"commonAttributes": attributes})
    records = ",".join(
        [f'{{"data":"{b2a_base64(data, newline=False).decode()}"}}' for data in map(data_of, batch.records)]
    )
    body = f'{{"requestId":"{batch.request_id}","timestamp":{int(now * 1000)},"records":[{records}]}}'.encode()
    if request["ContentEncoding"] == "GZIP":
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 6, mtime=int(now))
    return headers, body


def judge(answer: Answer, request_id: str) -> Failure | None:
    """What went wrong; None for a proper acknowledgement."""
    text = answer.body.decode("utf-8", "replace")
    if answer.status != 200:
        code = "HttpEndpoint.DestinationException"
        return Failure(
            Reason(code, f"The following response was received from the endpoint destination. {answer.status}: {text}"),
            Reason(code, f"Received the following response from the endpoint destination. {answer.status}: {text}"),
        )
    if _acknowledges(answer, request_id):
        return None
    reason = Reason(
        "HttpEndpoint.InvalidResponseFromDestination",
        "The response received from the specified endpoint is invalid. Contact the owner of the endpoint to resolve "
        f"the issue. Response for request {request_id} is not recognized as valid JSON or has unexpected fields. "
        f"Raw response received: 200 {text}",
    )
    return Failure(reason, reason)


def _acknowledges(answer: Answer, request_id: str) -> bool:
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" or "content-encoding" in answer.headers:
        return False
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(body, dict) or not body.keys() <= _ANSWER_MEMBERS:
        return False
    timestamp = body.get("timestamp")
    message = body.get("errorMessage")
    return (
        body.get("requestId") == request_id
        and isinstance(timestamp, int | float)
        and not isinstance(timestamp, bool)
        and (message is None or (isinstance(message, str) and len(message) <= _LONGEST_ERROR_MESSAGE))
    )
