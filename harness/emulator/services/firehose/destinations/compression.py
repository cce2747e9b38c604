"""The five compression formats of S3 objects, and the labels of all formats (A11).

The two Snappy formats need the extra pipeline-harness[snappy]; a destination that asks for one without it is refused.
"""

from __future__ import annotations

import gzip
import importlib.util
import io
import struct
import zipfile
from datetime import UTC, datetime

EXTENSION = {
    "UNCOMPRESSED": "",
    "GZIP": ".gz",
    "ZIP": ".zip",
    "Snappy": ".snappy",
    "HADOOP_SNAPPY": ".snappy",
    "ParquetSerDe": ".parquet",
    "OrcSerDe": ".orc",
}
CONTENT_ENCODING = {
    "GZIP": "gzip",
    "ZIP": "zip",
    "Snappy": "snappy-java",
    "HADOOP_SNAPPY": "hadoop-snappy",
    "ParquetSerDe": "hadoop-snappy",  # what AWS labels it with, although the file is plain Parquet
}

_XERIAL_HEADER = b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)
_XERIAL_BLOCK = 32 * 1024
_HADOOP_BLOCK = 256 * 1024


def available(form: str) -> bool:
    """Whether this format can be written here."""
    return form not in ("Snappy", "HADOOP_SNAPPY") or importlib.util.find_spec("snappy") is not None


def compress(form: str, body: bytes, now: float, entry_name: str) -> bytes:
    """`body` in that format. `now` (epoch seconds) goes into the headers, `entry_name` names the ZIP entry."""
    if form == "GZIP":
        return gzip.compress(body, 6, mtime=int(now))
    if form == "ZIP":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            stamp = datetime.fromtimestamp(now, UTC)
            info = zipfile.ZipInfo(entry_name, stamp.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, body)
        return out.getvalue()
    if form == "Snappy":
        return _XERIAL_HEADER + b"".join(_snappy_blocks(body, _XERIAL_BLOCK, False))
    if form == "HADOOP_SNAPPY":
        return b"".join(_snappy_blocks(body, _HADOOP_BLOCK, True))
    return body


def _snappy_blocks(body: bytes, size: int, with_raw_length: bool) -> list[bytes]:
    """Length-prefixed raw Snappy blocks; Hadoop's framing also gives each block's length before compression."""
    import snappy

    blocks: list[bytes] = []
    for start in range(0, len(body), size):
        raw = body[start : start + size]
        packed: bytes = snappy.compress(raw)
        if with_raw_length:
            blocks.append(struct.pack(">I", len(raw)))
        blocks.append(struct.pack(">I", len(packed)))
        blocks.append(packed)
    return blocks
