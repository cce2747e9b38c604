"""Reading the compression formats that Firehose writes (A11)."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_XERIAL = b"\x82SNAPPY\x00"
_PARQUET = b"PAR1"
_ORC = b"ORC"
_XERIAL_HEADER_BYTES = 16


class Unreadable(Exception):
    """The content is not what its headers or its key say. The text is one sentence."""


def columns_of(content: bytes) -> str:
    """`parquet` or `orc` for a converted object, else "". Firehose labels Parquet `hadoop-snappy` though it is plain
    (A11)."""
    if content.startswith(_PARQUET) and content.endswith(_PARQUET):
        return "parquet"
    # The last byte of an ORC file is the length of what ends in the magic word.
    return "orc" if content.startswith(_ORC) and content[-4:-1] == _ORC else ""


def decompress(content: bytes, encoding: str, key: str) -> bytes:
    """The bytes as they were before compression.

    `encoding` is the object's Content-Encoding ("" for none). Without one the key's extension counts, if the content
    agrees: an uncompressed backup may hold records that are themselves compressed. Raises Unreadable.
    """
    form = _declared(encoding.strip().lower()) or _from_key(content, key)
    try:
        if form == "gzip":
            return _gunzip(content)
        if form == "zip":
            return _unzip(content)
        if form == "snappy":
            return _unsnap(content) if content.startswith(_XERIAL) else _unsnap_hadoop(content)
    except (zlib.error, zipfile.BadZipFile, struct.error, ValueError) as error:
        raise Unreadable(f"{key} is not {form}: {error}") from error
    return content


def _declared(encoding: str) -> str:
    if encoding in ("", "identity", "aws-chunked"):
        return ""
    forms = {"gzip": "gzip", "zip": "zip", "snappy-java": "snappy", "snappy": "snappy", "hadoop-snappy": "snappy"}
    if encoding not in forms:
        raise Unreadable(f"content encoding {encoding!r} is not known here")
    return forms[encoding]


def _from_key(content: bytes, key: str) -> str:
    if key.endswith(".gz") and content.startswith(_GZIP):
        return "gzip"
    if key.endswith(".zip") and content.startswith(_ZIP):
        return "zip"
    return "snappy" if key.endswith((".snappy", ".hsnappy")) else ""


def _gunzip(content: bytes) -> bytes:
    """All members of a gzip stream: concatenated objects stay readable."""
    whole: list[bytes] = []
    while content:
        inflate = zlib.decompressobj(wbits=31)
        whole.append(inflate.decompress(content))
        if not inflate.eof:
            raise ValueError("the stream is cut short")
        content = inflate.unused_data
    return b"".join(whole)


def _unzip(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def _unsnap(content: bytes) -> bytes:
    """xerial framing: a header of 16 bytes, then blocks with their compressed length."""
    position = _XERIAL_HEADER_BYTES
    blocks: list[bytes] = []
    while position < len(content):
        (size,) = struct.unpack_from(">I", content, position)
        position += 4
        blocks.append(_block(content[position : position + size], size))
        position += size
    return b"".join(blocks)


def _unsnap_hadoop(content: bytes) -> bytes:
    """Hadoop framing: the raw length of a block, then compressed chunks with their length until the block is full."""
    position = 0
    blocks: list[bytes] = []
    while position < len(content):
        (missing,) = struct.unpack_from(">I", content, position)
        position += 4
        while missing > 0:
            (size,) = struct.unpack_from(">I", content, position)
            position += 4
            chunk = _block(content[position : position + size], size)
            position += size
            missing -= len(chunk)
            blocks.append(chunk)
        if missing:
            raise ValueError("a block is longer than its header says")
    return b"".join(blocks)


def _block(packed: bytes, size: int) -> bytes:
    if len(packed) != size or not size:
        raise ValueError("a block is cut short")
    try:
        import snappy
    except ImportError:
        raise ValueError("reading it needs the package python-snappy") from None
    try:
        raw: bytes = snappy.decompress(packed)
    except Exception as error:  # the package's own error type differs between its versions
        raise ValueError(str(error)) from error
    return raw
