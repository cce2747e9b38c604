"""The real AWS CLI, version 1 from PyPI or version 2 where the machine has it, and commands as documents write them."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Names a version 2 that is not the first `aws` on PATH.
VARIABLE = "HARNESS_AWS_CLI"
# Older ones have to be told the endpoint on the command line.
_READS_ENDPOINT_VARIABLE = {1: (1, 29), 2: (2, 13)}
_BINARY_FORMAT = ["--cli-binary-format", "raw-in-base64-out"]
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class AwsCli:
    """One installed CLI: how it is run, and its version (major, minor)."""

    command: tuple[str, ...]
    version: tuple[int, int]

    def run(self, url: str, arguments: Sequence[str], succeeds: bool = True) -> str:
        """Run it against the endpoint; returns what it printed, on stderr where it is to fail.

        Version 1 has no --cli-binary-format, whose value is what it always does: there the option is left out.
        """
        given = list(arguments)
        if self.version[0] == 1 and _BINARY_FORMAT[0] in given:
            place = given.index(_BINARY_FORMAT[0])
            assert given[place : place + 2] == _BINARY_FORMAT
            del given[place : place + 2]
        if self.version < _READS_ENDPOINT_VARIABLE[self.version[0]]:
            given += ["--endpoint-url", url]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        finished = subprocess.run(
            [*self.command, *given],
            env=environment
            | {
                "AWS_ENDPOINT_URL": url,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_PAGER": "",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
        assert (finished.returncode == 0) is succeeds, finished.stderr
        return finished.stdout if succeeds else finished.stderr


def version_1() -> AwsCli:
    """The one among the development dependencies."""
    script = Path(sys.executable).with_name("aws")
    assert script.is_file(), "awscli is one of the development dependencies"
    major, minor = importlib.metadata.version("awscli").split(".")[:2]
    return AwsCli((sys.executable, str(script)), (int(major), int(minor)))


@cache
def version_2() -> AwsCli | None:
    """The one that HARNESS_AWS_CLI names, else the one on PATH; None where neither is version 2."""
    command = shutil.which(os.environ.get(VARIABLE) or "aws")
    if command is None:
        return None
    said = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=_TIMEOUT_SECONDS)
    found = re.match(r"aws-cli/2\.(\d+)", said.stdout + said.stderr)
    return AwsCli((command,), (2, int(found[1]))) if found is not None else None


def powershell_commands(text: str) -> list[list[str]]:
    """The commands of a document's PowerShell block, each as its arguments after `aws`.

    A back-tick at the end of a line continues it. A word in quotes loses them; quotes inside a word reach the CLI,
    whose shorthand needs them around JSON (without them it refuses the word itself).
    """
    lines = text.replace("`\n", " ").splitlines()
    commands = [shlex.split(line, comments=True, posix=False) for line in lines]
    return [[_unquoted(word) for word in words[1:]] for words in commands if words]


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word
