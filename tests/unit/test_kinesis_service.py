"""The Kinesis service in a world of its own: iterators, reading, retention, life cycle, restarts."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.emulator.call import Call, Caller
from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.services.kinesis.provider import Kinesis
from harness.emulator.services.kinesis.tokens import BadToken, Tokens
from harness.emulator.world import World

NOW = 1_700_000_000.0
HOUR = 3600.0
SHARD = "shardId-000000000000"


def at_once(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """The result of a call that must not wait for anything."""
    try:
        work.send(None)
    except StopIteration as done:
        return dict(done.value)
    raise AssertionError("the call waits")


class Bench:
    """A world with Kinesis alone. Methods are called as the bus calls them."""

    def __init__(self, transition_seconds: float = 0.0, seed: int = 7) -> None:
        clock = Clock("manual", start=NOW)
        self.world = World(clock=clock, seed=seed, transition_seconds=transition_seconds)
        self.kinesis = Kinesis(self.world)
        self.world.add(self.kinesis)

    def __call__(self, operation: str, params: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        call = Call("kinesis", operation, params or {}, Caller(**caller), "request")
        return at_once(self.kinesis.dispatch(call))

    def forward(self, seconds: float) -> None:
        self.world.clock.set_now(self.world.clock.now() + seconds)

    def stream(self, shards: int = 1, name: str = "s") -> str:
        self("CreateStream", {"StreamName": name, "ShardCount": shards})
        return name

    def put(self, *texts: str, stream: str = "s") -> list[str]:
        records = [{"Data": text.encode(), "PartitionKey": "k"} for text in texts]
        answer = self("PutRecords", {"StreamName": stream, "Records": records})
        return [record["SequenceNumber"] for record in answer["Records"]]

    def iterator(self, kind: str, shard: str = SHARD, stream: str = "s", **more: Any) -> str:
        params = {"StreamName": stream, "ShardId": shard, "ShardIteratorType": kind, **more}
        return str(self("GetShardIterator", params)["ShardIterator"])

    def read(self, iterator: str, **more: Any) -> list[str]:
        return [r["Data"].decode() for r in self("GetRecords", {"ShardIterator": iterator, **more})["Records"]]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def code(error: pytest.ExceptionInfo[AwsError]) -> tuple[str, str | None]:
    return error.value.code, error.value.message


# -- iterators ------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.floats(0, 4e9), st.text(st.characters(exclude_categories=["Cs"]), max_size=200), st.integers(0, 2**40))
def test_a_token_comes_back_as_it_was_made(issued: float, scope: str, position: int) -> None:
    """B4: opaque base64 that starts with AAAAAAAAAA."""
    tokens = Tokens(World(clock=Clock("manual", start=NOW), seed=7))
    text = tokens.iterator(issued, scope, 5, position)
    token = tokens.read_iterator(text)
    assert (token.text, token.shard_index, token.position) == (scope, 5, position)
    assert token.issued == round(issued * 1000)
    assert text.startswith("AAAAAAAAAA")


@settings(deadline=None)
@given(st.integers(0, 167), st.integers(1, 255))
def test_a_token_with_any_byte_changed_is_refused(place: int, mask: int) -> None:
    """B5: forged iterators."""
    tokens = Tokens(World(clock=Clock("manual", start=NOW), seed=7))
    raw = bytearray(base64.b64decode(tokens.iterator(NOW, "a/b/c/d", 0, 0)))
    raw[place] ^= mask
    with pytest.raises(BadToken):
        tokens.read_iterator(base64.b64encode(raw).decode())


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_as_iterator_is_an_invalid_argument(text: str) -> None:
    """B5: malformed iterators."""
    bench = Bench()
    bench.stream()
    with pytest.raises(AwsError) as error:
        bench.read(text)
    assert code(error) == ("InvalidArgumentException", "Invalid ShardIterator.")


def test_iterators_of_another_world_and_page_tokens_are_refused(bench: Bench) -> None:
    """B5."""
    bench.stream()
    other = Bench(seed=8)
    other.stream()
    page = bench.kinesis.tokens.page(NOW, "streams/a")
    for text in (other.iterator("LATEST"), page):
        with pytest.raises(AwsError, match=r"Invalid ShardIterator\."):
            bench.read(text)


def test_an_iterator_does_not_outlive_its_stream(bench: Bench) -> None:
    """B4: a new stream of the same name is another stream."""
    bench.stream()
    iterator = bench.iterator("TRIM_HORIZON")
    bench("DeleteStream", {"StreamName": "s"})
    with pytest.raises(AwsError, match=r"Stream s under account 000000000000 not found\."):
        bench.read(iterator)
    bench.stream()
    with pytest.raises(AwsError, match=r"Invalid ShardIterator\."):
        bench.read(iterator)


def test_iterators_have_224_characters_and_differ_each_time(bench: Bench) -> None:
    """B4, F2 17: fresh even where nothing was read and no time passed."""
    bench.stream()
    seen = {bench.iterator("LATEST") for _ in range(3)}
    assert len(seen) == 3
    assert {len(text) for text in seen} == {224}


# -- AT_TIMESTAMP ---------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=30), st.integers(-1000, 60_000))
def test_at_timestamp_finds_the_first_record_that_is_not_older(gaps: list[int], offset: int) -> None:
    """B4: the record at or after the timestamp; older than all means TRIM_HORIZON."""
    bench = Bench()
    bench.stream()
    arrivals = []
    for i, gap in enumerate(gaps):
        bench.forward(gap / 1000)
        bench.put(str(i))
        arrivals.append(round(bench.world.clock.now(), 3))
    moment = min(round(NOW + offset / 1000, 3), round(bench.world.clock.now(), 3))
    expected = [str(i) for i, arrival in enumerate(arrivals) if arrival >= moment]
    assert bench.read(bench.iterator("AT_TIMESTAMP", Timestamp=moment)) == expected


def test_a_records_own_arrival_time_is_never_in_the_future(bench: Bench) -> None:
    """B4, B5: arrival is in whole milliseconds; AT_TIMESTAMP with it must find the record."""
    bench.stream()
    bench.forward(0.00061)  # rounds up to the next millisecond
    bench.put("a")
    iterator = bench.iterator("TRIM_HORIZON")
    [record] = bench("GetRecords", {"ShardIterator": iterator})["Records"]
    assert bench.read(bench.iterator("AT_TIMESTAMP", Timestamp=record["ApproximateArrivalTimestamp"])) == ["a"]


# -- sequence numbers and order -------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(1, 6))
def test_numbers_rise_per_shard_and_are_unique_in_the_stream(batches: list[int], shards: int) -> None:
    """B1, B3: strictly rising per shard, unique, a fixed step inside a batch to one shard."""
    bench = Bench()
    bench.stream(shards)
    per_shard: dict[str, list[int]] = {}
    for number, size in enumerate(batches):
        records = [{"Data": b"", "PartitionKey": f"{number}-{i}"} for i in range(size)]
        for record in bench("PutRecords", {"StreamName": "s", "Records": records})["Records"]:
            per_shard.setdefault(record["ShardId"], []).append(int(record["SequenceNumber"]))
    numbers = [n for of_shard in per_shard.values() for n in of_shard]
    assert len(set(numbers)) == len(numbers) == sum(batches)
    for of_shard in per_shard.values():
        assert of_shard == sorted(of_shard)
        assert len({b - a for a, b in pairwise(of_shard)}) <= 1


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), min_size=1, max_size=50))
def test_what_is_put_is_read_from_the_shard_that_was_answered(keys: list[str]) -> None:
    """B3, B5: PutRecords' answer is index-aligned; PutRecord routes alike."""
    bench = Bench()
    bench.stream(5)
    records = [{"Data": str(i).encode(), "PartitionKey": key} for i, key in enumerate(keys)]
    answer = bench("PutRecords", {"StreamName": "s", "Records": records})["Records"]
    found = {}
    for shard in bench("ListShards", {"StreamName": "s"})["Shards"]:
        iterator = bench.iterator("TRIM_HORIZON", shard["ShardId"])
        for record in bench("GetRecords", {"ShardIterator": iterator})["Records"]:
            found[record["SequenceNumber"]] = (shard["ShardId"], record["PartitionKey"], record["Data"])
    assert len(found) == len(keys)
    for sent, entry in zip(records, answer, strict=True):
        assert found[entry["SequenceNumber"]] == (entry["ShardId"], sent["PartitionKey"], sent["Data"])
    single = bench("PutRecord", {"StreamName": "s", **records[0]})
    assert single["ShardId"] == answer[0]["ShardId"]


def test_every_number_is_a_place_to_start(bench: Bench) -> None:
    """B4, F2 18 and 19: AT is the record itself, AFTER strictly after; the shard's own starting number works too."""
    bench.stream()
    numbers = bench.put("a", "b", "c")
    after = [bench.read(bench.iterator("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=n)) for n in numbers]
    at = [bench.read(bench.iterator("AT_SEQUENCE_NUMBER", StartingSequenceNumber=n)) for n in numbers]
    assert at == [["a", "b", "c"], ["b", "c"], ["c"]]
    assert after == [["b", "c"], ["c"], []]
    start = bench("ListShards", {"StreamName": "s"})["Shards"][0]["SequenceNumberRange"]["StartingSequenceNumber"]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        assert bench.read(bench.iterator(kind, StartingSequenceNumber=start)) == ["a", "b", "c"]


def test_plain_records_have_no_encryption_type_at_all(bench: Bench) -> None:
    """F2 20: absent, not empty, also between encrypted ones."""
    bench.stream()
    key = {"StreamName": "s", "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    for operation in (None, "StartStreamEncryption", "StopStreamEncryption"):
        if operation is not None:
            bench(operation, key)
        bench.put("x")
    records = bench("GetRecords", {"ShardIterator": bench.iterator("TRIM_HORIZON")})["Records"]
    assert ["EncryptionType" in record for record in records] == [False, True, False]


def test_a_batch_that_breaks_a_rule_writes_nothing(bench: Bench) -> None:
    """B3: an explicit hash key out of range in the last entry."""
    bench.stream(3)
    records: list[dict[str, Any]] = [{"Data": b"x", "PartitionKey": str(i)} for i in range(20)]
    records.append({"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": str(2**128)})
    with pytest.raises(AwsError) as error:
        bench("PutRecords", {"StreamName": "s", "Records": records})
    assert code(error) == (
        "InvalidArgumentException",
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
        "Specified value was 340282366920938463463374607431768211456",
    )
    assert all(bench.read(bench.iterator("TRIM_HORIZON", f"shardId-{i:012d}")) == [] for i in range(3))


def test_an_answer_holds_ten_megabytes_at_most(bench: Bench) -> None:
    """B5: the rest comes with the next iterator."""
    bench.stream()
    for i in range(23):
        bench("PutRecord", {"StreamName": "s", "PartitionKey": "k", "Data": bytes([i]) * 1_000_000})
    sizes, iterator = [], bench.iterator("TRIM_HORIZON")
    while True:
        answer = bench("GetRecords", {"ShardIterator": iterator})
        if not answer["Records"]:
            break
        sizes.append(len(answer["Records"]))
        iterator = answer["NextShardIterator"]
    assert sizes == [10, 10, 3]


# -- retention ------------------------------------------------------------------------------------------------


def test_records_leave_after_the_retention_period(bench: Bench) -> None:
    """B6: TRIM_HORIZON moves; numbers of what is left stay."""
    bench.stream()
    bench.put("old")
    bench.forward(12 * HOUR)
    [number] = bench.put("young")
    bench.forward(12 * HOUR)
    answer = bench("GetRecords", {"ShardIterator": bench.iterator("TRIM_HORIZON")})
    assert [(r["Data"], r["SequenceNumber"]) for r in answer["Records"]] == [(b"young", number)]
    bench.forward(12 * HOUR)
    assert bench.read(bench.iterator("TRIM_HORIZON")) == []
    [later] = bench.put("new")
    assert int(later) > int(number)
    assert bench.read(bench.iterator("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)) == ["new"]


def test_longer_retention_does_not_bring_expired_records_back(bench: Bench) -> None:
    """B6: nothing was read or written between expiry and the change."""
    bench.stream()
    bench.put("old")
    bench.forward(25 * HOUR)
    bench("IncreaseStreamRetentionPeriod", {"StreamName": "s", "RetentionPeriodHours": 48})
    assert bench.read(bench.iterator("TRIM_HORIZON")) == []


def test_expired_closed_shards_vanish(bench: Bench) -> None:
    """B6, B7: OPEN, CLOSED, EXPIRED."""
    bench.stream()
    bench("SplitShard", {"StreamName": "s", "ShardToSplit": SHARD, "NewStartingHashKey": str(2**127)})
    iterator = bench.iterator("TRIM_HORIZON")
    assert len(bench("ListShards", {"StreamName": "s"})["Shards"]) == 3
    bench.forward(24 * HOUR)
    assert [s["ShardId"][-1] for s in bench("ListShards", {"StreamName": "s"})["Shards"]] == ["1", "2"]
    assert len(bench.kinesis.logs) == 0  # the children's are made by their first use
    with pytest.raises(AwsError, match=f"Shard {SHARD} in stream s under account 000000000000 does not exist"):
        bench.iterator("TRIM_HORIZON")
    with pytest.raises(AwsError) as error:
        bench.read(iterator)
    assert error.value.code == "ExpiredIteratorException"


# -- life cycle -----------------------------------------------------------------------------------------------


def test_states_are_visible_while_a_change_takes_time() -> None:
    """B1, B2, B7: CREATING without shards, UPDATING with the old shards, DELETING, gone."""
    bench = Bench(transition_seconds=5)
    bench.stream(2)

    async def walk() -> None:
        kinesis, clock = bench.kinesis, bench.world.clock

        async def ask(operation: str, **params: Any) -> dict[str, Any]:
            return await kinesis.dispatch(Call("kinesis", operation, {"StreamName": "s", **params}, Caller(), "r"))

        async def status() -> tuple[str, int | None]:
            summary = (await ask("DescribeStreamSummary"))["StreamDescriptionSummary"]
            return summary["StreamStatus"], summary.get("OpenShardCount")

        assert await status() == ("CREATING", None)
        described = (await ask("DescribeStream"))["StreamDescription"]
        assert (described["Shards"], described["HasMoreShards"]) == ([], False)
        with pytest.raises(AwsError) as error:
            await ask("PutRecord", Data=b"x", PartitionKey="k")
        assert error.value.code == "ResourceNotFoundException"
        await clock.advance(5)
        assert await status() == ("ACTIVE", 2)
        await ask("UpdateShardCount", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
        assert await status() == ("UPDATING", 2)
        await ask("PutRecord", Data=b"x", PartitionKey="k")  # writing goes on
        with pytest.raises(AwsError) as error:
            await ask("SplitShard", ShardToSplit=SHARD, NewStartingHashKey="5")
        assert code(error) == (
            "ResourceInUseException",
            "Stream s under account 000000000000 not ACTIVE, instead in state UPDATING",
        )
        await clock.advance(5)
        assert await status() == ("ACTIVE", 4)
        await ask("DeleteStream")
        assert await status() == ("DELETING", None)
        await clock.advance(5)
        with pytest.raises(AwsError, match="not found"):
            await ask("DescribeStreamSummary")
        await ask("CreateStream", ShardCount=1)
        assert await status() == ("CREATING", None)

    asyncio.run(walk())


def test_a_deletion_overtakes_the_change_under_way() -> None:
    """B1, B7: what was UPDATING and is DELETING does not come back when the update was due."""
    bench = Bench(transition_seconds=5)
    bench.stream()

    async def walk() -> None:
        kinesis, clock = bench.kinesis, bench.world.clock

        async def ask(operation: str, **params: Any) -> dict[str, Any]:
            return await kinesis.dispatch(Call("kinesis", operation, {"StreamName": "s", **params}, Caller(), "r"))

        await clock.advance(5)
        await ask("UpdateShardCount", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
        await clock.advance(3)
        await ask("DeleteStream")
        await clock.advance(3)
        summary = (await ask("DescribeStreamSummary"))["StreamDescriptionSummary"]
        assert summary["StreamStatus"] == "DELETING"
        await clock.advance(2)
        assert (await kinesis.dispatch(Call("kinesis", "ListStreams", {}, Caller(), "r")))["StreamNames"] == []

    asyncio.run(walk())


def test_a_change_under_way_survives_a_restore() -> None:
    """What a snapshot took in UPDATING becomes ACTIVE after it is restored; records and iterators stay valid."""

    async def walk() -> None:
        bench = Bench()
        world, kinesis = bench.world, bench.kinesis

        async def ask(operation: str, **params: Any) -> dict[str, Any]:
            return await kinesis.dispatch(Call("kinesis", operation, params, Caller(), "r"))

        await ask("CreateStream", StreamName="s", ShardCount=1)
        await ask("PutRecord", StreamName="s", Data=b"x", PartitionKey="k")
        found = await ask("GetShardIterator", StreamName="s", ShardId=SHARD, ShardIteratorType="TRIM_HORIZON")
        world.transition_seconds = 5
        await ask("SplitShard", StreamName="s", ShardToSplit=SHARD, NewStartingHashKey="12345")
        arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
        await ask("RegisterStreamConsumer", StreamARN=arn, ConsumerName="c")
        state = await world.save()
        await ask("DeleteStream", StreamName="s", EnforceConsumerDeletion=True)
        await world.restore(state)
        await world.clock.advance(5)
        summary = (await ask("DescribeStreamSummary", StreamName="s"))["StreamDescriptionSummary"]
        assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 2)
        consumer = await ask("DescribeStreamConsumer", StreamARN=arn, ConsumerName="c")
        assert consumer["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
        answer = await ask("GetRecords", ShardIterator=found["ShardIterator"])
        assert [record["Data"] for record in answer["Records"]] == [b"x"]
        await world.restore(None)
        assert (await ask("ListStreams"))["StreamNames"] == []

    asyncio.run(walk())


def test_only_an_active_consumer_subscribes_and_nobody_who_asks_for_events_is_forgotten() -> None:
    """B9: consumer not ACTIVE; life."""

    async def walk() -> None:
        world = World(clock=Clock("manual", start=NOW), seed=1)
        kinesis = Kinesis(world)
        world.add(kinesis)

        async def ask(operation: str, **params: Any) -> Any:
            with world.clock.working():
                return await kinesis.dispatch(Call("kinesis", operation, params, Caller(), "r"))

        async def subscribe() -> Any:
            position = {"Type": "LATEST"}
            answer = await ask("SubscribeToShard", ConsumerARN=consumer, ShardId=SHARD, StartingPosition=position)
            return answer["EventStream"]

        await ask("CreateStream", StreamName="s", ShardCount=1)
        world.transition_seconds = 5
        arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
        made = await ask("RegisterStreamConsumer", StreamARN=arn, ConsumerName="c")
        consumer = made["Consumer"]["ConsumerARN"]
        with pytest.raises(AwsError) as error:
            await subscribe()
        name, text = code(error)
        assert name == "ResourceInUseException"
        assert text is not None and text.startswith(f"Consumer c with creation timestamp {int(NOW)} under stream: s, ")
        assert text.endswith(" is not in ACTIVE status.")
        await world.clock.advance(5)
        first = await subscribe()
        await world.clock.advance(300)  # nobody asked the first for an event
        second = await subscribe()
        assert (first.has_ended, second.has_ended) == (True, False)
        assert list(kinesis._subscriptions.values()) == [second]
        await world.restore(None)
        assert second.has_ended
        world.transition_seconds = 0
        await ask("CreateStream", StreamName="s", ShardCount=1)
        await ask("RegisterStreamConsumer", StreamARN=arn, ConsumerName="c")
        consumer = f"{arn}/consumer/c:{int(world.clock.now())}"
        third = await subscribe()
        world.topics.notify("edge:stopping")  # a stop of the listener waits for no subscription
        assert third.has_ended

    asyncio.run(walk())


def test_readers_are_woken_by_appends_reshards_and_deletion(bench: Bench) -> None:
    """The topic `kinesis:<stream ARN>`."""
    bench.stream()
    woken: list[str] = []
    bench.world.topics.subscribe(
        "kinesis:arn:aws:kinesis:us-east-1:000000000000:stream/s", lambda: woken.append("woken")
    )
    bench.put("a", "b")
    bench("PutRecord", {"StreamName": "s", "Data": b"x", "PartitionKey": "k"})
    bench("SplitShard", {"StreamName": "s", "ShardToSplit": SHARD, "NewStartingHashKey": "12345"})
    bench("DeleteStream", {"StreamName": "s"})
    assert len(woken) == 4


def test_same_seed_same_numbers() -> None:
    """Law 3: sequence numbers and iterators come from the seed and the clock."""

    def run() -> tuple[list[str], str]:
        bench = Bench(seed=3)
        bench.stream()
        return bench.put("a", "b"), bench.iterator("LATEST")

    assert run() == run()


# -- accounts and regions -------------------------------------------------------------------------------------


def test_accounts_and_regions_do_not_see_each_other(bench: Bench) -> None:
    """B1: names are scoped by account and region; foreign ARNs are refused."""
    bench.stream()
    others: tuple[dict[str, Any], ...] = ({"account": "111111111111"}, {"region": "eu-west-1"})
    for caller in others:
        assert bench("ListStreams", **caller)["StreamNames"] == []
        with pytest.raises(AwsError) as error:
            bench("DescribeStream", {"StreamName": "s"}, **caller)
        assert error.value.code == "ResourceNotFoundException"
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
    with pytest.raises(AwsError) as error:
        bench("DescribeStream", {"StreamARN": arn}, account="111111111111")
    assert error.value.code == "AccessDeniedException"
    with pytest.raises(AwsError) as error:
        bench("DescribeStream", {"StreamARN": arn.replace("0" * 12, "2" * 12)})
    assert code(error) == ("UnrecognizedClientException", "No account found for the given parameters")
    with pytest.raises(AwsError) as error:
        bench("DescribeStream", {"StreamARN": arn}, region="eu-west-1")
    assert code(error) == (
        "InvalidArgumentException",
        f"The region specified in the ARN '{arn}' does not match the endpoint region",
    )


@pytest.mark.parametrize("operation", ["UpdateStreamWarmThroughput", "CreateChannel"])
def test_what_is_not_emulated_is_refused_by_name(bench: Bench, operation: str) -> None:
    """Law 1."""
    with pytest.raises(NotEmulated, match=operation):
        bench(operation)
