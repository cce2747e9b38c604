"""iot (seed 001): S3 on the far side, as destination and as backup."""

from __future__ import annotations

from functools import partial

from harness.drills.drill import DAY, HOUR, Act, Drill, Heal, Send, Wait, rule
from harness.drills.drill_run import DrillRun
from harness.drills.systems.iot import BUCKET, DATA, FIREHOSE, iot
from harness.json_object import Json

BACKUP_BUCKET = "bucket-for-iot-backup-salvador"
_KEY = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_WRITES: Json = {"service": "s3", "operation": "PutObject", "caller": FIREHOSE}
_DATA_WRITES: Json = {**_WRITES, "resource": f"{BUCKET}/{DATA}*"}
_BACKUP_WRITES: Json = {**_WRITES, "resource": BACKUP_BUCKET}
_PRIMARY_WRITES: Json = {**_WRITES, "resource": BUCKET}

_plain = partial(iot, transform=False)
_two_buckets = partial(iot, transform=False, backup_bucket=BACKUP_BUCKET)
_with_key = partial(
    iot,
    transform=False,
    EncryptionConfiguration={"KMSEncryptionConfig": {"AWSKMSKeyARN": _KEY}},
)


def _delete(bucket: str, run: DrillRun) -> None:
    run.client("s3").delete_bucket(Bucket=bucket)


def _create(bucket: str, run: DrillRun) -> None:
    run.client("s3").create_bucket(Bucket=bucket)


DRILLS = [
    Drill(
        name="iot-bucket-denied",
        title="S3 refuses Firehose's writes for two hours; then everything arrives",
        system="iot",
        proves=("S3 denied", "s3-denied"),
        topology=_plain,
        faults=[rule("denied", "s3-denied", _WRITES, {"after": 30, "seconds": 2 * HOUR})],
        plan=[Send(60, per_second=1), Wait(HOUR), Send(20)],
        fates={"delivered": 80},
    ),
    Drill(
        name="iot-bucket-slow",
        title="S3 asks to slow down, again and again",
        system="iot",
        proves=("S3 slow", "s3-slow"),
        topology=_plain,
        faults=[rule("slow-down", "s3-slow", _DATA_WRITES, {"count": 6})],
        plan=[Send(50), Wait(70), Send(50)],
        fates={"delivered": 100},
    ),
    Drill(
        name="iot-bucket-late",
        title="Every write to S3 takes two minutes",
        system="iot",
        proves=("S3 slow", "latency"),
        topology=_plain,
        faults=[rule("late", "latency", _WRITES, seconds=120)],
        plan=[Send(40, per_second=1), Wait(60), Send(20)],
        fates={"delivered": 60},
    ),
    Drill(
        name="iot-bucket-never-answers",
        title="S3 does not answer two writes; Firehose gives up and tries again",
        system="iot",
        proves=("timeout",),
        topology=_plain,
        faults=[rule("silence", "timeout", _DATA_WRITES, {"count": 2})],
        plan=[Send(40)],
        fates={"delivered": 40},
    ),
    Drill(
        name="iot-bucket-gone",
        title="The destination's bucket is deleted for six hours while the backup works",
        system="iot",
        proves=("S3 gone", "primary gone, backup works"),
        topology=_two_buckets,
        plan=[
            Act(partial(_delete, BUCKET), fault="bucket-deleted"),
            Send(40),
            Wait(6 * HOUR),
            Heal("bucket-deleted", partial(_create, BUCKET)),
            Send(10),
        ],
        fates={"delivered": 50},
    ),
    Drill(
        name="iot-backup-gone",
        title="The backup's bucket is gone for six hours while the destination works",
        system="iot",
        proves=("S3 gone", "backup gone, primary works", "s3-gone"),
        topology=_two_buckets,
        faults=[rule("backup-gone", "s3-gone", _BACKUP_WRITES, {"seconds": 6 * HOUR})],
        plan=[Send(40), Wait(HOUR), Send(10)],
        fates={"delivered": 50},
    ),
    Drill(
        name="iot-backup-gone-for-good",
        title="The backup's bucket is gone for more than a day: all records arrive, and the first lack their copies",
        system="iot",
        proves=("backup gone, primary works", "s3-gone"),
        topology=_two_buckets,
        faults=[rule("backup-gone", "s3-gone", _BACKUP_WRITES, {"seconds": 26 * HOUR})],
        plan=[Send(40), Wait(26 * HOUR), Send(10)],
        fates={"delivered": 50},
        missing_copies=40,
    ),
    Drill(
        name="iot-object-written-twice",
        title="S3 takes an object, but Firehose does not hear of it and writes it again: under the same key",
        system="iot",
        proves=("lost-acknowledgement",),
        topology=_plain,
        faults=[rule("lost", "lost-acknowledgement", _DATA_WRITES, {"nth": 1}, instead="error")],
        plan=[Send(40)],
        fates={"delivered": 40},
    ),
    Drill(
        name="iot-object-key-disabled",
        title="The KMS key of the delivered objects is disabled for an hour",
        system="iot",
        proves=("kms-disabled",),
        topology=_with_key,
        faults=[rule("key", "kms-disabled", {"service": "s3"}, {"seconds": HOUR}, key=_KEY)],
        plan=[Send(40), Wait(HOUR), Send(10)],
        fates={"delivered": 50},
    ),
    Drill(
        name="iot-destination-down-for-a-day",
        title="No write to the bucket for more than a day, the backup included: exactly those records are lost",
        system="iot",
        proves=("expected loss", "both down for 24 h", "s3-denied"),
        topology=_plain,
        faults=[rule("denied", "s3-denied", _WRITES, {"after": 100, "seconds": DAY + 2 * HOUR})],
        plan=[Send(20), Wait(110), Send(30), Wait(20 * HOUR), Send(25), Wait(7 * HOUR), Send(15)],
        fates={"delivered": 60, "expired": 30},
        which={
            "expired": lambda sent: 20 <= sent.number < 50,
            "delivered": lambda sent: not 20 <= sent.number < 50,
        },
        missing_copies=30,
    ),
]
