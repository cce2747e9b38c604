"""What Node functions find beside their own code: AWS's SDK, and NODE_PATH for ES modules (C11, C15)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.lambda_.conftest import archive

pytestmark = [
    pytest.mark.emulator_only,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
]

# Makes each package that it shall install, with one export: what was asked for.
NPM = """#!/bin/sh
for name in "$@"; do case "$name" in @*)
  folder=node_modules/${name%@3}; mkdir -p $folder
  echo "exports.asked = '$name'" > $folder/index.js;; esac; done
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for npm, and a cache of its own."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(NPM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HARNESS_NODE_SDK", str(tmp_path / "cache"))
    return program


@pytest.mark.usefixtures("npm")
def test_the_sdk_of_the_runtime(functions: Any) -> None:
    """C15: by `require` and by `import`; what the package brings wins, and nothing else is found."""
    sources = {
        "index.js": 'const s3 = require("@aws-sdk/client-s3"); exports.handler = async () => s3.asked',
        "index.mjs": 'import s3 from "@aws-sdk/client-s3"; export const handler = async () => s3.asked',
    }
    for file, source in sources.items():
        name = functions.make("", files={file: source}, Runtime="nodejs20.x")
        assert functions.invoke(name).json == "@aws-sdk/client-s3@3"
        brought = {file: source, "node_modules/@aws-sdk/client-s3/index.js": "exports.asked = 'mine'"}
        assert functions.invoke(functions.make("", files=brought, Runtime="nodejs20.x")).json == "mine"
    other = functions.make("", files={"index.mjs": 'import "not-there"'}, Runtime="nodejs20.x")
    assert functions.invoke(other).json["errorType"] == "Runtime.ImportModuleError"


def test_without_npm_it_is_not_there(functions: Any, npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """C15: the function fails as any with a missing module."""
    npm.unlink()
    node = npm.parent / "node"
    node.symlink_to(os.path.realpath(str(shutil.which("node"))))
    monkeypatch.setenv("PATH", str(npm.parent))
    name = functions.make("", files={"index.js": 'require("@aws-sdk/client-sqs")'}, Runtime="nodejs20.x")
    answer = functions.invoke(name).json
    assert (answer["errorType"], answer["errorMessage"]) == (
        "Runtime.ImportModuleError", "Error: Cannot find module '@aws-sdk/client-sqs'",
    )  # fmt: skip


def test_a_layer_s_modules_for_import(functions: Any) -> None:
    """C11: NODE_PATH counts for ES modules too."""
    layer = archive({"nodejs/node_modules/shared/index.js": "exports.name = 'shared'"})
    arn = functions.client.publish_layer_version(LayerName="esm", Content={"ZipFile": layer})["LayerVersionArn"]
    files = {
        "index.js": 'import { name } from "shared"; export const handler = async () => name',
        "package.json": '{"type": "module"}',
    }
    assert functions.invoke(functions.make("", files=files, Runtime="nodejs20.x", Layers=[arn])).json == "shared"
