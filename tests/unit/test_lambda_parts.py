"""Lambda's parts without processes: names, ARNs, filters, output, policies, log batches."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.call import Call, Caller
from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError
from harness.emulator.service import Service, operation
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.execution.log_writer import MAX_QUEUED, LogStream, LogWriter
from harness.emulator.services.lambda_.execution.output import Output
from harness.emulator.services.lambda_.mapping import event
from harness.emulator.services.lambda_.mapping.event_filter import EventFilter
from harness.emulator.services.lambda_.model import Code, EventSourceMapping, Function, FunctionVersion
from harness.emulator.services.lambda_.permissions import arn_like
from harness.emulator.services.lambda_.provider import Lambda
from harness.emulator.world import World

CALLER = Caller("123456789012", "us-east-1")
ROLE = "arn:aws:iam::123456789012:role/r"


# -- names --------------------------------------------------------------------------------------------------------


@given(
    name=st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True).filter(lambda n: n != "function"),
    qualifier=st.none() | st.just("$LATEST") | st.from_regex(r"[a-zA-Z0-9_-]{1,32}", fullmatch=True),
    form=st.integers(0, 2),
)
def test_every_form_of_a_name_means_the_same(name: str, qualifier: str | None, form: int) -> None:
    """C1."""
    text = (name, f"123456789012:function:{name}", f"arn:aws:lambda:us-east-1:123456789012:function:{name}")[form]
    parsed = names.parse(f"{text}:{qualifier}" if qualifier else text, CALLER)
    assert (parsed.account, parsed.region, parsed.name, parsed.qualifier) == (*_own(), name, qualifier)


def _own() -> tuple[str, str]:
    return CALLER.account, CALLER.region


@pytest.mark.parametrize("text", ["", "a b", "arn:aws:s3:::bucket", "a:b:c:d:e", "ü"])
def test_other_texts_are_no_names(text: str) -> None:
    with pytest.raises(AwsError) as caught:
        names.parse(text, CALLER)
    assert caught.value.code == "ValidationException"


# -- output -------------------------------------------------------------------------------------------------------


def _frame(text: str) -> bytes:
    data = text.encode()
    return b"\xa5\x5a\x00\x17" + len(data).to_bytes(4, "big") + (0).to_bytes(8, "big") + data


_line = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(st.booleans(), _line)), st.data())
def test_output_is_cut_the_same_however_it_arrives(parts: list[tuple[bool, str]], data: st.DataObject) -> None:
    """C3: lines and frames, whole or in pieces."""
    expected = [text if framed else text + "\n" for framed, text in parts]
    stream = b"".join(_frame(text) if framed else (text + "\n").encode() for framed, text in parts)
    output, found, position = Output(), [], 0
    while position < len(stream):
        size = data.draw(st.integers(1, len(stream) - position))
        found += list(output.feed(stream[position : position + size]))
        position += size
    assert found + list(output.flush()) == expected


def test_text_without_a_line_end_is_flushed() -> None:
    output = Output()
    assert list(output.feed(b"abc")) == []
    assert list(output.flush()) == ["abc"] and list(output.flush()) == []
    assert list(output.feed(b"abc" + _frame("x"))) == ["abc", "x"]


# -- filters ------------------------------------------------------------------------------------------------------


def _record(data: bytes, key: str = "k") -> dict[str, Any]:
    return {"Data": data, "PartitionKey": key, "SequenceNumber": "1", "ApproximateArrivalTimestamp": 1.0}


@pytest.mark.parametrize(
    ("pattern", "data", "passes"),
    [
        ({"data": {"a": [1]}}, b'{"a": 1}', True),
        ({"data": {"a": [1]}}, b'{"a": "1"}', False),
        ({"data": {"a": [1]}}, b'{"a": true}', False),
        ({"data": {"a": [1, 2]}}, b'{"a": [2, 3]}', True),
        ({"data": {"a": {"b": ["x"]}}}, b'{"a": {"b": "x"}}', True),
        ({"data": {"a": {"b": ["x"]}}}, b'{"a": 1}', False),
        ({"data": {"a": [None]}}, b'{"a": null}', True),
        ({"data": {"a": [None]}}, b"{}", False),
        ({"data": {"a": [{"exists": False}]}}, b"{}", True),
        ({"data": {"a": [{"exists": True}]}}, b'{"a": null}', True),
        ({"data": {"a": [{"prefix": "ab"}]}}, b'{"a": "abc"}', True),
        ({"data": {"a": [{"suffix": "bc"}]}}, b'{"a": "abc"}', True),
        ({"data": {"a": [{"anything-but": ["x", "y"]}]}}, b'{"a": "z"}', True),
        ({"data": {"a": [{"anything-but": {"prefix": "z"}}]}}, b'{"a": "zz"}', False),
        ({"data": {"a": [{"equals-ignore-case": "ABC"}]}}, b'{"a": "aBc"}', True),
        ({"data": {"a": [{"numeric": [">", 0, "<=", 5]}]}}, b'{"a": 5}', True),
        ({"data": {"a": [{"numeric": [">", 0, "<=", 5]}]}}, b'{"a": 5.1}', False),
        ({"data": {"$or": [{"a": [1]}, {"b": [2]}]}}, b'{"b": 2}', True),
        ({"data": {"$or": [{"a": [1]}, {"b": [2]}]}}, b'{"b": 3}', False),
        ({"data": {"a": [1]}}, b"plain", False),
        ({"data": ["plain"]}, b"plain", True),
        ({"data": ["plain"]}, b'{"a": 1}', False),
        ({"partitionKey": ["k"]}, b"anything", True),
        ({"partitionKey": ["other"]}, b"anything", False),
    ],
)
def test_filter_patterns(pattern: dict[str, Any], data: bytes, passes: bool) -> None:
    """C9."""
    assert EventFilter([json.dumps(pattern)]).passes(_record(data)) is passes


@pytest.mark.parametrize("pattern", ["", "{", "[]", "{}", '{"a": 1}', '{"a": [{"like": "x"}]}', '{"a": []}'])
def test_bad_patterns(pattern: str) -> None:
    with pytest.raises(AwsError) as caught:
        EventFilter([pattern])
    assert caught.value.code == "InvalidParameterValueException"


def test_any_pattern_is_enough() -> None:
    chosen = EventFilter(['{"partitionKey": ["a"]}', '{"partitionKey": ["b"]}'])
    assert [chosen.passes(_record(b"", key)) for key in "abc"] == [True, True, False]


# -- answers ------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_the_lowest_reported_failure_counts(failed: list[int]) -> None:
    """C9."""
    records = [_record(b"") | {"SequenceNumber": str(i)} for i in range(10)]
    answer = json.dumps({"batchItemFailures": [{"itemIdentifier": str(i)} for i in failed]}).encode()
    assert event.reported_failures(answer, records).first == min(failed)


@given(st.lists(st.tuples(st.binary(max_size=200), st.text("abc/é€", min_size=1, max_size=50)), min_size=1, max_size=4))
def test_an_event_is_not_larger_than_its_estimate(given: list[tuple[bytes, str]]) -> None:
    """C9: the 6 MB limit is kept by the estimate."""
    mapping = EventSourceMapping(
        "u", "1" * 12, "ap-southeast-1", "arn:aws:kinesis:ap-southeast-1:123456789012:stream/" + "s" * 128, "f", True,
        "LATEST", None, 1, 0, 1, -1, -1, False, None, False, [], 0.0,
    )  # fmt: skip
    shard_id = "shardId-000000000000"
    overhead = event.overhead(mapping, shard_id)
    records = [
        {"Data": data, "PartitionKey": key, "SequenceNumber": "4" * 56, "ApproximateArrivalTimestamp": 1545084650.987}
        for data, key in given
    ]
    built = event.build(mapping, shard_id, "arn:aws:iam::123456789012:role/" + "r" * 64, records)
    estimate = sum(event.size_of(record, overhead) for record in records)
    assert estimate - 200 * len(records) <= len(built) <= estimate


# -- policies -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "arn", "like"),
    [
        ("arn:aws:execute-api:us-east-1:1:api/*", "arn:aws:execute-api:us-east-1:1:api/stage/GET/path", True),
        ("arn:aws:execute-api:us-east-1:1:api/*/GET/*", "arn:aws:execute-api:us-east-1:1:api/s/POST/p", False),
        ("arn:aws:execute-api:*:1:api/*", "arn:aws:execute-api:us-east-1:1:api/x", True),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket", True),
        ("arn:aws:s3:::buck?t", "arn:aws:s3:::bucket", True),
        ("arn:aws:s3:::bucke", "arn:aws:s3:::bucket", False),
        ("arn:aws:*", "arn:aws:s3:::bucket", False),
    ],
)
def test_arn_like(pattern: str, arn: str, like: bool) -> None:
    assert arn_like(pattern, arn) is like


def _world() -> World:
    world = World(clock=Clock("manual", start=1_700_000_000.0), seed=7)
    service = Lambda(world)
    world.add(service)
    version = FunctionVersion(
        name="f", account=CALLER.account, region=CALLER.region, version="$LATEST", runtime="python3.11",
        handler="index.handler", role=ROLE, code=Code("0" * 64, 1), description="", timeout=3, memory_size=128,
        environment=None, tracing_mode="PassThrough", dead_letter_arn=None, architecture="x86_64",
        ephemeral_storage=512, log_format="Text", log_group="/aws/lambda/f", application_log_level=None,
        system_log_level=None, kms_key_arn=None, last_modified=0.0, revision_id="r",
    )  # fmt: skip
    function = Function("f", CALLER.account, CALLER.region, version)
    service.functions.put(function.key, function)
    return world


async def _dry_run(world: World, caller: Caller) -> int:
    params = {"FunctionName": f"arn:aws:lambda:us-east-1:{CALLER.account}:function:f", "InvocationType": "DryRun"}
    answer = await world.bus.call("lambda", "Invoke", params, caller)
    return int(answer["StatusCode"])


def test_a_service_needs_a_permission() -> None:
    """C1: AccessDeniedException without a statement that fits principal, source ARN and account."""

    async def check() -> None:
        world = _world()
        api = "arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/items"
        gateway = CALLER.on_behalf("apigateway.amazonaws.com", source_arn=api)
        with pytest.raises(AwsError) as caught:
            await _dry_run(world, gateway)
        assert (caught.value.code, caught.value.status) == ("AccessDeniedException", 403)
        grant = {
            "FunctionName": "f",
            "StatementId": "s",
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": "arn:aws:execute-api:us-east-1:123456789012:abc/*/GET/*",
        }
        await world.bus.call("lambda", "AddPermission", grant, CALLER)
        assert await _dry_run(world, gateway) == 204
        refused = [
            CALLER.on_behalf("apigateway.amazonaws.com", source_arn=api.replace("GET", "POST")),
            CALLER.on_behalf("apigateway.amazonaws.com"),
            CALLER.on_behalf("s3.amazonaws.com", source_arn=api),
            Caller("999999999999", "us-east-1"),
        ]
        for caller in refused:
            with pytest.raises(AwsError) as caught:
                await _dry_run(world, caller)
            assert caught.value.code == "AccessDeniedException"
        # The caller's own account and a role that a service assumes need no statement.
        assert await _dry_run(world, CALLER) == 204
        assert await _dry_run(world, CALLER.on_behalf("firehose.amazonaws.com", role=ROLE)) == 204

    asyncio.run(check())


# -- logs ---------------------------------------------------------------------------------------------------------


class FakeLogs(Service):
    """Streams that must be made first; `batches` is what arrived."""

    name = "logs"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.made: set[str] = set()
        self.batches: list[list[str]] = []

    @operation
    def create_log_group(self, call: Call, *, log_group_name: str) -> None:
        if log_group_name in self.made:
            raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
        self.made.add(log_group_name)

    @operation
    def create_log_stream(self, call: Call, *, log_group_name: str, log_stream_name: str) -> None:
        if log_group_name not in self.made:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        self.made.add(log_stream_name)

    @operation
    def put_log_events(
        self, call: Call, *, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> None:
        if log_stream_name not in self.made:
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
        self.batches.append([e["message"] for e in log_events])


def test_log_lines_go_in_batches_and_are_bounded() -> None:
    """E3: one batch for what came together; limits of PutLogEvents; too many lines push out the oldest."""

    async def check() -> None:
        world = World(clock=Clock("manual"), seed=7)
        logs = FakeLogs(world)
        world.add(logs)
        stream = LogStream(LogWriter(world), CALLER, "group", "stream")
        for i in range(100):
            stream.append(0, f"{i}\n")
        await world.clock.quiesce()
        assert logs.batches == [[f"{i}\n" for i in range(100)]]
        logs.batches.clear()
        # Somebody deletes the group: it is made again.
        logs.made.clear()
        stream.append(0, "x" * 2_000_000)
        stream.append(0, "y" * 600_000)
        stream.append(0, "z" * 600_000)
        await world.clock.quiesce()
        sizes = [[len(m) for m in batch] for batch in logs.batches]
        assert sizes == [[1_000_000 - 26], [600_000], [600_000]]
        logs.batches.clear()
        for i in range(MAX_QUEUED + 10):
            stream.append(0, str(i))
        await world.clock.quiesce()
        written = [message for batch in logs.batches for message in batch]
        assert written == [str(i) for i in range(10, MAX_QUEUED + 10)]

    asyncio.run(check())


def test_without_a_log_service_functions_still_run(caplog: pytest.LogCaptureFixture) -> None:
    """Lines that can't be written are given up with one warning."""

    async def check() -> None:
        world = World(clock=Clock("manual"), seed=7)
        stream = LogStream(LogWriter(world), CALLER, "group", "stream")
        for _ in range(3):
            stream.append(0, "x")
            await world.clock.quiesce()
        assert not stream.queue

    asyncio.run(check())
    assert len([r for r in caplog.records if "can't be written" in r.message]) == 1
