"""log-relay (seed 003): the HTTP endpoint, and the bucket behind it."""

from __future__ import annotations

from functools import partial

from harness.drills.catalogue.expectations import error_codes, first
from harness.drills.drill import DAY, HOUR, Answers, Drill, Send, Wait, rule
from harness.drills.systems.log_relay import BACKUP_WRITES, BUCKET, ENDPOINT, log_or_marked, log_relay, marked
from harness.json_object import Json

_codes = partial(error_codes, BUCKET, "")
_AT_ENDPOINT: Json = {"resource": ENDPOINT}
_direct = partial(log_relay, transform=False)


def _script(*answers: Json, all_given: bool = True) -> list[Answers]:
    return [Answers(ENDPOINT, answers, all_given)]


def _answered_badly(behaviour: str, title: str) -> Drill:
    """An endpoint that takes the records but acknowledges them wrongly: Firehose sends them again."""
    return Drill(
        name=f"log-relay-{behaviour}",
        title=f"The endpoint takes the records but {title}: Firehose sends them again, duplicates",
        system="log-relay",
        proves=("003 HTTP delivery failure", "duplicates", f"sink {behaviour}"),
        topology=_direct,
        scripts=_script({"behaviour": behaviour}),
        plan=[Send(25), Wait(90), Send(15)],
        fates={"delivered": 40},
        duplicates=25,
    )


DRILLS = [
    Drill(
        name="log-relay-endpoint-recovers",
        title="The endpoint answers 500 three times, then takes everything",
        system="log-relay",
        proves=("003 HTTP delivery failure", "sink 500 then 200"),
        topology=log_relay,
        scripts=_script({"status": 500, "times": 3}),
        plan=[Send(40), Wait(30), Send(20)],
        fates={"delivered": 60},
    ),
    Drill(
        name="log-relay-endpoint-down",
        title="The endpoint answers 500 for longer than Firehose tries: everything goes to the bucket",
        system="log-relay",
        proves=("003 HTTP delivery failure", "sink always 500", "http-sink"),
        topology=log_relay,
        faults=[rule("down", "http-sink", _AT_ENDPOINT, {"seconds": 600}, status=500)],
        plan=[Send(40), Wait(620), Send(20)],
        fates={"delivery-failed": 40, "delivered": 20},
        which=first(40, "delivery-failed", "delivered"),
        also=_codes(HttpEndpoint_DestinationException=40),
    ),
    Drill(
        name="log-relay-function-and-endpoint-fail",
        title="Records fail in the function while the endpoint is down: both kinds lie in the bucket, told apart",
        system="log-relay",
        proves=("003 both failures", "http-sink"),
        topology=log_relay,
        faults=[rule("down", "http-sink", _AT_ENDPOINT, {"seconds": 900}, status=503)],
        plan=[Send(40, log_or_marked)],
        fates={"processing-failed": 10, "delivery-failed": 30},
        which={"processing-failed": marked, "delivery-failed": lambda sent: not marked(sent)},
        also=_codes(Lambda_ProcessingFailedStatus=10, HttpEndpoint_DestinationException=30),
    ),
    Drill(
        name="log-relay-endpoint-hangs",
        title="The endpoint never answers: Firehose waits three minutes, then tries again",
        system="log-relay",
        proves=("003 HTTP delivery failure", "sink hang"),
        topology=_direct,
        scripts=_script({"behaviour": "hang", "times": 2}),
        plan=[Send(30)],
        fates={"delivered": 30},
    ),
    Drill(
        name="log-relay-endpoint-hangs-for-good",
        title="The endpoint never answers, until Firehose gives up",
        system="log-relay",
        proves=("003 HTTP delivery failure", "sink hang"),
        topology=_direct,
        faults=[rule("hang", "http-sink", _AT_ENDPOINT, {"seconds": 2 * HOUR}, behaviour="hang")],
        plan=[Send(30)],
        fates={"delivery-failed": 30},
        also=_codes(HttpEndpoint_RequestTimeout=30),
    ),
    Drill(
        name="log-relay-endpoint-resets",
        title="The endpoint cuts the connection off, then works",
        system="log-relay",
        proves=("003 HTTP delivery failure", "sink reset"),
        topology=_direct,
        scripts=_script({"behaviour": "reset", "times": 2}),
        plan=[Send(30), Wait(90), Send(10)],
        fates={"delivered": 40},
    ),
    Drill(
        name="log-relay-endpoint-slow",
        title="The endpoint takes two minutes for each answer: late, but once",
        system="log-relay",
        proves=("003 high latency", "sink slow"),
        topology=_direct,
        scripts=_script({"status": 200, "seconds": 120, "times": 2}),
        plan=[Send(30), Wait(90), Send(10)],
        fates={"delivered": 40},
    ),
    Drill(
        name="log-relay-endpoint-too-slow",
        title="The endpoint acknowledges after Firehose stopped waiting: it has the records twice",
        system="log-relay",
        proves=("003 high latency", "duplicates", "sink slow"),
        topology=_direct,
        scripts=_script({"status": 200, "seconds": 200}),
        plan=[Send(30)],
        fates={"delivered": 30},
        duplicates=30,
    ),
    Drill(
        name="log-relay-endpoint-413",
        title="The endpoint answers 413: Firehose neither tries again nor writes a backup, as AWS documents",
        system="log-relay",
        proves=("003 HTTP delivery failure", "sink 413"),
        topology=_direct,
        scripts=_script({"status": 413}),
        plan=[Send(30), Wait(90), Send(10)],
        fates={"dropped": 30, "delivered": 10},
        which=first(30, "dropped", "delivered"),
    ),
    _answered_badly("wrong-request-id", "acknowledges another request id"),
    _answered_badly("no-timestamp", "leaves the timestamp out of its acknowledgement"),
    _answered_badly("wrong-content-type", "answers as text/plain"),
    _answered_badly("not-json", "answers with a web page"),
    _answered_badly("too-large", "answers with more than a megabyte"),
    Drill(
        name="log-relay-backup-denied",
        title="The endpoint is down and S3 refuses the backup for 22 hours, not quite a day: nothing is lost",
        system="log-relay",
        proves=("003 both failures", "s3-denied"),
        topology=log_relay,
        faults=[
            rule("down", "http-sink", _AT_ENDPOINT, {"seconds": 23 * HOUR}, status=500),
            rule("denied", "s3-denied", BACKUP_WRITES, {"seconds": 22 * HOUR}),
        ],
        plan=[Send(30), Wait(3 * HOUR), Send(20), Wait(21 * HOUR), Send(10)],
        fates={"delivery-failed": 50, "delivered": 10},
        which=first(50, "delivery-failed", "delivered"),
    ),
    Drill(
        name="log-relay-everything-down-for-a-day",
        title="Endpoint and backup are both down for 24 hours: exactly the records that expire are lost",
        system="log-relay",
        proves=("003 both failures", "expected loss", "both down for 24 h", "http-sink", "s3-slow"),
        topology=log_relay,
        faults=[
            rule("down", "http-sink", _AT_ENDPOINT, {"after": 150, "seconds": DAY + HOUR}, status=500),
            rule("backup-down", "s3-slow", BACKUP_WRITES, {"after": 150, "seconds": DAY + HOUR}),
        ],
        plan=[Send(20), Wait(160), Send(40), Wait(20 * HOUR), Send(25), Wait(6 * HOUR), Send(15)],
        fates={"delivered": 35, "expired": 40, "delivery-failed": 25},
        which={
            "expired": lambda sent: 20 <= sent.number < 60,
            "delivery-failed": lambda sent: 60 <= sent.number < 85,
            "delivered": lambda sent: sent.number < 20 or sent.number >= 85,
        },
    ),
]
