"""Which interpreter runs a function, found once per runtime (C15)."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
import sys
from dataclasses import dataclass

AWS_LAMBDA_RIC = "awslambdaric"
PYTHON_LOOP = "python_loop"
NODE_LOOP = "node_loop"
BOOTSTRAP = "bootstrap"
"""No interpreter: the function brings a program of that name."""
ABSENT = "absent"
"""Nothing here runs functions of the runtime."""

_PYTHON = re.compile(r"python3\.(\d+)")
_NODE = re.compile(r"nodejs(\d+)\.x")
_PROVIDED = ("provided", "provided.al2", "provided.al2023")

MIN_PYTHON_MINOR = 8
"""The oldest Python that our own runtime loop runs on."""


@dataclass(slots=True, frozen=True)
class Interpreter:
    """`loop` is which runtime loop it runs; `fits`: it is what AWS would run."""

    executable: str
    loop: str
    fits: bool = True


class Interpreters:
    """Finds interpreters on PATH. `HARNESS_LAMBDA_RUNTIME=bootstrap` leaves awslambdaric aside."""

    def __init__(self) -> None:
        self._found: dict[str, Interpreter] = {}
        has_ric = all(importlib.util.find_spec(name) is not None for name in ("awslambdaric", "runtime_client"))
        self._use_ric = has_ric and os.environ.get("HARNESS_LAMBDA_RUNTIME") != "bootstrap"

    async def find(self, runtime: str) -> Interpreter:
        if runtime not in self._found:
            self._found[runtime] = await self._search(runtime)
        return self._found[runtime]

    async def _search(self, runtime: str) -> Interpreter:
        if runtime in _PROVIDED:
            return Interpreter(sys.executable, BOOTSTRAP)
        if (node := _NODE.fullmatch(runtime)) is not None:
            executable = shutil.which("node")
            major = await _node_major(executable) if executable is not None else None
            return Interpreter(executable or "", NODE_LOOP if major else ABSENT, fits=major == node[1])
        python = _PYTHON.fullmatch(runtime)
        if python is None or int(python[1]) < MIN_PYTHON_MINOR:
            return Interpreter("", ABSENT, fits=False)
        own = f"python3.{sys.version_info.minor}"
        own_loop = AWS_LAMBDA_RIC if self._use_ric else PYTHON_LOOP
        if runtime == own:
            return Interpreter(sys.executable, own_loop)
        executable = await _verified(runtime)
        if executable is not None:
            return Interpreter(executable, PYTHON_LOOP)
        return Interpreter(sys.executable, own_loop, fits=False)


async def _node_major(executable: str) -> str | None:
    """The major version of a node that starts."""
    output = await _output(executable, "--version")
    found = re.match(r"v(\d+)\.", output) if output is not None else None
    return found[1] if found is not None else None


async def _verified(name: str) -> str | None:
    """The real path of the interpreter of that name on PATH, if it starts and is what its name says."""
    path = shutil.which(name)
    if path is None:
        return None
    program = "import sys; print(sys.executable); print('python%d.%d' % sys.version_info[:2])"
    lines = (await _output(path, "-S", "-c", program) or "").splitlines()
    return lines[0] if len(lines) == 2 and lines[1] == name else None


async def succeeds(*command: str) -> bool:
    """Whether a program runs and ends with status 0."""
    return await _output(*command) is not None


async def _output(*command: str) -> str | None:
    """What a program prints; None for one that does not run, such as a shim for a version that is not installed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), 10)
    except (OSError, TimeoutError):
        return None
    return output.decode() if process.returncode == 0 else None
