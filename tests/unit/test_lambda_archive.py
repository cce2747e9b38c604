"""Deployment packages that can't be unpacked are refused when they arrive."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.errors import AwsError
from harness.emulator.services.lambda_.archive import check


def made(*names: str, content: bytes = b"x" * 100) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in names:
            package.writestr(name, content)
    return buffer.getvalue()


GOOD = made("index.py", "lib/a.py", "dir/", "a..b/c")


def bad_checksum() -> bytes:
    broken = bytearray(made("a.py", content=b"\x00\xff" * 5000))
    broken[broken.index(b"a.py") + 4 + 3] ^= 0x40
    return bytes(broken)


def encrypted() -> bytes:
    content = bytearray(GOOD)
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def overlapping() -> bytes:
    """Two entries of the directory name the same compressed stream."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("a", b"x" * 1000)
        package.filelist.append(package.filelist[0])
        package._didModify = True  # type: ignore[attr-defined]
    return buffer.getvalue()


def refused(archive: bytes) -> str:
    with pytest.raises(AwsError) as error:
        check(archive)
    assert error.value.code == "InvalidParameterValueException"
    return str(error.value.message)


def test_a_good_one() -> None:
    check(GOOD)


@pytest.mark.parametrize(
    "archive",
    [
        b"", b"PK", b"nonsense" * 100, GOOD[:-10], GOOD[10:], bad_checksum(), encrypted(), overlapping(),
        made("../out"), made("a/../../out"), made("/etc/x"), made("..\\out"),
    ],
)  # fmt: skip
def test_broken_ones(archive: bytes) -> None:
    assert refused(archive) == "Could not unzip uploaded file. Please check your file, then try to upload again."


def test_bombs() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package, package.open("zeros", "w") as file:
        for _ in range(251):
            file.write(bytes(1024 * 1024))
    assert len(buffer.getvalue()) < 1024 * 1024
    assert refused(buffer.getvalue()) == "Unzipped size must be smaller than 262144000 bytes"


def test_an_empty_one() -> None:
    assert refused(made()) == "Uploaded file must be a non-empty zip"


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 7))
def test_any_flipped_bit_is_harmless_or_refused(at: int, bit: int) -> None:
    content = bytearray(GOOD)
    content[at] ^= 1 << bit
    try:
        check(bytes(content))
    except AwsError as error:
        assert error.code == "InvalidParameterValueException"
