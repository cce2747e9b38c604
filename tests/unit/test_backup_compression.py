"""Every compression that Firehose writes is read; what is damaged is said (A11)."""

from __future__ import annotations

import gzip
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.backup import Unreadable, decompress
from harness.emulator.services.firehose.destinations.compression import CONTENT_ENCODING, EXTENSION, compress

FORMS = ["UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"]


@settings(deadline=None)
@given(st.sampled_from(FORMS), st.binary(max_size=2000), st.integers(1, 200))
def test_every_format_is_read_back(form: str, body: bytes, times: int) -> None:
    packed = compress(form, body * times, 1_700_000_000, "entry")
    assert decompress(packed, CONTENT_ENCODING.get(form, ""), f"a{EXTENSION[form]}") == body * times
    assert decompress(packed, CONTENT_ENCODING.get(form, ""), "a.dat") == body * times
    if body or form in ("GZIP", "ZIP"):
        assert decompress(packed, "", f"a{EXTENSION[form]}") == body * times


def test_compressed_records_in_an_uncompressed_backup_stay_as_they_are() -> None:
    """A10: what CloudWatch Logs sends is gzip itself, and a backup holds it as it was received."""
    assert decompress(gzip.compress(b"one", mtime=0), "", "stream-1-2026") == gzip.compress(b"one", mtime=0)


def test_a_file_extension_of_the_users_own_does_not_matter() -> None:
    """A11: FileExtension changes the name, never the body."""
    assert decompress(gzip.compress(b"one"), "gzip", "x.json") == b"one"
    assert decompress(b"plain", "", "x.gz") == b"plain"


@pytest.mark.parametrize("form", ["GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"])
@pytest.mark.parametrize("cut", [1, 5, 20])
def test_an_object_that_is_cut_short_is_unreadable(form: str, cut: int) -> None:
    packed = compress(form, bytes(range(256)) * 8, 1_700_000_000, "entry")
    with pytest.raises(Unreadable, match=r"a\.x is not"):
        decompress(packed[:-cut], CONTENT_ENCODING[form], "a.x")


def test_a_hadoop_block_may_have_several_chunks() -> None:
    """Hadoop's framing: the raw length of a block, then chunks until it is full; other writers cut smaller."""
    import snappy

    chunks = [snappy.compress(part) for part in (b"one", b"two")]
    packed = struct.pack(">I", 6) + b"".join(struct.pack(">I", len(chunk)) + chunk for chunk in chunks)
    assert decompress(packed * 2, "hadoop-snappy", "k") == b"onetwoonetwo"
    with pytest.raises(Unreadable, match="longer than its header says"):
        decompress(struct.pack(">I", 4) + packed[4:], "hadoop-snappy", "k")


def test_an_unknown_encoding_is_named() -> None:
    with pytest.raises(Unreadable, match="'br'"):
        decompress(b"x", "br", "k")
