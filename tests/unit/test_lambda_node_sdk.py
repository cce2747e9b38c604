"""What Node functions need of AWS's SDK, and that it is installed once (C15), with a stand-in for npm."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from harness.emulator.services.lambda_.execution import node_sdk
from harness.emulator.services.lambda_.execution.node_sdk import NodeSdk, missing

S3 = frozenset(("@aws-sdk/client-s3",))


class Npm:
    """A program called npm, first on PATH, that notes its arguments and does `then`."""

    def __init__(self, folder: Path, then: str) -> None:
        self._notes = folder / "notes"
        program = folder / "bin" / "npm"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$@" >> {self._notes}\nenv > {folder / "env"}\n{then}\n')
        program.chmod(0o755)
        self.path = f"{program.parent}:{os.environ['PATH']}"

    @property
    def calls(self) -> list[str]:
        return self._notes.read_text().splitlines() if self._notes.exists() else []


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("HARNESS_NODE_SDK", str(folder))
    return folder


@pytest.mark.parametrize("line", [
    'const s3 = require("@aws-sdk/client-s3");', "import { S3 } from '@aws-sdk/client-s3'",
    'import "@aws-sdk/client-s3/x"', 'import{S3}from"@aws-sdk/client-s3";', "await import(`@aws-sdk/client-s3`)",
])  # fmt: skip
def test_what_code_names(tmp_path: Path, line: str) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.mjs").write_text(line)
    assert missing([tmp_path]) == S3


def test_what_code_brings_or_only_mentions(tmp_path: Path) -> None:
    """A layer's packages count as well; code inside `node_modules` brings its own."""
    code, layer = tmp_path / "code", tmp_path / "layer"
    for folder in (
        code / "node_modules" / "other", code / "node_modules" / "@aws-sdk" / "client-s3",
        layer / "nodejs" / "node_modules" / "@smithy" / "types",
    ):  # fmt: skip
        folder.mkdir(parents=True)
    (code / "index.js").write_text(
        'require("@aws-sdk/client-s3"); require("@smithy/types"); require("@smithy/core/schema"); require("fs")\n'
        '// "@aws-sdk/client-sqs"; require("@aws-sdk/../x"); require("@aws-sdk/" + name)\n'
    )
    (code / "README.md").write_text('require("@aws-sdk/client-sns")')
    (code / "node_modules" / "other" / "index.js").write_text('require("@aws-sdk/client-sns")')
    assert missing([code, layer]) == {"@smithy/core"}


def test_it_is_installed_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by two emulators that start side by side; npm sees none of the host's variables and runs no scripts."""
    npm = Npm(tmp_path, "mkdir -p node_modules/@aws-sdk/client-s3")
    monkeypatch.setenv("PATH", npm.path)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-host")

    async def start() -> list[Path | None]:
        one, other = NodeSdk(), NodeSdk()
        assert await one.modules(frozenset()) is None
        return list(await asyncio.gather(one.modules(S3), one.modules(S3), other.modules(S3)))

    found = asyncio.run(start())
    assert len(npm.calls) == 1 and len(set(found)) == 1
    assert found[0] is not None and (found[0] / "@aws-sdk" / "client-s3").is_dir()
    assert npm.calls[0].startswith("install --ignore-scripts ") and npm.calls[0].endswith(" @aws-sdk/client-s3@3")
    assert "of-the-host" not in (tmp_path / "env").read_text()
    assert [path.suffix for path in sorted(cache.iterdir())] == ["", ".lock"]


@pytest.mark.parametrize(("then", "said"), [
    ("echo 'npm error code ENOTFOUND' >&2; echo 'npm error request to //u:p@h/x failed' >&2; exit 1",
     "code ENOTFOUND request to //h/x failed"),
    ("sleep 60", "npm took longer than 0 s"),
])  # fmt: skip
def test_it_can_not_be_installed(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, then: str, said: str
) -> None:
    """One sentence, nothing left, and not tried again at once."""
    monkeypatch.setenv("PATH", Npm(tmp_path, then).path)
    if "longer" in said:
        monkeypatch.setattr(node_sdk, "INSTALL_SECONDS", 0.3)

    async def start() -> None:
        sdk = NodeSdk()
        assert await sdk.modules(S3) is None
        assert await sdk.modules(S3) is None

    asyncio.run(start())
    (text,) = caplog.messages[-1:]
    assert len([one for one in caplog.records if one.levelno == logging.WARNING]) == 1
    assert said in text and "package these modules with the function" in text
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert asyncio.run(NodeSdk().modules(S3)) is None
    assert "npm is not on PATH" in caplog.text


def test_a_stop_ends_the_installation(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", Npm(tmp_path, "sleep 60").path)

    async def start() -> None:
        sdk = NodeSdk()
        waiting = asyncio.ensure_future(sdk.modules(S3))
        await asyncio.sleep(0)
        await sdk.stop()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(start())
    assert not any(path.suffix in ("", ".partial") for path in cache.glob("*"))
