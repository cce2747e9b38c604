"""submit (seed 000): the way in, API → function → Kinesis, and every place where it breaks."""

from __future__ import annotations

from harness.drills.drill import HOUR, Act, Drill, Send, SendMeanwhile, Wait, rule
from harness.drills.drill_run import DrillRun
from harness.drills.producer import retrying
from harness.drills.systems.submit import BUCKET, FUNCTION, STREAM, submit
from harness.json_object import Json

_PUTS: Json = {"service": "kinesis", "operation": "PutRecord", "resource": STREAM}
_AT_FUNCTION: Json = {"resource": FUNCTION}


def _delete_stream(run: DrillRun) -> None:
    run.client("kinesis").delete_stream(StreamName=STREAM, EnforceConsumerDeletion=True)


DRILLS = [
    Drill(
        name="submit-stream-refuses",
        title="Kinesis refuses the function's records: its clients get 503, and nothing is half taken",
        system="submit",
        proves=("000 Lambda → Kinesis fails", "error"),
        topology=submit,
        faults=[rule("refused", "error", _PUTS, {"nth": [3, 4, 5]}, code="KMSDisabledException")],
        plan=[Send(12)],
        fates={"delivered": 9},
        outcomes={"acknowledged": 9, "unknown": 3},
    ),
    Drill(
        name="submit-stream-throttles",
        title="The stream throttles single records; the function's own client tries again",
        system="submit",
        proves=("000 Lambda → Kinesis throttled", "error"),
        topology=submit,
        faults=[rule("throttled", "error", _PUTS, {"nth": [2, 6]}, code="ProvisionedThroughputExceededException")],
        plan=[Send(10)],
        fates={"delivered": 10},
    ),
    Drill(
        name="submit-stream-answer-lost",
        title="Kinesis takes a record, but the function does not hear of it and puts it again: a duplicate",
        system="submit",
        proves=("000 Lambda → Kinesis fails", "duplicates", "lost-acknowledgement"),
        topology=submit,
        faults=[rule("lost", "lost-acknowledgement", _PUTS, {"nth": 3}, instead="error")],
        plan=[Send(8)],
        fates={"delivered": 8},
        duplicates=1,
    ),
    Drill(
        name="submit-stream-cut-off",
        title="The function's connection to Kinesis is reset before the record was taken",
        system="submit",
        proves=("000 Lambda → Kinesis fails", "connection-reset"),
        topology=submit,
        faults=[rule("reset", "connection-reset", _PUTS, {"nth": 4})],
        plan=[Send(8)],
        fates={"delivered": 8},
    ),
    Drill(
        name="submit-stream-deleted",
        title="Somebody deletes the stream: what it had taken is delivered, the rest is answered 503",
        system="submit",
        proves=("000 Lambda → Kinesis fails", "source gone"),
        topology=submit,
        plan=[Send(6), Act(_delete_stream, fault="stream-deleted"), Send(4)],
        fates={"delivered": 6},
        outcomes={"acknowledged": 6, "unknown": 4},
    ),
    Drill(
        name="submit-function-raises",
        title="The function raises: its clients get 500 and try again",
        system="submit",
        proves=("000 function fails", "lambda-raise"),
        topology=retrying(submit),
        faults=[rule("raises", "lambda-raise", _AT_FUNCTION, {"nth": [2, 5]})],
        plan=[Send(8)],
        fates={"delivered": 8},
    ),
    Drill(
        name="submit-function-cold",
        title="A cold start of three seconds: the client waits, and its record is taken",
        system="submit",
        proves=("cold start", "lambda-cold-start"),
        topology=submit,
        faults=[rule("cold", "lambda-cold-start", _AT_FUNCTION, {"nth": 1}, seconds=3)],
        plan=[SendMeanwhile(1, "cold", 3), Send(5)],
        fates={"delivered": 6},
    ),
    Drill(
        name="submit-function-times-out",
        title="The function runs into its timeout of ten seconds: 503, and nobody knows",
        system="submit",
        proves=("000 function fails", "lambda-timeout"),
        topology=submit,
        faults=[rule("timeout", "lambda-timeout", _AT_FUNCTION, {"nth": 1})],
        plan=[SendMeanwhile(1, "timeout", 10), Send(5)],
        fates={"delivered": 5},
        outcomes={"acknowledged": 5, "unknown": 1},
    ),
    Drill(
        name="submit-client-cut-off",
        title="The client's connection breaks after its record was taken; it posts it again: a duplicate",
        system="submit",
        proves=("duplicates", "lost-acknowledgement"),
        topology=retrying(submit),
        faults=[rule("lost", "lost-acknowledgement", {"service": "execute-api"}, {"nth": 2}, instead="reset")],
        plan=[Send(6)],
        fates={"delivered": 6},
        duplicates=1,
    ),
    Drill(
        name="submit-clock-jumps",
        title="The clock leaps forward by an hour while records wait in Firehose's buffer",
        system="submit",
        proves=("clock-jump",),
        topology=submit,
        faults=[rule("jump", "clock-jump", _PUTS, {"nth": 5}, seconds=HOUR)],
        plan=[Send(8), Wait(10), Send(4)],
        fates={"delivered": 12},
    ),
    Drill(
        name="submit-bucket-gone",
        title="The bucket is deleted for good: after a day and a bit what was sent before that is lost, as declared",
        system="submit",
        proves=("expected loss", "S3 gone", "s3-gone"),
        topology=submit,
        faults=[
            rule(
                "gone",
                "s3-gone",
                {"operation": "PutObject", "resource": BUCKET, "caller": "firehose.amazonaws.com"},
                {"after": 70, "seconds": 25 * HOUR},
            )
        ],
        plan=[Send(5), Wait(80), Send(4), Wait(25 * HOUR), Send(3)],
        fates={"delivered": 8, "expired": 4},
        which={
            "expired": lambda sent: 5 <= sent.number < 9,
            "delivered": lambda sent: not 5 <= sent.number < 9,
        },
    ),
]
