"""The state folder under attack: big bodies, a full disk, a folder that is removed while the emulator runs."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.clients import local_session
from harness.emulator.build import build_world
from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.durability import Durability
from harness.emulator.edge.server import Edge
from harness.emulator.store import journal
from harness.emulator.store.frames import write_all

BOUND = 60.0
BIG = bytes(range(256)) * 4 * 1024 * 6  # 6 MiB: above what moto holds in memory
SCOPE = "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


class Run:
    """A world in a state folder, called as clients call it."""

    def __init__(self, path: Path) -> None:
        self.world = build_world("manual", 3)
        self.edge = Edge(self.world)
        self.durability = Durability(self.world, path)

    async def s3(self, method: str, target: str, body: bytes = b"") -> HttpResponse:
        headers = [("host", "localhost"), ("authorization", SCOPE.format("s3"))]
        return await self.edge.handle(HttpRequest(method, target, headers, body))

    async def kinesis(self, operation: str, **members: object) -> HttpResponse:
        headers = [
            ("host", "localhost"),
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", f"Kinesis_20131202.{operation}"),
            ("authorization", SCOPE.format("kinesis")),
        ]
        return await self.edge.handle(HttpRequest("POST", "/", headers, orjson.dumps(members)))

    async def streams(self) -> list[str]:
        names: list[str] = orjson.loads((await self.kinesis("ListStreams")).body)["StreamNames"]
        return names

    async def create(self, name: str) -> HttpResponse:
        return await self.kinesis("CreateStream", StreamName=name, ShardCount=1)


def during(path: Path, scenario: Callable[[Run], Awaitable[None]]) -> None:
    """Run the scenario; then end without a word, as `kill -9` would."""

    async def work() -> None:
        run = Run(path)
        await run.durability.start()
        try:
            await scenario(run)
        finally:
            run.durability.close()
            await run.world.stop()

    asyncio.run(work())


async def snapshot_written(run: Run) -> None:
    run.durability._begin_snapshot()
    task = run.durability._snapshot
    assert task is not None
    await asyncio.wait_for(task, BOUND)


def test_a_background_snapshot_holds_big_objects(tmp_path: Path) -> None:
    async def write(run: Run) -> None:
        await run.s3("PUT", "/bucket")
        await run.s3("PUT", "/bucket/big", BIG)
        await run.s3("PUT", "/bucket/small", b"small")
        await snapshot_written(run)
        assert sorted(os.listdir(tmp_path)) == ["journal-1", "lock", "reserve", "world.snapshot"]

    async def read(run: Run) -> None:
        assert hashlib.sha256((await run.s3("GET", "/bucket/big")).body).digest() == hashlib.sha256(BIG).digest()
        assert (await run.s3("GET", "/bucket/small")).body == b"small"

    during(tmp_path, write)
    during(tmp_path, read)


def test_a_snapshots_process_does_not_move_what_this_one_reads(tmp_path: Path) -> None:
    """The offset of a body's file is shared: this process reads a part, the copy reads all, this one reads on."""

    async def scenario(run: Run) -> None:
        await run.s3("PUT", "/bucket")
        await run.s3("PUT", "/bucket/big", BIG)
        from harness.emulator.upstream.loading import backends

        moto = run.world.upstream
        with moto.state.entered():  # type: ignore[union-attr]
            body = backends("s3")["000000000000"]["aws"].buckets["bucket"].keys["big"]._value_buffer
        handle = body.fileno()
        os.lseek(handle, 1000, os.SEEK_SET)
        await snapshot_written(run)
        assert run.durability.folder.snapshot_size > len(BIG)
        assert os.lseek(handle, 0, os.SEEK_CUR) == 1000

    during(tmp_path, scenario)


class Disk:
    """A disk that is full from some moment on, except for the room that the reserve gives back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
        self.full = False
        self.room = 0
        self.path = path
        self._write, self._reserve = write_all, os.posix_fallocate
        self._truncate = os.truncate
        monkeypatch.setattr(journal, "write_all", self.write)
        monkeypatch.setattr(os, "posix_fallocate", self.reserve)
        monkeypatch.setattr(os, "truncate", self.truncate)

    def write(self, handle: int, content: bytes) -> None:
        if self.full and len(content) > self.room:
            os.write(handle, content[:7])  # the part that fits
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(content) if self.full else 0
        self._write(handle, content)

    def reserve(self, handle: int, start: int, length: int) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._reserve(handle, start, length)

    def truncate(self, path: Path, length: int) -> None:
        self.room += os.stat(path).st_size
        self._truncate(path, length)


@pytest.mark.parametrize("reserve", [True, False])
def test_with_a_full_disk_reads_answer_and_refused_writes_never_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reserve: bool
) -> None:
    disk = Disk(monkeypatch, tmp_path)
    if not reserve:
        monkeypatch.setattr(journal, "RESERVE_BYTES", 1)
    found: list[str] = []

    async def scenario(run: Run) -> None:
        assert (await run.create("before")).status == 200
        assert (await run.s3("PUT", "/bucket")).status == 200
        disk.full = True
        # The first one has run when the disk turns out to be full: the reserve takes it, or its outcome is not known.
        assert (await run.create("first")).status == (200 if reserve else 500)
        refused = await run.create("second")
        assert refused.status == 500
        said = orjson.loads(refused.body)
        assert said["__type"] == "InternalFailure"
        assert said["message"] == (
            f"The state can't be written in {tmp_path}: No space left on device. Writes are refused until it can."
        )
        put = await run.s3("PUT", "/bucket/key", b"x")
        assert (put.status, b"<Code>InternalError</Code>" in put.body) == (500, True)
        assert await run.streams() == ["before", "first"]
        assert (await run.s3("GET", "/bucket/key")).status == 404
        assert (await run.s3("GET", "/bucket")).status == 200
        health = HttpRequest("GET", "/_harness/health", [("host", "localhost")], b"")
        assert (await run.edge.handle(health)).status == 200
        advance = HttpRequest("POST", "/_harness/clock/advance", [("host", "localhost")], b'{"seconds": 1}')
        assert (await run.edge.handle(advance)).status == 500 or disk.room > 0
        disk.full = False
        assert (await run.create("after")).status == 200
        found.extend(await run.streams())

    async def restarted(run: Run) -> None:
        assert await run.streams() == found == ["after", "before", "first"]
        assert (await run.s3("GET", "/bucket/key")).status == 404

    with caplog.at_level(logging.INFO):
        during(tmp_path, scenario)
    assert [record.levelname for record in caplog.records if "can't be written" in record.message] == ["ERROR"]
    assert not any(record.exc_info for record in caplog.records)
    during(tmp_path, restarted)


def test_a_request_without_room_is_refused_before_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(run: Run) -> None:
        await run.s3("PUT", "/bucket")
        monkeypatch.setattr(run.durability.folder, "has_room", lambda size: size < 1024)
        assert (await run.s3("PUT", "/bucket/big", BIG)).status == 500
        monkeypatch.undo()
        assert (await run.s3("GET", "/bucket/big")).status == 404

    during(tmp_path, scenario)


@pytest.mark.parametrize("what", ["journal", "folder", "moved"])
def test_what_was_removed_under_the_emulator_is_written_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    state = tmp_path / "state"

    async def scenario(run: Run) -> None:
        await run.create("before")
        await run.s3("PUT", "/bucket")
        await run.s3("PUT", "/bucket/key", b"kept")
        if what == "journal":
            (state / "journal-0").unlink()
        elif what == "folder":
            shutil.rmtree(state)
        else:
            state.rename(tmp_path / "elsewhere")
        assert (await run.create("after")).status == 200
        assert (await run.create("later")).status == 200

    async def restarted(run: Run) -> None:
        assert await run.streams() == ["after", "before", "later"]
        assert (await run.s3("GET", "/bucket/key")).body == b"kept"

    during(state, scenario)
    assert "journal-0 was removed from" in caplog.text
    assert (state.stat().st_mode & 0o777, (state / "world.snapshot").stat().st_mode & 0o777) == (0o700, 0o600)
    during(state, restarted)


def test_a_state_that_somebody_put_in_the_place_is_not_overwritten(tmp_path: Path) -> None:
    state = tmp_path / "state"

    async def other(run: Run) -> None:
        await run.create("other")

    async def scenario(run: Run) -> None:
        await run.create("mine")
        state.rename(tmp_path / "elsewhere")
        shutil.copytree(tmp_path / "other", state)
        refused = await run.create("refused")
        assert refused.status == 500
        assert "another state was put in its place" in orjson.loads(refused.body)["message"]
        assert await run.streams() == ["mine", "refused"]
        shutil.rmtree(state)
        (tmp_path / "elsewhere").rename(state)
        assert (await run.create("after")).status == 200

    async def restarted(run: Run) -> None:
        assert "mine" in await run.streams()

    during(tmp_path / "other", other)
    during(state, scenario)
    during(state, restarted)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process")
def test_an_emulator_whose_journal_can_not_grow(tmp_path: Path) -> None:
    """A real process and a real limit: reads answer, writes are refused until the limit is gone, and stay refused."""
    state = tmp_path / "state"
    command = [
        sys.executable,
        "-P",
        "-m",
        "harness.emulator",
        "--port",
        "0",
        "--clock",
        "manual",
        "--state-dir",
        str(state),
    ]

    def start() -> tuple[subprocess.Popen[str], Any]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        url = process.stdout.readline().split()[1]
        return process, local_session("us-east-1").client(
            "sqs", endpoint_url=url, config=Config(retries={"total_max_attempts": 1, "mode": "standard"})
        )

    process, sqs = start()
    try:
        sqs.create_queue(QueueName="before")
        size = (state / "journal-0").stat().st_size
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size + 10, resource.RLIM_INFINITY))
        refused = 0
        for number in range(3):
            with pytest.raises(ClientError) as failure:
                sqs.create_queue(QueueName=f"refused-{number}")
            assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
            refused += "Writes are refused until it can." in failure.value.response["Error"]["Message"]
        assert refused == 3
        assert any(url.endswith("/before") for url in sqs.list_queues()["QueueUrls"])
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        sqs.create_queue(QueueName="after")
        process.kill()
        process.wait(BOUND)
        if process.stdout is not None:
            process.stdout.close()
        process, sqs = start()
        names = {url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]}
        # The first one had run when the limit was met: no one can say (docs/architecture.md). The others never ran.
        assert names - {"refused-0"} == {"before", "after"}
    finally:
        process.kill()
        process.wait(BOUND)
        if process.stdout is not None:
            process.stdout.close()
