"""Whatever calls came before: the state can be saved, and is whole after a restart."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from harness.emulator.build import build_world
from harness.emulator.call import Call, Caller
from harness.emulator.clock import Clock
from harness.emulator.durability import Durability
from harness.emulator.errors import AwsError
from harness.emulator.upstream.moto_upstream import MotoUpstream
from harness.emulator.upstream.services import SERVED
from harness.emulator.world import World

ROLE = "arn:aws:iam::000000000000:role/r"
KEY = [{"AttributeName": "k", "KeyType": "HASH"}]
ATTRIBUTES = [{"AttributeName": "k", "AttributeType": "S"}]
TABLE = {"AttributeDefinitions": ATTRIBUTES, "KeySchema": KEY, "BillingMode": "PAY_PER_REQUEST"}


class Upstream:
    """moto in a world, called as services call it."""

    def __init__(self) -> None:
        self.world = World(clock=Clock("manual", start=1_800_000_000.0), seed=7)
        self.moto = MotoUpstream(self.world)

    async def call(self, service: str, operation: str, /, **params: Any) -> Any:
        return await self.moto.call(Call(service, operation, params, Caller(), self.world.new_id()))


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"M": {"a": value}}
    return value


def test_an_import_is_done_when_it_answers_and_can_be_kept() -> None:
    async def scenario() -> None:
        up = Upstream()
        await up.call("s3", "CreateBucket", Bucket="source")
        await up.call("s3", "PutObject", Bucket="source", Key="k.json", Body=b'{"Item": {"k": {"S": "one"}}}')
        threads = threading.active_count()
        made = await up.call(
            "dynamodb", "ImportTable", S3BucketSource={"S3Bucket": "source"}, InputFormat="DYNAMODB_JSON",
            TableCreationParameters={"TableName": "t", **TABLE},
        )  # fmt: skip
        assert threading.active_count() == threads
        saved = up.moto.dump()
        up.moto.load(None)
        up.moto.load(saved)
        arn = made["ImportTableDescription"]["ImportArn"]
        found = (await up.call("dynamodb", "DescribeImport", ImportArn=arn))["ImportTableDescription"]
        assert (found["ImportStatus"], found["ImportedItemCount"]) == ("COMPLETED", 1)
        assert (await up.call("dynamodb", "Scan", TableName="t"))["Items"] == [{"k": {"S": "one"}}]

    asyncio.run(scenario())


def test_items_are_nested_as_deep_as_aws_allows() -> None:
    """32 levels, and what has that many can be kept."""

    async def scenario() -> None:
        up = Upstream()
        await up.call("dynamodb", "CreateTable", TableName="t", **TABLE)
        await up.call("dynamodb", "PutItem", TableName="t", Item={"k": {"S": "one"}, "v": deep(32)})
        for levels in (33, 200):
            with pytest.raises(AwsError) as refused:
                await up.call("dynamodb", "PutItem", TableName="t", Item={"k": {"S": "two"}, "v": deep(levels)})
            assert refused.value.code == "ValidationException"
            assert refused.value.message == "Nesting Levels have exceeded supported limits"
        up.moto.load(up.moto.dump())
        assert (await up.call("dynamodb", "Scan", TableName="t"))["Count"] == 1

    asyncio.run(scenario())


def test_deep_values_of_any_service_are_kept() -> None:
    """As deep as JSON is read, also where a service keeps it parsed: an event pattern."""

    async def scenario() -> None:
        up = Upstream()
        pattern = '{"a":' * 900 + '["x"]' + "}" * 900
        try:
            await up.call("events", "PutRule", Name="deep", EventPattern=pattern)
        except AwsError as error:
            assert error.status == 400
        up.moto.load(up.moto.dump())
        up.world.store.table("t").put("k", json.loads("[" * 900 + "]" * 900))
        up.world.store.load(up.world.store.dump())

    asyncio.run(scenario())


def test_what_is_no_data_does_not_keep_the_rest_from_being_saved(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        up = Upstream()
        await up.call("sns", "CreateTopic", Name="topic")
        from harness.emulator.upstream.loading import backends

        with up.moto.state.entered():
            backend = backends("sns")["000000000000"]["us-east-1"]
            backend.odd = [threading.Thread(), (n for n in range(0)), lambda: 1, io.StringIO()]
        saved = up.moto.dump()
        up.moto.load(saved)
        assert len((await up.call("sns", "ListTopics"))["Topics"]) == 1

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert len([line for line in caplog.messages if "left out of the saved state" in line]) == 4


def plausible(shape: Shape, name: str = "", depth: int = 0) -> Any:
    """A value that a service may take: required members, and names that look like what they mean."""
    if isinstance(shape, StructureShape):
        members = shape.members if depth == 0 else {name: shape.members[name] for name in shape.required_members}
        return {name: plausible(member, name, depth + 1) for name, member in members.items() if depth < 6}
    if isinstance(shape, ListShape):
        return [plausible(shape.member, name, depth + 1)] if depth < 6 else []
    if isinstance(shape, MapShape):
        return {"k": plausible(shape.value, name, depth + 1)} if depth < 6 else {}
    if shape.type_name == "string":
        return text(shape, name)
    simple = {"blob": b"x", "boolean": True, "timestamp": 1_800_000_000, "double": 1.0, "float": 1.0}
    return simple.get(shape.type_name, max(1, int(shape.metadata.get("min", 1))))


def text(shape: Shape, name: str) -> str:
    if getattr(shape, "enum", None):
        return str(shape.enum[0])
    lower = name.lower()
    if "policy" in lower and "arn" not in lower and "name" not in lower:
        return json.dumps({"Version": "2012-10-17", "Statement": []})
    if "arn" in lower:
        return ROLE
    return "x" * max(4, int(shape.metadata.get("min", 1)))


def operations(service: str) -> list[OperationModel]:
    model = ServiceModel(create_loader().load_service_model(service, "service-2"), service)
    names = sorted(model.operation_names, key=lambda name: (not name.startswith("Create"), name))
    return [model.operation_model(name) for name in names if not name.startswith("Delete")]


@pytest.mark.parametrize("service", sorted(SERVED))
def test_every_call_leaves_a_state_that_can_be_kept(service: str, caplog: pytest.LogCaptureFixture) -> None:
    """One call of every operation with plausible members, twice: once to make things, once to find them."""

    async def scenario() -> None:
        up = Upstream()
        broken: list[str] = []
        for operation in operations(service) * 2:
            params = plausible(operation.input_shape) if operation.input_shape is not None else {}
            try:
                await up.call(service, operation.name, **params)
            except AwsError:
                pass
            except Exception as error:
                if type(error).__module__.startswith("botocore"):
                    continue  # a member that botocore does not write
                raise
            try:
                up.moto.dump()
            except Exception as error:
                broken.append(f"{operation.name}: {error!r}")
                break
        assert broken == []

    asyncio.run(scenario())
    assert [line for line in caplog.messages if "left out of the saved state" in line] == []


def test_a_stop_that_can_not_save_ends_and_keeps_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from harness.emulator.__main__ import _end
    from harness.emulator.edge.server import Edge

    async def stopped() -> int:
        world = build_world("manual", 3)
        edge = Edge(world)
        durability = Durability(world, tmp_path)
        await durability.start()
        await world.bus.call("kinesis", "CreateStream", {"StreamName": "kept", "ShardCount": 1}, Caller())
        monkeypatch.setattr(durability, "_parts", lambda: json.dumps(object()))
        return await _end(world, edge, durability)

    async def restarted() -> None:
        world = build_world("manual", 3)
        durability = Durability(world, tmp_path)
        await durability.start()
        assert (await world.bus.call("kinesis", "ListStreams", {}, Caller()))["StreamNames"] == ["kept"]
        durability.close()
        await world.stop()

    assert asyncio.run(stopped()) == 1
    said = capfd.readouterr().err
    assert said.startswith(f"No snapshot can be saved in {tmp_path}: TypeError: ")
    asyncio.run(restarted())
