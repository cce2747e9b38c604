"""Whether a deployment package can be unpacked: read once, in full, before it is kept."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib

from harness.emulator.services.lambda_ import names

MAX_UNZIPPED_BYTES = 262_144_000
_PIECE = 1024 * 1024
_HEADER = 30
"""Bytes of an entry's own header, at least."""
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, IndexError,
    NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip


class _Broken(ValueError):
    pass


def check(archive: bytes) -> int:
    """Bytes of its files. Raises InvalidParameterValueException. It reads every byte: no work for the event loop."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as package:
            members = package.infolist()
            declared = sum(member.file_size for member in members)
            if declared < MAX_UNZIPPED_BYTES:
                _read(package, members)
    except _BROKEN as error:
        raise names.invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from error
    if declared >= MAX_UNZIPPED_BYTES:
        raise names.invalid(f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes")
    if not members:
        raise names.invalid("Uploaded file must be a non-empty zip")
    return declared


def _read(package: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Raises _Broken, and what zipfile raises for a wrong checksum or an unknown compression."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise _Broken("entries overlap")  # one compressed stream would stand for many files
        end = member.header_offset + _HEADER + member.compress_size
        if member.flag_bits & _ENCRYPTED:
            raise _Broken("an entry is encrypted")
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/"):
            raise _Broken("an entry's name points outside")
    for member in members:
        with package.open(member) as file:
            while file.read(_PIECE):
                pass
