"""Starts and stops what is compared: our emulator, moto_server and ministack, each in a process of its own."""

from __future__ import annotations

import compileall
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from bench.client import Raw

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".harness" / "bench-peers"


def peers_python() -> Path:
    """The interpreter of the peers' own environment, made on first use from bench/requirements.txt."""
    python = PEERS / "bin" / "python"
    stamp = PEERS / "requirements.txt"
    wanted = (ROOT / "bench" / "requirements.txt").read_text()
    if not python.exists() or not stamp.exists() or stamp.read_text() != wanted:
        print("installing the peers into .harness/bench-peers …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        command = [str(python), "-m", "pip", "install", "-q", "-r", str(ROOT / "bench" / "requirements.txt")]
        subprocess.run(command, check=True)
        stamp.write_text(wanted)
    return python


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Contender:
    """A server under measurement."""

    name: str
    command: Callable[[int], list[str]]
    account: str = "000000000000"
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start the process; returns the moment of the start (perf_counter). Does not wait."""
        self.port = free_port()
        environment = {**os.environ, **self.environment, "GATEWAY_PORT": str(self.port)}
        environment["LOCALSTACK_VOLUME_DIR"] = mkdtemp()
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            self.command(self.port),
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return begun

    def wait(self, bound: float = 60.0) -> None:
        """Until the port answers."""
        until = time.perf_counter() + bound
        while time.perf_counter() < until:
            try:
                Raw(self.port).close()
                return
            except OSError:
                time.sleep(0.002)
        raise TimeoutError(f"{self.name} did not listen within {bound} s")

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None

    def __enter__(self) -> Contender:
        self.start()
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- cost of the process and all its descendants (Linux) ---------------------------------------------------

    def cpu_seconds(self) -> float:
        ticks = os.sysconf("SC_CLK_TCK")
        return sum(_cpu_ticks(pid) for pid in self._tree()) / ticks

    def memory_mb(self) -> float:
        return sum(_rss_kb(pid) for pid in self._tree()) / 1024

    def _tree(self) -> list[int]:
        assert self.process is not None
        children: dict[int, list[int]] = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    stat = Path(f"/proc/{entry}/stat").read_text()
                except OSError:
                    continue
                children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
        tree, pending = [], [self.process.pid]
        while pending:
            pid = pending.pop()
            tree.append(pid)
            pending += children.get(pid, [])
        return tree


def _cpu_ticks(pid: int) -> int:
    """User and system time, those of ended and waited-for children included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15])


def _rss_kb(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def ours() -> Contender:
    # pip compiled the peers when it installed them; with PYTHONDONTWRITEBYTECODE nothing else compiles a checkout.
    compileall.compile_dir(ROOT / "harness", quiet=1)
    return Contender("pipeline-harness", lambda port: [sys.executable, "-m", "harness.emulator", "--port", str(port)])


def moto() -> Contender:
    python = peers_python()
    return Contender(
        "moto_server",
        lambda port: [str(python.parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        account="123456789012",
    )


def ministack() -> Contender:
    python = peers_python()
    return Contender(
        "ministack",
        lambda _: [str(python), "-m", "ministack"],
        environment={"BIND_HOST": "127.0.0.1", "LOG_LEVEL": "ERROR"},
    )
