"""An answer leaves when what it acknowledges is written, and not before (law 4)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from harness.emulator.build import build_world
from harness.emulator.call import HttpRequest
from harness.emulator.durability import Durability
from harness.emulator.edge.server import Edge
from harness.emulator.store import journal


def request(operation: str, **members: object) -> HttpRequest:
    headers = [
        ("host", "localhost"),
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", f"Kinesis_20131202.{operation}"),
        ("authorization", "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/kinesis/aws4_request, Signature=0"),
    ]
    return HttpRequest("POST", "/", headers, orjson.dumps(members))


def test_an_answer_is_written_before_it_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 0

    async def scenario() -> None:
        nonlocal size
        world = build_world("manual", 3)
        edge = Edge(world)
        durability = Durability(world, tmp_path)
        await durability.start()
        size = durability.folder.size
        # No turn of the event loop between the answer and the look: nothing else can have written it.
        assert (await edge.handle(request("CreateStream", StreamName="one", ShardCount=1))).status == 200
        assert durability.folder.size > size
        size = durability.folder.size
        assert (await edge.handle(request("ListStreams"))).status == 200
        assert durability.folder.size == size

        def full(handle: int, content: bytes) -> None:
            raise OSError(28, "No space left on device")

        put = request("PutRecord", StreamName="one", Data="eA==", PartitionKey="k")
        with monkeypatch.context() as patch:
            patch.setattr(journal, "write_all", full)
            assert (await edge.handle(put)).status == 500
        assert (await edge.handle(put)).status == 200
        durability.close()
        await world.stop()
        size = durability.folder.size

    asyncio.run(scenario())
    assert (tmp_path / "journal-0").stat().st_size == size


def test_a_moved_clock_is_written(tmp_path: Path) -> None:
    async def start() -> tuple[Durability, float]:
        world = build_world("manual", 3)
        durability = Durability(world, tmp_path)
        await durability.start()
        return durability, world.clock.now()

    async def scenario() -> None:
        durability, began = await start()
        edge = Edge(durability.world)
        advance = HttpRequest("POST", "/_harness/clock/advance", [("host", "localhost")], b'{"seconds": 3600}')
        assert (await edge.handle(advance)).status == 200
        durability.close()
        await durability.world.stop()
        again, now = await start()
        assert now == began + 3600
        again.close()
        await again.world.stop()

    asyncio.run(scenario())
