"""event-ingestion (seed 004): poison, dead letters, a consumer that falls behind, a stream that throttles."""

from __future__ import annotations

import random
from functools import partial

from harness.drills.drill import HOUR, Drill, Heal, Send, Wait, rule
from harness.drills.drill_run import DrillRun
from harness.drills.producer import retrying
from harness.drills.systems.event_ingestion import (
    FUNCTION,
    STREAM,
    event_ingestion,
    is_poison,
    oldest_processed,
    order,
    poison,
)
from harness.json_object import Json
from harness.ledger.identity import Payload

_PUTS: Json = {"service": "kinesis", "operation": "PutRecords", "resource": STREAM}
_READS: Json = {"service": "kinesis", "operation": "GetRecords", "resource": STREAM, "caller": "lambda.amazonaws.com"}
_INVOKES: Json = {"service": "lambda", "operation": "Invoke", "resource": FUNCTION}
_AT_FUNCTION: Json = {"resource": FUNCTION}

_through_api = partial(event_ingestion, through_api=True)


def _one_poisoned(dice: random.Random, number: int) -> Payload:
    return poison(dice, number) if number == 13 else order(dice, number)


def _fell_behind(run: DrillRun) -> list[str]:
    """The alarm of terraform/modules/kinesis_event_flow stands at an iterator age of a minute."""
    age = oldest_processed(run)
    return [] if age > 60 else [f"the processor was never more than {age:.0f} s behind"]


DRILLS = [
    Drill(
        name="events-poison-batch",
        title="One poisoned order: after four attempts its whole batch is a dead letter",
        system="event-ingestion",
        proves=("004 poison batch", "004 DLQ"),
        topology=_through_api,
        faults=[rule("slow", "latency", _INVOKES, seconds=2)],
        plan=[Send(40, _one_poisoned), Wait(120), Send(30)],
        fates={"dead-lettered": 40, "delivered": 30},
        which={"dead-lettered": lambda sent: sent.number < 40, "delivered": lambda sent: sent.number >= 40},
    ),
    Drill(
        name="events-poison-bisected",
        title="With bisection only the poisoned order is a dead letter",
        system="event-ingestion",
        proves=("004 poison batch", "004 DLQ", "bisection"),
        topology=partial(_through_api, BisectBatchOnFunctionError=True),
        faults=[rule("cold", "lambda-cold-start", _AT_FUNCTION, {"nth": 1}, seconds=4)],
        plan=[Send(32, _one_poisoned)],
        fates={"dead-lettered": 1, "delivered": 31},
        which={"dead-lettered": is_poison, "delivered": lambda sent: not is_poison(sent)},
    ),
    Drill(
        name="events-processor-recovers",
        title="The processor raises three times; the fourth attempt takes the batch",
        system="event-ingestion",
        proves=("004 retries", "lambda-raise"),
        topology=event_ingestion,
        faults=[rule("raises", "lambda-raise", _AT_FUNCTION, {"count": 3})],
        plan=[Send(60), Wait(60), Send(20)],
        fates={"delivered": 80},
        order=True,
    ),
    Drill(
        name="events-processor-dies",
        title="The processor's process exits on every attempt of a batch",
        system="event-ingestion",
        proves=("004 DLQ", "lambda-exit"),
        topology=event_ingestion,
        faults=[rule("exits", "lambda-exit", _AT_FUNCTION, {"count": 4})],
        plan=[Send(30), Wait(90), Send(20)],
        fates={"dead-lettered": 30, "delivered": 20},
        which={"dead-lettered": lambda sent: sent.number < 30, "delivered": lambda sent: sent.number >= 30},
    ),
    Drill(
        name="events-processor-out-of-memory",
        title="The processor runs out of memory twice, then lives",
        system="event-ingestion",
        proves=("004 retries", "lambda-out-of-memory"),
        topology=event_ingestion,
        faults=[rule("memory", "lambda-out-of-memory", _AT_FUNCTION, {"count": 2})],
        plan=[Send(30)],
        fates={"delivered": 30},
    ),
    Drill(
        name="events-processor-too-slow",
        title="The processor runs into its timeout of 30 s on every attempt",
        system="event-ingestion",
        proves=("004 DLQ", "lambda-timeout"),
        topology=event_ingestion,
        faults=[rule("timeout", "lambda-timeout", _AT_FUNCTION, {"count": 4})],
        plan=[Send(30)],
        fates={"dead-lettered": 30},
    ),
    Drill(
        name="events-processor-throttled",
        title="Lambda throttles the processor for ten minutes: no attempt is counted, nothing is given up",
        system="event-ingestion",
        proves=("004 throttling", "error"),
        topology=event_ingestion,
        faults=[rule("throttled", "error", _INVOKES, {"seconds": 600}, code="TooManyRequestsException", status=429)],
        plan=[Send(60, per_second=10)],
        fates={"delivered": 60},
        order=True,
    ),
    Drill(
        name="events-falling-behind",
        title="Each invocation takes 100 s for a while: the iterator's age passes the minute of its alarm",
        system="event-ingestion",
        proves=("004 iterator age",),
        topology=event_ingestion,
        faults=[rule("slow", "latency", _INVOKES, {"seconds": 900}, seconds=100)],
        plan=[Send(20), Wait(100), Send(20), Wait(100), Send(20), Wait(100), Send(20), Wait(900)],
        fates={"delivered": 80},
        also=_fell_behind,
    ),
    Drill(
        name="events-stream-throttles",
        title="The stream throttles entries of the API's batches; the client sends those again",
        system="event-ingestion",
        proves=("004 throttling", "shard limits", "throttle"),
        topology=retrying(_through_api),
        faults=[rule("limit", "throttle", {"resource": STREAM}, records=50)],
        plan=[Send(120)],
        fates={"delivered": 120},
    ),
    Drill(
        name="events-api-answers-500",
        title="Kinesis fails behind the API: the client gets 500 and posts its batch again",
        system="event-ingestion",
        proves=("004 stream fails", "error"),
        topology=retrying(_through_api),
        faults=[rule("down", "error", _PUTS, {"count": 2}, code="InternalFailure", status=500)],
        plan=[Send(40)],
        fates={"delivered": 40},
    ),
    Drill(
        name="events-api-refuses",
        title="Kinesis refuses the API's batch for its disabled key: 400, and nothing was taken",
        system="event-ingestion",
        proves=("004 stream fails", "kms-disabled"),
        topology=partial(_through_api, encrypted=True),
        faults=[rule("key", "kms-disabled", _PUTS, {"count": 1})],
        plan=[Send(20), Send(20)],
        fates={"delivered": 20},
        outcomes={"acknowledged": 20, "refused": 20},
    ),
    Drill(
        name="events-reader-key-disabled",
        title="The stream's KMS key is disabled for an hour: the processor's records wait",
        system="event-ingestion",
        proves=("kms-disabled",),
        topology=partial(event_ingestion, encrypted=True),
        faults=[rule("key", "kms-disabled", {"operation": "GetRecords"}, {"seconds": HOUR})],
        plan=[Send(40), Wait(HOUR), Send(10)],
        fates={"delivered": 50},
    ),
    Drill(
        name="events-iterator-expires",
        title="The event source mapping finds its iterators expired",
        system="event-ingestion",
        proves=("expired-iterator",),
        topology=event_ingestion,
        faults=[rule("expired", "expired-iterator", _READS, {"nth": [1, 3, 4]})],
        plan=[Send(30), Wait(30), Send(30), Wait(30), Send(30)],
        fates={"delivered": 90},
        order=True,
    ),
    Drill(
        name="events-shard-splits",
        title="A shard is split while the processor fails on the records before the split",
        system="event-ingestion",
        proves=("resharding", "reshard split", "lambda-raise"),
        topology=event_ingestion,
        faults=[
            rule("split", "reshard", _PUTS, {"nth": 2}, action="split"),
            rule("raises", "lambda-raise", _AT_FUNCTION, {"count": 2}),
        ],
        plan=[Send(30), Send(30), Wait(60), Send(30)],
        fates={"delivered": 90},
        order=True,
    ),
    Drill(
        name="events-invoked-twice",
        title="The answer of an invocation is lost: the processor sees the batch twice",
        system="event-ingestion",
        proves=("duplicates", "lost-acknowledgement"),
        topology=event_ingestion,
        faults=[rule("lost", "lost-acknowledgement", _INVOKES, {"nth": 1}, instead="error")],
        plan=[Send(25)],
        fates={"delivered": 25},
        duplicates=25,
    ),
    Drill(
        name="events-too-old",
        title="Orders older than an hour are not worth processing: they are dead letters",
        system="event-ingestion",
        proves=("004 DLQ", "record age"),
        topology=partial(event_ingestion, MaximumRecordAgeInSeconds=3600, MaximumRetryAttempts=-1),
        faults=[rule("raises", "lambda-raise", _AT_FUNCTION, {"seconds": 2 * HOUR})],
        plan=[Send(30), Wait(2 * HOUR), Send(20)],
        fates={"dead-lettered": 30, "delivered": 20},
        which={"dead-lettered": lambda sent: sent.number < 30, "delivered": lambda sent: sent.number >= 30},
    ),
    Drill(
        name="events-processor-down-for-a-day",
        title="The processor fails for longer than the stream keeps records, without a limit: the oldest expire",
        system="event-ingestion",
        proves=("expected loss", "retention"),
        topology=partial(event_ingestion, MaximumRetryAttempts=-1, BatchSize=30),
        faults=[rule("raises", "lambda-raise", _AT_FUNCTION)],
        plan=[Send(30), Wait(20 * HOUR), Send(20), Wait(5 * HOUR), Heal("raises"), Wait(100), Send(10)],
        fates={"expired": 30, "delivered": 30},
        which={"expired": lambda sent: sent.number < 30, "delivered": lambda sent: sent.number >= 30},
    ),
]
