"""The AWS SDK for JavaScript v3, which AWS's Node runtimes bring along (C15): installed by the host's npm, once per set
of packages, into the user's cache.

Only what a function's code (or a layer's) names and does not bring: `@aws-sdk/*` and `@smithy/*`. A set of packages is
one folder, `<cache>/<hash of the names>/node_modules`, complete as soon as it has that name. The cache is
`HARNESS_NODE_SDK`, else a folder of the user's caches.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from harness.emulator.private import private_environment

INSTALL_SECONDS = 120.0
"""Real seconds for one installation, and for the wait on another emulator's."""
RETRY_SECONDS = 60.0
"""Real seconds in which what could not be installed is not tried again."""

_NAMED = re.compile(
    rb"""\b(?:require\s{0,9}\(|from|import\s{0,9}\(?)\s{0,99}["'`](@(?:aws-sdk|smithy)/[a-z0-9][a-z0-9._-]{0,99})["'`/]"""
)
_CODE = (".js", ".mjs", ".cjs")
_SCOPES = ("@aws-sdk", "@smithy")
_LOCK_LOOK = 0.1  # real seconds between looks at another emulator's lock

log = logging.getLogger(__name__)


def cache() -> Path:
    """Where packages are kept. The state of a workspace would be removed with the workspace."""
    if own := os.environ.get("HARNESS_NODE_SDK"):
        return Path(own)
    caches = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return Path.home() / caches / "pipeline-harness" / "node-sdk"


def missing(folders: Iterable[Path]) -> frozenset[str]:
    """The SDK packages that the code in these folders names and none of their `node_modules` has. Reads files: for a
    thread. What stands in `node_modules` is not read: an installed package brings what it needs."""
    named: set[str] = set()
    brought: set[str] = set()
    for top in folders:
        for folder, inner, files in os.walk(top):
            if os.path.basename(folder) == "node_modules":
                brought.update(
                    f"{scope}/{name}" for scope in _SCOPES if scope in inner for name in os.listdir(f"{folder}/{scope}")
                )
                inner.clear()
                continue
            for name in files:
                if name.endswith(_CODE):
                    with suppress(OSError):
                        named.update(m.decode() for m in _NAMED.findall(Path(folder, name).read_bytes()))
    return frozenset(named - brought)


class NodeSdk:
    """Installs sets of packages. Starts that need the same set wait for one installation."""

    def __init__(self) -> None:
        self._running: dict[frozenset[str], asyncio.Task[Path | None]] = {}
        self._failed: dict[frozenset[str], float] = {}

    async def modules(self, names: frozenset[str]) -> Path | None:
        """The `node_modules` folder that has these packages; None if they can't be had, which the log has told."""
        if not names:
            return None
        try:
            folder = _folder(names)
        except RuntimeError:  # of pathlib
            log.warning(
                "Node functions get no AWS SDK: this user has no home folder; set HARNESS_NODE_SDK to a folder."
            )
            return None
        if _is_there(folder):
            return folder / "node_modules"
        task = self._running.get(names)
        if task is None:
            now = asyncio.get_running_loop().time()
            if now - self._failed.get(names, -RETRY_SECONDS) < RETRY_SECONDS:
                return None
            task = self._running[names] = asyncio.ensure_future(self._install(names, folder))
            task.add_done_callback(lambda _: self._running.pop(names, None))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """End what is being installed."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _install(self, names: frozenset[str], folder: Path) -> Path | None:
        said = ", ".join(sorted(names))
        try:
            async with asyncio.timeout(INSTALL_SECONDS):
                await _install_once(names, folder)
        except (OSError, _NotInstalled, TimeoutError) as error:
            why = str(error) or f"npm took longer than {INSTALL_SECONDS:.0f} s"
            log.warning(
                "The AWS SDK that Node functions have on AWS can't be installed (%s): %s; let npm reach its registry "
                "(its settings are read from ~/.npmrc) or package these modules with the function.", said, why
            )  # fmt: skip
            self._failed[names] = asyncio.get_running_loop().time()
            return None
        return folder / "node_modules"


class _NotInstalled(Exception):
    """The text says why."""


def _folder(names: frozenset[str]) -> Path:
    return cache() / hashlib.sha256(" ".join(sorted(names)).encode()).hexdigest()[:16]


async def _install_once(names: frozenset[str], folder: Path) -> None:
    """Unless another emulator does it at the same time: then wait for that one. Raises OSError, _NotInstalled."""
    npm = shutil.which("npm")
    if npm is None:
        raise _NotInstalled("npm is not on PATH")
    lock = await _lock(folder)
    try:
        if _is_there(folder):
            return
        log.info(
            "Installing what Node functions have on AWS with npm into %s, once: %s.", folder, ", ".join(sorted(names))
        )
        partial = _begin(folder)
        try:
            await _run(npm, names, partial, lock)
            os.rename(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    finally:
        os.close(lock)


async def _lock(folder: Path) -> int:
    """A descriptor that holds the lock of this set; another process's end can only be looked for."""
    lock = _open_lock(folder)
    try:
        while not _locked(lock):  # noqa: ASYNC110
            await asyncio.sleep(_LOCK_LOOK)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _open_lock(folder: Path) -> int:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(f"{folder}.lock", os.O_RDWR | os.O_CREAT, 0o600)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_there(folder: Path) -> bool:
    return folder.is_dir()


def _begin(folder: Path) -> Path:
    """An empty folder beside it, under the lock: what is there already was left by an emulator that was killed."""
    partial = Path(f"{folder}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    (partial / "package.json").write_text('{"private": true}\n')
    return partial


async def _run(npm: str, names: frozenset[str], folder: Path, lock: int) -> None:
    """npm in a folder of its own, so that no project's settings count, without scripts of packages. It inherits the
    lock, which then lasts as long as it runs, even if the emulator is killed."""
    wanted = [f"{name}@3" if name.startswith("@aws-sdk/") else name for name in sorted(names)]
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier"]
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000", "--loglevel=error"]
    process = await asyncio.create_subprocess_exec(
        npm, "install", *options, *patience, *wanted, cwd=folder, env=private_environment(os.environ),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        start_new_session=True, pass_fds=(lock,),
    )  # fmt: skip
    try:
        _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise _NotInstalled(_why(errors.decode(errors="replace")))


def _why(errors: str) -> str:
    """What npm says went wrong, in one line without its addresses' secrets."""
    lines = [line.removeprefix("npm error ").strip() for line in errors.splitlines() if line.startswith("npm error ")]
    told = [line for line in lines if line and not line.startswith(("A complete log", "errno", "syscall"))]
    text = " ".join(told[:2])[:200].rstrip(".") or "npm failed"
    return re.sub(r"//[^/@\s]*@", "//", text)
