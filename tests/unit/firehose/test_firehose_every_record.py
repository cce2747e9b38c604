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


PARTS = ("Ok", "Ok", "Ok", "Dropped", "ProcessingFailed", "missing", "nodata", "nokey", "emptykey", "nolambdakey")


def answer_with_keys(rig: Any, data: Any) -> Callable[[dict[str, Any]], Any]:
    """As `answer_with`, for JSON records, with a partition key from the function."""
    plain = answer_with(rig, data)

    def answer(event: dict[str, Any]) -> Any:
        shown = [
            {**r, "data": base64.b64encode(b"0:" + json.loads(base64.b64decode(r["data"]))["fate"].encode() + b":")}
            for r in event["records"]
        ]
        result = plain({**event, "records": shown})
        if not isinstance(result, dict):
            return result
        data_of = {r["recordId"]: r["data"] for r in event["records"]}
        for item in result["records"]:
            source = data_of.get(item["recordId"])
            if source is None or item["data"] in (None, "?"):
                continue
            body = json.loads(base64.b64decode(source))
            item["data"] = source
            if body["fate"] not in PARTS[-1:]:
                item["metadata"] = {"partitionKeys": {"k": body["key"]}}
            if item["result"] not in ("Ok", "Dropped", "ProcessingFailed", "Maybe"):
                item["result"] = "Ok"
        return result

    return answer


part = st.tuples(st.sampled_from(PARTS), st.integers(0, 4))
partition_steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.lists(part, min_size=1, max_size=5), min_size=1, max_size=4)),
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
    plan=partition_steps,
    delimited=st.booleans(),
    with_lambda=st.booleans(),
    retry=st.sampled_from([0, 40, 300]),
    active=st.sampled_from([1, 3, 500]),
    kilobytes=st.sampled_from([1, 64]),
    data=st.data(),
)
def test_sub_records_in_partitions_all_have_a_fate(
    make_rig: Any,
    monkeypatch: Any,
    plan: Any,
    delimited: bool,
    with_lambda: bool,
    retry: int,
    active: int,
    kilobytes: int,
    data: Any,
) -> None:
    """A13: a record that became n sub-records counts as n: delivered to its partition, failed or dropped."""
    monkeypatch.setattr("harness.emulator.services.firehose.partitioning.partitions.ACTIVE_LIMIT", active)
    # 64 "MB" are as many kilobytes here, or 64 bytes: sizes flush, too.
    monkeypatch.setattr("harness.emulator.services.firehose.pipeline.MB", kilobytes * 16)
    rig = make_rig()
    split = {"SubRecordType": "DELIMITED", "Delimiter": "fHw="} if delimited else {"SubRecordType": "JSON"}
    query = {"MetadataExtractionQuery": "{c:.key}", "JsonParsingEngine": "JQ-1.6"}
    processors = [named("MetadataExtraction", query), named("RecordDeAggregation", split)]
    prefix = "c=!{partitionKeyFromQuery:c}/"
    if with_lambda:
        values = {"LambdaArn": rig.LAMBDA, "NumberOfRetries": "1", "BufferSizeInMBs": "1"}
        processors.append(named("Lambda", {**values, "BufferIntervalInSeconds": "60"}))
        prefix += "k=!{partitionKeyFromLambda:k}/"
    rig.create(
        Prefix=prefix,
        ErrorOutputPrefix="errors/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60},
        DynamicPartitioningConfiguration={"Enabled": True, "RetryOptions": {"DurationInSeconds": retry}},
        ProcessingConfiguration={"Enabled": True, "Processors": processors},
        S3BackupMode="Enabled",
        S3BackupConfiguration=rig.s3_settings("backup"),
    )
    rig.lambda_.answer = answer_with_keys(rig, data)
    sent: list[bytes] = []
    wholes: list[bytes] = []
    for what, argument in plan:
        if what == "put":
            records = []
            for fates in argument:
                parts = [sub_record(len(sent) + n, *fate) for n, fate in enumerate(fates)]
                sent += parts
                records.append((b"||" if delimited else b"").join(parts))
            rig.put(*records)
            wholes += records
        elif what == "advance":
            rig.advance(argument)
        elif what == "restart":
            rig.restart()
        elif what == "s3":
            rig.s3.fail = (lambda bucket, key: "SlowDown") if argument else (lambda bucket, key: None)
    rig.s3.fail = lambda bucket, key: None
    assert rig.settle().settled
    fates = Counter(line["raw"] for line in rig.lines("errors/"))
    for (bucket, key), body in rig.s3.objects.items():
        if bucket == "b" and key.startswith("c="):
            found = [item + b"}" for item in body.split(b"}")[:-1]]
            assert {json.loads(item)["key"] for item in found} == {key.split("/")[0].removeprefix("c=")}
            fates.update(found)
    dropped = Counter(sent) - fates
    assert fates + dropped == Counter(sent)
    assert max(fates.values(), default=1) == 1
    assert all(with_lambda and json.loads(record)["fate"] == "Dropped" for record in dropped)
    backup = b"".join(rig.objects(bucket="backup"))
    assert len(backup) == sum(len(whole) for whole in wholes)
    assert all(whole in backup for whole in wholes)
    assert not len(rig.firehose.batches)
    assert not len(rig.firehose.buffers)
    assert all(not len(pipeline.active_partitions) for pipeline in rig.firehose.pipelines.values())
    assert rig.settle().elapsed == 0


def named(kind: str, values: dict[str, str]) -> dict[str, Any]:
    return {"Type": kind, "Parameters": [{"ParameterName": n, "ParameterValue": v} for n, v in values.items()]}


def sub_record(number: int, fate: str, key: int) -> bytes:
    value = {"nokey": None, "emptykey": ""}.get(fate, f"p{key}")
    return json.dumps({"id": number, "fate": fate, "key": value}).encode()
