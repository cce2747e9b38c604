"""Which interpreter runs a function, found once per runtime."""

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

_PYTHON = re.compile(r"python3\.(\d+)")
_NODE = re.compile(r"nodejs\d+\.x")

MIN_PYTHON_MINOR = 8
"""The oldest Python that our own runtime loop runs on."""


@dataclass(slots=True, frozen=True)
class Interpreter:
    """`loop` is which runtime loop it runs; `warning` is a line for the function's log when versions differ."""

    executable: str
    loop: str
    warning: str | None = None


def is_supported(runtime: str) -> bool:
    """Whether functions of this runtime can run here at all."""
    python = _PYTHON.fullmatch(runtime)
    if python is not None:
        return int(python[1]) >= MIN_PYTHON_MINOR
    return _NODE.fullmatch(runtime) is not None and shutil.which("node") is not None


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
        if _NODE.fullmatch(runtime):
            return Interpreter(shutil.which("node") or "node", NODE_LOOP)
        own = f"python3.{sys.version_info.minor}"
        own_loop = AWS_LAMBDA_RIC if self._use_ric else PYTHON_LOOP
        if runtime == own:
            return Interpreter(sys.executable, own_loop)
        executable = await _verified(runtime)
        if executable is not None:
            return Interpreter(executable, PYTHON_LOOP)
        warning = f"[WARN]\t{runtime} was not found on PATH: this function runs on {own}, the emulator's own Python.\n"
        return Interpreter(sys.executable, own_loop, warning)


async def _verified(name: str) -> str | None:
    """The real path of the interpreter of that name on PATH, if it starts and is what its name says."""
    path = shutil.which(name)
    if path is None:
        return None
    program = "import sys; print(sys.executable); print('python%d.%d' % sys.version_info[:2])"
    try:
        process = await asyncio.create_subprocess_exec(
            path, "-S", "-c", program, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), 10)
    except (OSError, TimeoutError):
        return None
    lines = output.decode().splitlines()
    return lines[0] if process.returncode == 0 and len(lines) == 2 and lines[1] == name else None
