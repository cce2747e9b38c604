"""The key test of `--state-dir`: whatever was called, the state that a restart would find is the state.

A row that a service changes in place and does not `put` again shows up here as a difference.
"""

from __future__ import annotations

import asyncio
import dataclasses
import io
import shutil
import tempfile
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.emulator.build import build_world
from harness.emulator.call import Caller
from harness.emulator.durability import Durability
from harness.emulator.errors import AwsError
from harness.emulator.metrics import Bucket
from harness.emulator.store import Log, Store
from harness.emulator.store.changes import Rebuild
from harness.emulator.store.journal import StateFolder
from harness.emulator.world import World
from tests.stored_form import RAISE, unknown_in

ROLE = "arn:aws:iam::000000000000:role/r"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"


def plain(value: Any) -> Any:
    """A stored value as plain values, to be compared and shown."""
    if isinstance(value, Log):
        return ("log", value.first, [plain(item) for item in value.read(value.first, len(value))])
    if isinstance(value, Bucket):
        return value.__getstate__()
    if dataclasses.is_dataclass(value):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return (type(value).__name__, fields)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def rows(store: Store) -> dict[str, Any]:
    """All rows by table and key, in the order that they have in their tables."""
    return {f"{name} {key}": plain(value) for name, items in sorted(store.rows().items()) for key, value in items}


def found_by_a_restart(path: Path) -> Store:
    """The store that a restart would find if the process died now."""
    import pickle

    store = Store()
    rebuild = Rebuild(store)

    def repeat(entry: bytes) -> None:
        changes = pickle.loads(entry)[2]
        if changes is not None:
            rebuild.apply(changes)

    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "state"
        shutil.copytree(path, copy)
        folder = StateFolder(copy)
        try:
            folder.read(lambda parts: rebuild.load(parts[1]), repeat)
        finally:
            folder.release()
    return store


class Run:
    """A world in a state folder."""

    def __init__(self, path: Path, transition_seconds: float = 0.0) -> None:
        self.path = path
        self.world: World = build_world("manual", 3, transition_seconds)
        self.durability = Durability(self.world, path)

    async def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        try:
            return await self.world.bus.call(service, operation, params, Caller(access_key="test"))
        except AwsError as error:
            return {"error": error.code}

    def check(self) -> None:
        """Compare, with whatever is in flight. What was measured in the running minute may be lost in a crash."""
        self.world.metrics.keep()
        self.durability.commit()
        live, found = rows(self.world.store), rows(found_by_a_restart(self.path))
        assert list(live) == list(found)
        assert {key: (live[key], found[key]) for key in live if live[key] != found[key]} == {}

    async def close(self) -> None:
        assert unknown_in(self.world.store.dump()) == set(), RAISE
        self.durability.close()
        await self.world.stop()


def run(scenario: Callable[[Run], Awaitable[None]], transition_seconds: float = 0.0) -> None:
    async def begin(path: Path) -> None:
        running = Run(path, transition_seconds)
        await running.durability.start()
        try:
            await scenario(running)
        finally:
            await running.close()

    with tempfile.TemporaryDirectory() as name:
        asyncio.run(begin(Path(name)))


names = st.sampled_from(["one", "two"])
Step = tuple[str, str, dict[str, Any]]


def call(service: str, operation: str, **params: Any) -> st.SearchStrategy[Step]:
    drawn = {key: value if isinstance(value, st.SearchStrategy) else st.just(value) for key, value in params.items()}
    return st.fixed_dictionaries(drawn).map(lambda found: (service, operation, found))


def kinesis_arn(name: str) -> str:
    return f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"


def archive(body: str = "def handler(event, context):\n    return event\n") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(zipfile.ZipInfo("main.py"), body)
    return out.getvalue()


PACKAGE = archive()
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
S3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket", "BufferingHints": HINTS}


class Zeros(bytes):
    """Many bytes with a short form in a failure's report."""

    def __repr__(self) -> str:
        return f"Zeros({len(self)})"


record = st.fixed_dictionaries({"Data": st.binary(max_size=30), "PartitionKey": st.text("ab", min_size=1, max_size=3)})
blob = st.fixed_dictionaries({"Data": st.binary(max_size=30) | st.just(Zeros(900_000))})

KINESIS = [
    call("kinesis", "CreateStream", StreamName=names, ShardCount=st.integers(1, 3)),
    call("kinesis", "DeleteStream", StreamName=names),
    call("kinesis", "PutRecord", StreamName=names, Data=st.binary(max_size=30), PartitionKey=st.text("ab", min_size=1)),
    call("kinesis", "PutRecords", StreamName=names, Records=st.lists(record, min_size=1, max_size=5)),
    call("kinesis", "SplitShard", StreamName=names, ShardToSplit="0", NewStartingHashKey="1000"),
    call("kinesis", "MergeShards", StreamName=names, ShardToMerge="0", AdjacentShardToMerge="1"),
    call(
        "kinesis", "UpdateShardCount", StreamName=names, TargetShardCount=st.integers(1, 3),
        ScalingType="UNIFORM_SCALING",
    ),
    call("kinesis", "AddTagsToStream", StreamName=names, Tags={"a": "b"}),
    call("kinesis", "RemoveTagsFromStream", StreamName=names, TagKeys=["a"]),
    call("kinesis", "IncreaseStreamRetentionPeriod", StreamName=names, RetentionPeriodHours=48),
    call("kinesis", "StartStreamEncryption", StreamName=names, EncryptionType="KMS", KeyId="alias/aws/kinesis"),
    call("kinesis", "StopStreamEncryption", StreamName=names, EncryptionType="KMS", KeyId="alias/aws/kinesis"),
    call("kinesis", "EnableEnhancedMonitoring", StreamName=names, ShardLevelMetrics=["ALL"]),
    call("kinesis", "RegisterStreamConsumer", StreamARN=names.map(kinesis_arn), ConsumerName=names),
    call("kinesis", "DeregisterStreamConsumer", StreamARN=names.map(kinesis_arn), ConsumerName=names),
    call("kinesis", "PutResourcePolicy", ResourceARN=names.map(kinesis_arn), Policy='{"Version": "2012-10-17"}'),
    call(
        "kinesis", "UpdateStreamMode", StreamARN=names.map(kinesis_arn),
        StreamModeDetails={"StreamMode": "ON_DEMAND"},
    ),
    call("kinesis", "DescribeStream", StreamName=names),
]  # fmt: skip
FIREHOSE = [
    call("firehose", "CreateDeliveryStream", DeliveryStreamName=names, ExtendedS3DestinationConfiguration=S3),
    call(
        "firehose", "CreateDeliveryStream", DeliveryStreamName=names, DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration=names.map(lambda n: {"KinesisStreamARN": kinesis_arn(n), "RoleARN": ROLE}),
        ExtendedS3DestinationConfiguration=S3,
    ),
    call("firehose", "DeleteDeliveryStream", DeliveryStreamName=names),
    call("firehose", "PutRecord", DeliveryStreamName=names, Record=blob),
    call("firehose", "PutRecordBatch", DeliveryStreamName=names, Records=st.lists(blob, min_size=1, max_size=3)),
    call("firehose", "TagDeliveryStream", DeliveryStreamName=names, Tags=[{"Key": "a", "Value": "b"}]),
    call("firehose", "UntagDeliveryStream", DeliveryStreamName=names, TagKeys=["a"]),
    call(
        "firehose", "UpdateDestination", DeliveryStreamName=names, CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"BufferingHints": {"SizeInMBs": 2, "IntervalInSeconds": 120}},
    ),
    call("firehose", "StartDeliveryStreamEncryption", DeliveryStreamName=names),
    call("firehose", "StopDeliveryStreamEncryption", DeliveryStreamName=names),
    call("s3", "CreateBucket", Bucket="bucket"),
    call("s3", "DeleteBucket", Bucket="bucket"),
]  # fmt: skip
LAMBDA = [
    call(
        "lambda", "CreateFunction", FunctionName=names, Runtime="python3.11", Role=ROLE, Handler="main.handler",
        Code={"ZipFile": PACKAGE},
    ),
    call("lambda", "DeleteFunction", FunctionName=names),
    call("lambda", "UpdateFunctionConfiguration", FunctionName=names, Timeout=st.integers(1, 9)),
    call("lambda", "UpdateFunctionCode", FunctionName=names, ZipFile=archive("def handler(e, c): pass\n")),
    call("lambda", "PublishVersion", FunctionName=names),
    call("lambda", "CreateAlias", FunctionName=names, Name="live", FunctionVersion="1"),
    call("lambda", "UpdateAlias", FunctionName=names, Name="live", Description="d"),
    call("lambda", "DeleteAlias", FunctionName=names, Name="live"),
    call(
        "lambda", "AddPermission", FunctionName=names, StatementId=names, Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    ),
    call("lambda", "RemovePermission", FunctionName=names, StatementId=names),
    call("lambda", "PutFunctionConcurrency", FunctionName=names, ReservedConcurrentExecutions=st.integers(0, 2)),
    call("lambda", "PutFunctionEventInvokeConfig", FunctionName=names, MaximumRetryAttempts=st.integers(0, 2)),
    call("lambda", "TagResource", Resource=names.map(FUNCTION.__add__), Tags={"a": "b"}),
    call("lambda", "PutFunctionConcurrency", FunctionName="one", ReservedConcurrentExecutions=0),
    call("lambda", "Invoke", FunctionName="one", InvocationType="Event", Payload=b"{}"),
    call(
        "lambda", "CreateEventSourceMapping", FunctionName=names, EventSourceArn=names.map(kinesis_arn),
        StartingPosition=st.sampled_from(["LATEST", "TRIM_HORIZON"]), Enabled=st.booleans(),
        FilterCriteria={"Filters": [{"Pattern": '{"data": {"never": ["so"]}}'}]},
    ),
]  # fmt: skip
DATUM = {"MetricName": "m", "Value": 1.0}
CLOUDWATCH = [
    call("cloudwatch", "PutMetricData", Namespace="App", MetricData=[DATUM]),
    call(
        "cloudwatch", "PutMetricAlarm", AlarmName=names, Namespace="App", MetricName="m", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=st.integers(0, 2), ComparisonOperator="GreaterThanThreshold",
        AlarmActions=["arn:aws:lambda:us-east-1:000000000000:function:none"],
    ),
    call("cloudwatch", "SetAlarmState", AlarmName=names, StateValue="ALARM", StateReason="r"),
    call("cloudwatch", "DisableAlarmActions", AlarmNames=["one"]),
    call("cloudwatch", "DeleteAlarms", AlarmNames=["two"]),
    call(
        "cloudwatch", "TagResource", ResourceARN="arn:aws:cloudwatch:us-east-1:000000000000:alarm:one",
        Tags=[{"Key": "a", "Value": "b"}],
    ),
    st.tuples(st.just("advance"), st.just(""), st.just({"seconds": 61})),
    st.just(("check", "", {})),
]  # fmt: skip
TIME = [
    st.tuples(st.just("advance"), st.just(""), st.sampled_from([1, 61, 301, 90_000]).map(lambda s: {"seconds": s})),
    st.just(("check", "", {})),
    st.just(("settle", "", {})),
]


def test_an_attempt_under_way_has_changed_nothing_yet() -> None:
    """A12: the batch of a destination that fails, looked at in every turn of the event loop."""

    async def scenario(running: Run) -> None:
        await running.call("firehose", "CreateDeliveryStream", DeliveryStreamName="one", S3DestinationConfiguration=S3)
        with running.world.clock.working():
            records = [{"Data": Zeros(900_000)}, {"Data": Zeros(900_000)}]
            await running.call("firehose", "PutRecordBatch", DeliveryStreamName="one", Records=records)
        for _ in range(50):
            running.check()
            await asyncio.sleep(0)
        await running.world.clock.advance(100)
        running.check()

    run(scenario)


def test_metric_data_is_kept_when_its_answer_is_out() -> None:
    """Not only when the minute is over, as with what services measure."""

    async def scenario(running: Run) -> None:
        for expected in (1, 2):
            await running.call("cloudwatch", "PutMetricData", Namespace="App", MetricData=[DATUM])
            running.durability.commit()
            ((_, row),) = found_by_a_restart(running.path).rows()["metrics.buckets"]
            assert [bucket.sum for bucket in row.values()] == [expected]

    run(scenario)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.one_of(*CLOUDWATCH), min_size=5, max_size=30))
def test_a_restart_finds_alarms_and_metrics(steps: list[Step]) -> None:
    async def scenario(running: Run) -> None:
        for service, operation, params in steps:
            if service == "advance":
                await running.world.clock.advance(params["seconds"])
            elif service == "check":
                running.check()
            else:
                with running.world.clock.working():
                    await running.call(service, operation, **params)
        running.check()

    run(scenario)


@pytest.mark.parametrize("transition_seconds", [0.0, 5.0])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.one_of(*KINESIS, *FIREHOSE, *LAMBDA, *TIME), min_size=10, max_size=50))
def test_a_restart_finds_what_is(transition_seconds: float, steps: list[Step]) -> None:
    async def scenario(running: Run) -> None:
        await running.call("kinesis", "CreateStream", StreamName="one", ShardCount=2)
        await running.call("firehose", "CreateDeliveryStream", DeliveryStreamName="one", S3DestinationConfiguration=S3)
        await running.call(
            "lambda", "CreateFunction", FunctionName="one", Runtime="python3.11", Role=ROLE, Handler="main.handler",
            Code={"ZipFile": PACKAGE},
        )  # fmt: skip
        clock = running.world.clock
        for service, operation, params in steps:
            if service == "advance":
                await clock.advance(params["seconds"])
            elif service == "settle":
                await clock.settle(3600)
            elif service == "check":
                running.check()
            else:
                with clock.working():
                    await running.call(service, operation, **params)
        running.check()
        await clock.quiesce()
        running.check()

    run(scenario, transition_seconds)
