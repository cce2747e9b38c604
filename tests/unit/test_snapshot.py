"""A snapshot is read by every version of its stored form; all else is refused, and the world stays as it is."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import pickle
from collections.abc import Callable

import pytest

from harness.emulator.build import build_world
from harness.emulator.call import Caller
from harness.emulator.snapshot import Snapshot
from harness.emulator.store import form
from harness.emulator.store.frames import FrameFile, beginning

SNAPSHOT = Snapshot(12.5, (3, (1, 2), None), b"store", b"", frozenset({"kinesis"}))


def other_head(content: bytes, **facts: object) -> bytes:
    """The snapshot with other facts in its head."""
    file = FrameFile(io.BytesIO(content), "it")
    assert file.facts is not None
    return beginning({**file.facts, **facts}) + content[file.end :]


@pytest.mark.parametrize("upstream", [None, b"", b"moto"])
@pytest.mark.parametrize("here", [None, frozenset[str](), frozenset({"kinesis", "lambda"})])
def test_it_comes_back(upstream: bytes | None, here: frozenset[str] | None) -> None:
    saved = Snapshot(1.0, SNAPSHOT.rng, b"store", upstream, here)
    assert Snapshot.unpacked(saved.packed()) == saved


def test_it_comes_back_in_another_version_of_the_same_form(monkeypatch: pytest.MonkeyPatch) -> None:
    content = SNAPSHOT.packed()
    monkeypatch.setattr(form, "VERSION", "99.0.0")
    assert Snapshot.unpacked(content) == SNAPSHOT


REFUSED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "another form": (
        lambda content: other_head(content, form=99, version="9.0.0"),
        "it has the stored form 99 of version 9.0.0, and version .* reads form .*; version 9.0.0 reads it",
    ),
    "another moto": (
        lambda content: other_head(content, moto="0.1"),
        "it was written with moto 0.1, and moto .* is installed here.*; pip install 'moto==0.1' reads it again",
    ),
    "before forms": (lambda content: pickle.dumps(content), "it was written before 0.1.0.*Nothing was changed"),
    "something else": (lambda content: b"something else", "it does not begin as it should"),
    "a journal": (lambda content: other_head(content, kind="journal"), "it is not a snapshot"),
    "nothing": (lambda content: b"", "it is not a snapshot"),
    "cut short": (lambda content: content[:-1], "it is cut short"),
    "a part less": (lambda content: content[:-16], "it is cut short"),
    "a class that is not here": (
        lambda content: dataclasses.replace(SNAPSHOT, here=None, store=b"cnowhere\nGone\n.").packed(),
        "it was written by other code: ModuleNotFoundError: No module named 'nowhere'",
    ),
    "damaged": (lambda content: content.replace(b"store", b"stone"), "it is damaged at byte "),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_can_not_be_read_changes_nothing(what: str) -> None:
    make, told = REFUSED[what]

    async def scenario() -> None:
        world = build_world("manual", 3)
        await world.start()
        caller = Caller(access_key="test")
        await world.bus.call("kinesis", "CreateStream", {"StreamName": "here", "ShardCount": 1}, caller)
        with pytest.raises(ValueError, match=told):
            await world.restore(make(SNAPSHOT.packed()))
        assert (await world.bus.call("kinesis", "ListStreams", {}, caller))["StreamNames"] == ["here"]
        await world.stop()

    asyncio.run(scenario())
