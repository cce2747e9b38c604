"""Every record has a fate: records in = delivered + failed + dropped + buffered, whatever goes wrong (law 5)."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.emulator.errors import AwsError

FATES = ("Ok", "Dropped", "ProcessingFailed", "missing", "twice", "nodata")
BATCH_FATES = (
    "good",
    "good",
    "FunctionError",
    "throttled",
    "crash",
    "null",
    "text",
    "badbase64",
    "badresult",
    "stranger",
)


def answer_with(rig: Any, data: Any) -> Callable[[dict[str, Any]], Any]:
    """A function whose batches fare as hypothesis draws; a record's own fate is written in its data."""

    def answer(event: dict[str, Any]) -> Any:
        fate = data.draw(st.sampled_from(BATCH_FATES))
        if fate == "FunctionError":
            return fate
        if fate in ("throttled", "crash"):
            return AwsError("TooManyRequestsException", "x", 429) if fate == "throttled" else RuntimeError("x")
        if fate in ("null", "text"):
            return None if fate == "null" else b"not json"
        out = []
        for record in event["records"]:
            wish = base64.b64decode(record["data"]).split(b":")[1].decode()
            item = {"recordId": record["recordId"], "result": "Ok", "data": record["data"]}
            if wish in ("Ok", "Dropped", "ProcessingFailed"):
                item["result"] = wish
            if wish == "nodata":
                item["data"] = None
            out += [] if wish == "missing" else [item, item] if wish == "twice" else [item]
        if fate == "badbase64" and out:
            out[-1] = {**out[-1], "result": "Ok", "data": "?"}
        if fate == "badresult" and out:
            out[0] = {**out[0], "result": "Maybe"}
        if fate == "stranger":
            out.append({"recordId": "nobody", "result": "Ok", "data": "eA=="})
        return {"records": out}

    return answer


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.tuples(st.sampled_from(FATES), st.integers(0, 400_000)), max_size=6)),
        st.tuples(st.just("advance"), st.sampled_from([0.5, 30.0, 70.0])),
        st.tuples(st.just("restart"), st.none()),
        st.tuples(st.just("s3"), st.booleans()),
    ),
    max_size=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    plan=steps,
    size=st.sampled_from(["0.2", "1", "3"]),
    interval=st.sampled_from(["0", "60"]),
    megabytes=st.sampled_from([1, 3]),
    retries=st.integers(0, 2),
    data=st.data(),
)
def test_records_in_are_records_out(
    make_rig: Any, plan: Any, size: str, interval: str, megabytes: int, retries: int, data: Any
) -> None:
    """Any mix of results, malformed answers, retries, buffer sizes, S3 failures and restarts."""
    rig = make_rig()
    rig.create(
        BufferingHints={"SizeInMBs": megabytes, "IntervalInSeconds": 60},
        ProcessingConfiguration=rig.processing(retries, size, interval),
        S3BackupMode="Enabled",
        S3BackupConfiguration=rig.s3_settings("backup"),
    )
    rig.lambda_.answer = answer_with(rig, data)
    sent: list[bytes] = []
    for what, argument in plan:
        if what == "put" and argument:
            records = [f"{len(sent) + n}:{fate}:".encode() + b"x" * size for n, (fate, size) in enumerate(argument)]
            records = [r + b";" for r in records]
            rig.put(*records)
            sent += records
        elif what == "advance":
            rig.advance(argument)
        elif what == "restart":
            rig.restart()
        elif what == "s3":
            rig.s3.fail = (lambda bucket, key: "SlowDown") if argument else (lambda bucket, key: None)
    rig.s3.fail = lambda bucket, key: None
    assert rig.settle().settled
    delivered = split(b"".join(rig.objects("2023/")))
    failed = [line["raw"] for line in rig.lines("processing-failed/")]
    fates = Counter(delivered) + Counter(failed)
    dropped = Counter(sent) - fates
    assert fates + dropped == Counter(sent)
    assert max(fates.values(), default=1) == 1
    assert all(b":Dropped:" in record for record in dropped)
    assert sorted(split(b"".join(rig.objects(bucket="backup")))) == sorted(sent)
    assert not len(rig.firehose.batches)
    assert rig.settle().elapsed == 0


def split(body: bytes) -> list[bytes]:
    return [part + b";" for part in body.split(b";")[:-1]]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    statuses=st.lists(st.sampled_from([200, 200, 500, 503, 202, 0]), max_size=30),
    sizes=st.lists(st.lists(st.integers(0, 300_000), min_size=1, max_size=5), min_size=1, max_size=6),
    budget=st.sampled_from([0, 3, 300]),
)
def test_an_endpoint_gets_each_record_or_the_bucket_does(
    make_rig: Any, statuses: list[int], sizes: list[list[int]], budget: int
) -> None:
    """A14: acknowledged or in an error object; never both, never neither."""
    rig = make_rig()
    rig.create_http(RetryOptions={"DurationInSeconds": budget})
    script = iter(statuses)
    acknowledged: list[bytes] = []

    def answer(headers: dict[str, Any]) -> Any:
        status = next(script, 500)
        good = rig.acknowledge(headers)
        if status == 200:
            body = rig.endpoint.requests[-1][3]
            acknowledged.extend(base64.b64decode(r["data"]) for r in json.loads(body)["records"])
        good.status = status or 200
        if status == 0:
            good.body = b"{}"
        return good

    rig.endpoint.script = answer
    sent: list[bytes] = []
    for batch in sizes:
        records = [f"{len(sent) + n}:".encode() + b"x" * size for n, size in enumerate(batch)]
        rig.put(*records)
        sent += records
    assert rig.settle().settled
    failed = [line["raw"] for line in rig.lines("http-endpoint-failed/")]
    assert sorted(acknowledged + failed) == sorted(sent)
