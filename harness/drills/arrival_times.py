"""When each record reached its end: by the time stamps that the sinks themselves keep.

S3's LastModified (whole seconds), the arrival of a request at an HTTP sink, SentTimestamp of a queue's messages, the
time of a log entry. What leaves nothing to find (dropped, expired) has no time: it stays in flight until the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.backup.objects import keys_below
from harness.drills.processed import ProcessedByFunction
from harness.json_object import Json
from harness.ledger import Report
from harness.sinks import DeadLetterQueue, ErrorObjects, HttpSink, S3Objects, Sink

Times = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sighting:
    """The record `token` was first found with this fate at epoch seconds `time`; None where no stamp tells."""

    token: str
    fate: str
    time: float | None


def arrival_times(sinks: Sequence[Sink], report: Report, *, one_clock: bool = True) -> list[Sighting]:
    """One per record and fate: its earliest place. Without `one_clock`, S3 and SQS have a time of their own, which says
    nothing about the drill's."""
    times: dict[str, float] = {}
    for sink in sinks:
        if one_clock or isinstance(sink, HttpSink | ProcessedByFunction):
            times.update(_times(sink))
    found: dict[tuple[str, str], float | None] = {}
    for token, places in report.places.items():
        for place in places:
            moment = times.get(place.place)
            earlier = found.get((token, place.fate))
            if (token, place.fate) not in found or (moment is not None and (earlier is None or moment < earlier)):
                found[token, place.fate] = moment
    return [Sighting(token, fate, moment) for (token, fate), moment in found.items()]


def _times(sink: Sink) -> Times:
    """Epoch seconds by the places that the sink names. A sink that can't be read has no times."""
    try:
        if isinstance(sink, S3Objects | ErrorObjects):
            return _of_objects(sink)
        if isinstance(sink, HttpSink):
            return _of_requests(sink)
        if isinstance(sink, DeadLetterQueue):
            return _of_letters(sink)
        if isinstance(sink, ProcessedByFunction):
            return sink.times()
    except Exception:
        return {}
    return {}


def _of_objects(sink: S3Objects | ErrorObjects) -> Times:
    return {
        f"{sink.bucket}/{key}": sink.s3.head_object(Bucket=sink.bucket, Key=key)["LastModified"].timestamp()
        for key in keys_below(sink.s3, sink.bucket, sink.prefix)
    }


def _of_requests(sink: HttpSink) -> Times:
    import httpx

    requests = httpx.get(sink.url, trust_env=False, verify=False).json()["requests"]
    return {f"{sink.name} request {number}": float(each["time"]) for number, each in enumerate(requests)}


def _of_letters(sink: DeadLetterQueue) -> Times:
    times: dict[str, float] = {}
    seen: set[str] = set()
    while True:
        answer = sink.sqs.receive_message(
            QueueUrl=sink.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=300, AttributeNames=["SentTimestamp"]
        )
        fresh: list[Json] = [each for each in answer.get("Messages", []) if each["MessageId"] not in seen]
        if not fresh:
            return times
        for message in fresh:
            seen.add(message["MessageId"])
            info = json.loads(message["Body"]).get("KinesisBatchInfo", {})
            place = f"{sink.name} {info.get('shardId')} from {info.get('startSequenceNumber')}"
            times[place] = int(message["Attributes"]["SentTimestamp"]) / 1000
