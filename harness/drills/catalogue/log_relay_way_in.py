"""log-relay (seed 003): API → Firehose, when Firehose does not take what it gets."""

from __future__ import annotations

from functools import partial

from harness.drills.drill import Drill, Send, Wait, rule
from harness.drills.producer import retrying
from harness.drills.systems.log_relay import DELIVERY, log_or_marked, log_relay, marked
from harness.json_object import Json

_PUTS: Json = {"service": "firehose", "operation": "PutRecord", "resource": DELIVERY}
_BATCHES: Json = {"service": "firehose", "operation": "PutRecordBatch", "resource": DELIVERY}

_through_api = partial(log_relay, through_api=True)
_direct = partial(log_relay, transform=False)

DRILLS = [
    Drill(
        name="log-relay-marked-records-fail",
        title="Some records fail in the function: they go to the bucket, the others to the endpoint",
        system="log-relay",
        proves=("003 Lambda processing failure",),
        topology=_through_api,
        faults=[rule("slow", "latency", {"service": "lambda", "caller": "firehose.amazonaws.com"}, seconds=5)],
        plan=[Send(16, log_or_marked), Wait(30), Send(16, log_or_marked)],
        fates={"delivered": 24, "processing-failed": 8},
        which={"delivered": lambda sent: not marked(sent), "processing-failed": marked},
    ),
    Drill(
        name="log-relay-firehose-unavailable",
        title="Firehose answers 503 to the API: its clients get 500 and try again",
        system="log-relay",
        proves=("003 PutRecord fails", "error"),
        topology=retrying(_through_api),
        faults=[rule("down", "error", _PUTS, {"nth": [2, 3, 7]}, code="ServiceUnavailableException", status=503)],
        plan=[Send(12)],
        fates={"delivered": 12},
    ),
    Drill(
        name="log-relay-api-cut-off",
        title="The API takes a record, but its client's connection breaks; it posts it again: a duplicate",
        system="log-relay",
        proves=("duplicates", "lost-acknowledgement"),
        topology=retrying(_through_api),
        faults=[rule("lost", "lost-acknowledgement", {"service": "execute-api"}, {"nth": 3}, instead="reset")],
        plan=[Send(8)],
        fates={"delivered": 8},
        duplicates=1,
    ),
    Drill(
        name="log-relay-batch-partly-fails",
        title="Entries of PutRecordBatch fail one by one; the producer sends those again",
        system="log-relay",
        proves=("partial PutRecordBatch", "partial-failure"),
        topology=retrying(_direct),
        faults=[
            rule("half", "partial-failure", _BATCHES, {"count": 3}, fraction=0.4, code="ServiceUnavailableException")
        ],
        plan=[Send(150)],
        fates={"delivered": 150},
    ),
    Drill(
        name="log-relay-over-quota",
        title="More records in a second than Firehose takes; the producer backs off",
        system="log-relay",
        proves=("Direct PUT quota", "firehose-quota"),
        topology=retrying(_direct),
        faults=[rule("quota", "firehose-quota", {"resource": DELIVERY}, records=60)],
        plan=[Send(100), Wait(1), Send(50)],
        fates={"delivered": 150},
    ),
    Drill(
        name="log-relay-batch-answer-lost",
        title="Firehose takes a batch, but its answer is lost; the producer sends it again: duplicates",
        system="log-relay",
        proves=("duplicates", "lost-acknowledgement"),
        topology=retrying(_direct),
        faults=[rule("lost", "lost-acknowledgement", _BATCHES, {"nth": 2}, instead="error")],
        plan=[Send(30), Wait(2), Send(20)],
        fates={"delivered": 50},
        duplicates=20,
    ),
]
