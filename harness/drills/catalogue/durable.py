"""The emulator itself, killed at a named point and started again from its state folder."""

from __future__ import annotations

from functools import partial

from harness.drills.drill import Drill, Send, Wait, rule
from harness.drills.producer import retrying
from harness.drills.systems.iot import BUCKET, DATA, FIREHOSE, STREAM, TRANSFORM_CALLS, iot
from harness.json_object import Json

_WRITES: Json = {"service": "s3", "operation": "PutObject", "resource": f"{BUCKET}/{DATA}*", "caller": FIREHOSE}
_PUTS: Json = {"service": "kinesis", "operation": "PutRecords", "resource": STREAM}
_plain = partial(iot, transform=False)

DRILLS = [
    Drill(
        name="killed-before-an-object",
        title="The emulator is killed just before Firehose writes an object: its buffer is there again",
        system="iot",
        proves=("killed at a named point", "kill-emulator"),
        topology=_plain,
        faults=[rule("kill", "kill-emulator", _WRITES, point="before")],
        plan=[Send(40), Wait(90), Send(10)],
        fates={"delivered": 50},
        durable=True,
    ),
    Drill(
        name="killed-after-an-object",
        title="The emulator is killed when S3 has an object and Firehose does not know: the same key is written again",
        system="iot",
        proves=("killed at a named point", "kill-emulator"),
        topology=_plain,
        faults=[rule("kill", "kill-emulator", _WRITES, point="after")],
        plan=[Send(40), Wait(90), Send(10)],
        fates={"delivered": 50},
        durable=True,
    ),
    Drill(
        name="killed-in-the-transform",
        title="The emulator is killed while the function transforms a batch: it transforms it again",
        system="iot",
        proves=("killed at a named point", "kill-emulator"),
        topology=iot,
        faults=[rule("kill", "kill-emulator", TRANSFORM_CALLS, point="after")],
        plan=[Send(40), Wait(90), Send(10)],
        fates={"delivered": 50},
        durable=True,
    ),
    Drill(
        name="killed-before-a-put",
        title="The emulator is killed before it takes the producer's batch; the producer sends it again",
        system="iot",
        proves=("killed at a named point", "kill-emulator"),
        topology=retrying(_plain),
        faults=[rule("kill", "kill-emulator", _PUTS, {"nth": 2}, point="before")],
        plan=[Send(20), Wait(5), Send(20)],
        fates={"delivered": 40},
        durable=True,
    ),
]
