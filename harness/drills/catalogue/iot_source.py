"""iot (seed 001): producers and the stream in front of Firehose, when Kinesis does what Kinesis does."""

from __future__ import annotations

from functools import partial

from harness.drills.drill import Drill, Heal, Pipeline, Send, Wait, rule
from harness.drills.drill_run import DrillRun
from harness.drills.producer import retrying
from harness.drills.systems.iot import FIREHOSE, STREAM, data_sink, iot
from harness.json_object import Json
from harness.ledger import Sent

_PUTS: Json = {"service": "kinesis", "operation": "PutRecords", "resource": STREAM}
_READS: Json = {"service": "kinesis", "operation": "GetRecords", "resource": STREAM, "caller": FIREHOSE}


def _one_key(sent: Sent) -> str:
    return "sensor-001"


def _by_sensor(sent: Sent) -> str:
    return f"sensor-{sent.number % 7}"


def _keys_in_order(run: DrillRun) -> list[str]:
    """Within an object, the records of each partition key must stand as they were sent, whichever shards they took."""
    sent = run.ledger.sent
    last: dict[tuple[str, str], int] = {}
    for found in data_sink(run).read().found:
        for number in run.ledger.identity.find(found.content):
            if last.get((found.place, sent[number].key), -1) > number:
                return [f"{sent[number].token} stands behind a later record of {sent[number].key}"]
            last[found.place, sent[number].key] = number
    return []


def _encrypted(run: DrillRun) -> Pipeline:
    pipeline = iot(run, transform=False)
    run.client("kinesis").start_stream_encryption(StreamName=STREAM, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    return pipeline


_plain = partial(iot, transform=False)

DRILLS = [
    Drill(
        name="iot-put-records-partly-fails",
        title="Half of the entries of PutRecords fail; the producer sends them again",
        system="iot",
        proves=("partial PutRecords", "partial-failure"),
        topology=retrying(_plain),
        faults=[rule("half", "partial-failure", _PUTS, {"count": 3}, fraction=0.5)],
        plan=[Send(200)],
        fates={"delivered": 200},
    ),
    Drill(
        name="iot-put-records-partly-fails-unheeded",
        title="A producer that does not look at FailedRecordCount: what failed was never in the pipeline",
        system="iot",
        proves=("partial PutRecords", "partial-failure"),
        topology=_plain,
        faults=[rule("three", "partial-failure", _PUTS, {"count": 1}, indexes=[0, 5, 9])],
        plan=[Send(20), Send(10)],
        fates={"delivered": 27},
        outcomes={"acknowledged": 27, "refused": 3},
    ),
    Drill(
        name="iot-hot-shard",
        title="One partition key, more than a shard takes in a second; the producer backs off",
        system="iot",
        proves=("shard limits", "throttle"),
        topology=retrying(_plain),
        faults=[rule("limit", "throttle", {"resource": STREAM}, records=100)],
        plan=[Send(250, key=_one_key)],
        fates={"delivered": 250},
    ),
    Drill(
        name="iot-producer-never-hears",
        title="Kinesis takes a batch, but its answer is lost; the producer sends it again: duplicates",
        system="iot",
        proves=("duplicates", "lost-acknowledgement"),
        topology=retrying(_plain),
        faults=[rule("lost", "lost-acknowledgement", _PUTS, {"nth": 1}, instead="reset")],
        plan=[Send(40), Wait(5), Send(20)],
        fates={"delivered": 60},
        duplicates=40,
    ),
    Drill(
        name="iot-producer-cut-off",
        title="The producer's connection is reset before Kinesis saw the batch; it sends it again",
        system="iot",
        proves=("connection-reset",),
        topology=retrying(_plain),
        faults=[rule("reset", "connection-reset", _PUTS, {"nth": [1, 2]})],
        plan=[Send(40)],
        fates={"delivered": 40},
    ),
    Drill(
        name="iot-iterator-expires",
        title="Firehose finds its iterators expired, and takes up where it was",
        system="iot",
        proves=("expired-iterator",),
        topology=_plain,
        faults=[rule("expired", "expired-iterator", _READS, {"nth": [1, 2, 4, 7]})],
        plan=[Send(30), Wait(10), Send(30), Wait(70), Send(30)],
        fates={"delivered": 90},
        order=True,
    ),
    Drill(
        name="iot-shard-splits",
        title="A shard is split while records are under way; each key keeps its order",
        system="iot",
        proves=("resharding", "reshard split"),
        topology=_plain,
        faults=[rule("split", "reshard", _PUTS, {"nth": 3}, action="split")],
        plan=[Send(200, per_second=40, key=_by_sensor)],
        fates={"delivered": 200},
        order=True,
        also=_keys_in_order,
    ),
    Drill(
        name="iot-shards-merge",
        title="Two shards are merged while Firehose reads them",
        system="iot",
        proves=("resharding", "reshard merge"),
        topology=partial(iot, transform=False, shards=2),
        faults=[rule("merge", "reshard", _READS, {"nth": 4}, action="merge")],
        plan=[Send(200, per_second=40, key=_by_sensor)],
        fates={"delivered": 200},
        order=True,
        also=_keys_in_order,
    ),
    Drill(
        name="iot-reads-throttled",
        title="Another reader uses up the shard's read limit; Firehose waits",
        system="iot",
        proves=("read throttling", "error"),
        topology=_plain,
        faults=[rule("busy", "error", _READS, {"seconds": 45}, code="ProvisionedThroughputExceededException")],
        plan=[Send(60, per_second=10)],
        fates={"delivered": 60},
    ),
    Drill(
        name="iot-stream-key-disabled",
        title="The stream's KMS key is disabled for ten minutes: what was written waits, what is new is refused",
        system="iot",
        proves=("kms-disabled",),
        topology=_encrypted,
        faults=[
            rule("reads", "kms-disabled", {"operation": "GetRecords"}, {"seconds": 600}),
            rule("writes", "kms-disabled", {"operation": "PutRecords"}, {"after": 1, "seconds": 599}),
        ],
        plan=[Send(20), Wait(60), Send(10), Wait(600), Send(20)],
        fates={"delivered": 40},
        outcomes={"acknowledged": 40, "refused": 10},
    ),
    Drill(
        name="iot-reads-denied-for-a-day",
        title="Firehose may not read the stream for 23 hours: the stream keeps the records",
        system="iot",
        proves=("access denied", "retention"),
        topology=_plain,
        faults=[rule("denied", "error", _READS, code="AccessDeniedException")],
        plan=[Send(30), Wait(23 * 3600), Heal("denied"), Send(10)],
        fates={"delivered": 40},
    ),
    Drill(
        name="iot-reads-denied-too-long",
        title="Firehose may not read the stream for longer than it keeps records: the oldest expire, as declared",
        system="iot",
        proves=("expected loss", "retention"),
        topology=_plain,
        faults=[rule("denied", "error", _READS, code="AccessDeniedException")],
        plan=[Send(30), Wait(20 * 3600), Send(20), Wait(5 * 3600), Heal("denied"), Send(10)],
        fates={"expired": 30, "delivered": 30},
        which={"expired": lambda sent: sent.number < 30, "delivered": lambda sent: sent.number >= 30},
        missing_copies=30,
    ),
]
