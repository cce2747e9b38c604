"""How HTTP/2's frames are cut and counted (RFC 9113, sections 4 and 6)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.edge.http2_frames import MAX_BLOCK, MAX_FRAME, PREFACE, Frame, FrameRefused, Frames

END_STREAM, END_HEADERS, PADDED = 0x1, 0x4, 0x8


def frame(kind: int, flags: int = 0, payload: bytes = b"", stream: int = 1) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def taken(frames: Frames) -> list[Frame]:
    found = []
    while (one := frames.take()) is not None:
        found.append(one)
    return found


def begun(*data: bytes) -> Frames:
    frames = Frames()
    frames.feed(PREFACE + b"".join(data))
    return frames


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 20))
def test_frames_come_whole_however_they_were_cut(payloads: list[bytes], size: int) -> None:
    wanted = [PREFACE, *(frame(0, 0, payload) for payload in payloads)]
    data = b"".join(wanted)
    frames, found = Frames(), []
    for start in range(0, len(data), size):
        frames.feed(data[start : start + size])
        found += [one.raw for one in taken(frames)]
    assert found == wanted
    assert not frames.is_unfinished


@pytest.mark.parametrize(
    ("raw", "nothing"),
    [
        (frame(0x0, 0, b"x"), False),
        (frame(0x0, 0), True),
        (frame(0x0, END_STREAM), False),
        (frame(0x0, PADDED, b"\x03\0\0\0"), True),
        (frame(0x0, PADDED, b"\x03x\0\0\0"), False),
        (frame(0x1, END_HEADERS, b"x"), False),
        (frame(0x2, 0, bytes(5)), True),
        (frame(0x3, 0, bytes(4)), True),
        (frame(0x4, 0, b"", 0), True),
        (frame(0x6, 0, bytes(8), 0), True),
        (frame(0x8, 0, bytes(4)), True),
        (frame(0xFA), True),
    ],
)
def test_what_carries_nothing(raw: bytes, nothing: bool) -> None:
    _, one = taken(begun(raw))
    assert one.carries_nothing == nothing


def test_a_block_of_headers_has_a_size_over_all_its_frames() -> None:
    part = bytes(MAX_FRAME)
    frames = begun(frame(0x1, 0, part), *[frame(0x9, 0, part)] * (MAX_BLOCK // MAX_FRAME - 1))
    taken(frames)
    assert frames.is_unfinished
    frames.feed(frame(0x9, 0, b"x"))
    with pytest.raises(FrameRefused) as refused:
        frames.take()
    assert refused.value.code == 0xB


def test_a_frame_is_refused_by_its_head() -> None:
    frames = begun((MAX_FRAME + 1).to_bytes(3, "big") + bytes(6))
    frames.take()
    with pytest.raises(FrameRefused) as refused:
        frames.take()
    assert refused.value.code == 0x6


def test_a_client_has_no_use_for_many_settings() -> None:
    frames = begun(frame(0x4, 0, bytes(6 * 32), 0), frame(0x4, 0, bytes(6 * 33), 0))
    frames.take()
    assert frames.take() is not None
    with pytest.raises(FrameRefused):
        frames.take()


def test_nothing_is_whole_while_a_block_is_open() -> None:
    frames = begun(frame(0x1, 0, b"a"))
    taken(frames)
    before = frames.whole
    frames.feed(frame(0x9, 0, b"b"))
    taken(frames)
    assert (frames.whole, frames.is_unfinished) == (before, True)
    frames.feed(frame(0x9, END_HEADERS, b"c"))
    taken(frames)
    assert (frames.whole, frames.is_unfinished) == (before + 1, False)


def test_another_preface_is_refused() -> None:
    frames = Frames()
    frames.feed(PREFACE[:-1] + b"!")
    with pytest.raises(FrameRefused):
        frames.take()


def test_the_library_is_loaded_by_the_first_connection_that_needs_it() -> None:
    """Starting stays quick."""
    program = (
        "import sys, harness.emulator.build, harness.emulator.edge.server\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('h2', 'hpack', 'hyperframe')])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "[]"
