"""iot (seed 001): what the transform function does to its records, and every way in which it can fail as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from harness.drills.catalogue.expectations import error_codes, first
from harness.drills.drill import Act, Drill, Holds, Send, Wait, rule
from harness.drills.drill_run import DrillRun
from harness.drills.systems.iot import BUCKET, ERRORS, FUNCTION, TRANSFORM_CALLS, fate_of, iot, mixed_reading
from harness.json_object import Json
from harness.ledger import Fate

_codes = partial(error_codes, BUCKET, ERRORS)
_AT_FUNCTION: Json = {"resource": FUNCTION}

MIXED_FATES: Mapping[Fate, Holds] = {
    "delivered": lambda sent: fate_of(sent) == "delivered",
    "dropped": lambda sent: fate_of(sent) == "dropped",
    "processing-failed": lambda sent: fate_of(sent) == "processing-failed",
}


def _delete_function(run: DrillRun) -> None:
    run.client("lambda").delete_function(FunctionName=FUNCTION)


DRILLS = [
    Drill(
        name="iot-poor-readings",
        title="Readings that are dropped or fail go their own ways, beside a slow function",
        system="iot",
        proves=("001 ProcessingFailed", "001 Dropped", "latency"),
        topology=iot,
        faults=[rule("slow-transform", "latency", TRANSFORM_CALLS, seconds=30)],
        plan=[Send(200, mixed_reading, per_second=20), Wait(60), Send(50, mixed_reading)],
        fates={"delivered": 150, "dropped": 50, "processing-failed": 50},
        which=MIXED_FATES,
        order=True,
        also=_codes(Lambda_ProcessingFailedStatus=50),
    ),
    Drill(
        name="iot-transform-raises-twice",
        title="The function raises twice; Firehose's retries save the batch",
        system="iot",
        proves=("001 transform retries", "lambda-raise"),
        topology=iot,
        faults=[rule("raises", "lambda-raise", _AT_FUNCTION, {"count": 2})],
        plan=[Send(40), Wait(90), Send(20)],
        fates={"delivered": 60},
    ),
    Drill(
        name="iot-transform-raises-for-good",
        title="The function raises on all four attempts of the first batch",
        system="iot",
        proves=("001 transform fails", "lambda-raise"),
        topology=iot,
        faults=[rule("raises", "lambda-raise", _AT_FUNCTION, {"count": 4})],
        plan=[Send(40), Wait(90), Send(30)],
        fates={"processing-failed": 40, "delivered": 30},
        which=first(40, "processing-failed", "delivered"),
        also=_codes(Lambda_FunctionError=40),
    ),
    Drill(
        name="iot-transform-dies",
        title="The function's process exits in the middle of an event",
        system="iot",
        proves=("001 transform fails", "lambda-exit"),
        topology=iot,
        faults=[rule("exits", "lambda-exit", _AT_FUNCTION, {"nth": [1, 2]}, status=3)],
        plan=[Send(40), Wait(90), Send(20)],
        fates={"delivered": 60},
    ),
    Drill(
        name="iot-transform-out-of-memory",
        title="The function runs out of memory on every attempt of a batch",
        system="iot",
        proves=("001 transform fails", "lambda-out-of-memory"),
        topology=iot,
        faults=[rule("memory", "lambda-out-of-memory", _AT_FUNCTION, {"count": 4})],
        plan=[Send(25), Wait(120), Send(15)],
        fates={"processing-failed": 25, "delivered": 15},
        which=first(25, "processing-failed", "delivered"),
        also=_codes(Lambda_FunctionError=25),
    ),
    Drill(
        name="iot-transform-times-out",
        title="The function runs into its timeout of a minute, three times",
        system="iot",
        proves=("001 transform fails", "lambda-timeout"),
        topology=iot,
        faults=[rule("timeout", "lambda-timeout", _AT_FUNCTION, {"count": 3})],
        plan=[Send(25), Wait(30), Send(25)],
        fates={"delivered": 50},
    ),
    Drill(
        name="iot-transform-never-answers",
        title="Nobody answers Firehose's invocations for their five minutes",
        system="iot",
        proves=("001 transform fails", "timeout"),
        topology=iot,
        faults=[rule("silence", "timeout", TRANSFORM_CALLS, {"count": 4})],
        plan=[Send(25)],
        fates={"processing-failed": 25},
        also=_codes(Lambda_FunctionTimedOut=25),
    ),
    Drill(
        name="iot-transform-cold",
        title="Every invocation meets a cold start of eight seconds",
        system="iot",
        proves=("cold start", "lambda-cold-start"),
        topology=iot,
        faults=[rule("cold", "lambda-cold-start", _AT_FUNCTION, seconds=8)],
        plan=[Send(30), Wait(70), Send(30)],
        fates={"delivered": 60},
    ),
    Drill(
        name="iot-transform-throttled",
        title="Lambda refuses invocations: too many at once, longer than the retries last",
        system="iot",
        proves=("001 transform throttled", "error"),
        topology=iot,
        faults=[rule("throttled", "error", TRANSFORM_CALLS, {"count": 4}, code="TooManyRequestsException", status=429)],
        plan=[Send(25), Wait(120), Send(15)],
        fates={"processing-failed": 25, "delivered": 15},
        which=first(25, "processing-failed", "delivered"),
        also=_codes(Lambda_InvokeLimitExceeded=25),
    ),
    Drill(
        name="iot-transform-deleted",
        title="Somebody deletes the function",
        system="iot",
        proves=("001 transform gone",),
        topology=iot,
        plan=[Send(20), Wait(90), Act(_delete_function, fault="function-deleted"), Send(30)],
        fates={"delivered": 20, "processing-failed": 30},
        which=first(20, "delivered", "processing-failed"),
        also=_codes(Lambda_ResourceNotFound=30),
    ),
    Drill(
        name="iot-transform-runs-twice",
        title="The function's answer gets lost, so a batch is transformed twice; nothing is delivered twice",
        system="iot",
        proves=("001 transform retries", "lost-acknowledgement"),
        topology=iot,
        faults=[rule("lost", "lost-acknowledgement", TRANSFORM_CALLS, {"nth": 1}, instead="reset")],
        plan=[Send(30)],
        fates={"delivered": 30},
    ),
]
