"""A delivery stream's jq query may be anything: the emulator lives on, and only that query's records fail (A13)."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from harness.emulator.services.firehose.partitioning.jq_process import TOO_MUCH, JqProcess

# Endless, or without bound in memory or depth.
HOSTILE = {
    "doubling": '{c: (reduce range(60) as $i ("aaaa"; . + .))}',
    "doubling by repeat": '{c: ([limit(60; "aaaa" | recurse(. + .))] | last)}',
    "endless": "{c: last(repeat(1))}",
    "endless range": "{c: [range(1e12)]}",
    "endless recursion": "def f: 1 + f; {c: f}",
    "endless tail call": "def f: f; {c: f}",
    "deep": "{c: (reduce range(1000000) as $i (1; [.]) | tojson)}",
    "large": '{c: ("x" * 100000000)}',
}


def during(work: Callable[[JqProcess], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        jq = JqProcess()
        try:
            return await work(jq)
        finally:
            await jq.close()

    return asyncio.run(run())


def environment_of(pid: int) -> bytes:
    """What Linux shows of a process's environment; nothing elsewhere."""
    shown = Path(f"/proc/{pid}/environ")
    return shown.read_bytes() if shown.exists() else b""


@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE)
def test_the_record_fails_and_others_get_their_keys(query: str) -> None:
    async def work(jq: JqProcess) -> None:
        (found,) = await jq.keys(query, [b"{}"])
        assert isinstance(found, str)
        assert await jq.keys("{c: .a}", [b'{"a": "x"}', b'{"a": 1}']) == [{"c": "x"}, {"c": "1"}]

    during(work)


def test_nobody_waits_for_an_endless_query() -> None:
    """Turns of the event loop while the child works: none takes as long as the query."""

    async def work(jq: JqProcess) -> float:
        await jq.keys("{c: .a}", [b"{}"])
        working = asyncio.ensure_future(jq.keys(HOSTILE["endless"], [b"{}"]))
        worst = 0.0
        while not working.done():
            began = time.thread_time()
            await asyncio.sleep(0)
            worst = max(worst, time.thread_time() - began)
        assert working.result() == [TOO_MUCH]
        return worst

    assert during(work) < 0.25


def test_one_bad_record_is_named_and_the_others_go_on() -> None:
    query = "{c: (if .bad then last(repeat(1)) else .a end)}"
    records = [b'{"a":"1"}', b'{"bad":true}', b'{"a":"3"}']
    assert during(lambda jq: jq.keys(query, records)) == [{"c": "1"}, TOO_MUCH, {"c": "3"}]


def test_a_batch_of_bad_records_ends_after_a_few() -> None:
    began = os.times().children_user
    found = during(lambda jq: jq.keys(HOSTILE["endless"], [b"{}"] * 500))
    assert found == [TOO_MUCH] * 500
    assert os.times().children_user - began < 10


def test_the_child_knows_nothing_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-host")

    async def work(jq: JqProcess) -> None:
        assert await jq.keys("{c: env, d: $ENV}", [b"{}"]) == [{"c": {}, "d": {}}]
        child = jq._child
        assert child is not None
        assert environment_of(child.pid) == b""

    during(work)


def test_a_killed_child_is_replaced() -> None:
    async def work(jq: JqProcess) -> None:
        await jq.keys("{c: 1}", [b"{}"])
        assert jq._child is not None
        jq._child.kill()
        await jq._child.wait()
        assert await jq.keys("{c: 1}", [b"{}"]) == [{"c": "1"}]

    during(work)
