"""The containers of the target localstack: what happens to Firehose when LocalStack, or the edge itself, is broken."""

from __future__ import annotations

from functools import partial

from harness.drills.drill import HOUR, Act, Drill, Heal, Send, Wait
from harness.drills.drill_run import DrillRun
from harness.drills.systems.iot import BUCKET, iot

_plain = partial(iot, transform=False)


def _start_empty(run: DrillRun) -> None:
    """LocalStack comes back without its memory: the bucket is made again, as an operator would."""
    run.containers.start("localstack")
    run.client("s3").create_bucket(Bucket=BUCKET)


def _kill_and_start(run: DrillRun) -> None:
    with run.containers.killed("edge"):
        pass


DRILLS = [
    Drill(
        name="localstack-paused",
        title="LocalStack freezes while Firehose delivers: Firehose gives up, tries again and writes the same key",
        system="iot",
        proves=("container paused", "S3 slow"),
        topology=_plain,
        plan=[
            Act(lambda run: run.containers.pause("localstack"), fault="paused", container="localstack"),
            Send(40),
            Wait(61),
            Heal("paused", lambda run: run.containers.unpause("localstack")),
            Send(10),
        ],
        fates={"delivered": 50},
    ),
    Drill(
        name="localstack-killed",
        title="LocalStack is killed and its buckets with it; an hour later it is there again: nothing is lost",
        system="iot",
        proves=("container killed", "S3 gone"),
        topology=_plain,
        plan=[
            Act(lambda run: run.containers.kill("localstack"), fault="killed", container="localstack"),
            Send(40),
            Wait(HOUR),
            Heal("killed", _start_empty),
            Send(10),
        ],
        fates={"delivered": 50},
    ),
    Drill(
        name="localstack-off-the-network",
        title="LocalStack is cut off the network while Firehose delivers, then connected again",
        system="iot",
        proves=("container disconnected",),
        topology=_plain,
        plan=[
            Act(lambda run: run.containers.disconnect("localstack"), fault="cut-off", container="localstack"),
            Send(40),
            Wait(61),
            Heal("cut-off", lambda run: run.containers.connect("localstack")),
            Send(10),
        ],
        fates={"delivered": 50},
    ),
    Drill(
        name="edge-killed",
        title="The edge is killed with records in its buffers and started again: what it acknowledged is delivered",
        system="iot",
        proves=("container killed", "killed at any point"),
        topology=_plain,
        plan=[
            Send(40),
            Act(_kill_and_start, fault="edge-killed", container="edge"),
            Send(10),
        ],
        fates={"delivered": 50},
    ),
]
