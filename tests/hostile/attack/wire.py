"""A round of requests over the wire: most of them wrong, each answer judged."""

from __future__ import annotations

import contextlib
import random
import time
from typing import Any

from botocore.exceptions import BotoCoreError

from tests.hostile.attack.beginning import begin
from tests.hostile.attack.deployed import deployed_request
from tests.hostile.attack.judge import complaints, parsed, place
from tests.hostile.attack.message import Answer, Connection, Cut, NotAnswered, Request
from tests.hostile.attack.models import BEHIND, NATIVE, OTHER, operation_model, protocols, serialise, service_model
from tests.hostile.attack.mutate import mutate
from tests.hostile.attack.pool import Pool
from tests.hostile.attack.probe import STALL_SECONDS, Waits, probing
from tests.hostile.attack.process import Emulator, tracebacks
from tests.hostile.attack.run import Run
from tests.hostile.attack.state import check_state
from tests.hostile.attack.values import Values

REQUESTS = 2000
_HELD = 256_000_000
"""Bytes that a process may grow by beyond what it was sent."""


class Begun(Exception):
    """The valid requests at the beginning were not all answered; the text is the first answer."""


def play(run: Run) -> None:
    """Raises Begun."""
    state = run.folder / "state"
    emulator = Emulator(run.folder, run.emulator_seed, state=state, snapshots=run.folder / "snapshots")
    if not emulator.ready:
        run.found("death", "start", f"the emulator did not start: {emulator.said()}")
        return
    try:
        wire = Wire(run, emulator)
        wire.begin()
        with probing(emulator.port, emulator.pid) as waits:
            wire.attack(min(run.upto or REQUESTS, max(1, int(REQUESTS * run.scale))))
        wire.stalled(waits)
        if emulator.alive:
            check_state(run, emulator, wire.pool, state)
    finally:
        emulator.end()


class Wire:
    def __init__(self, run: Run, emulator: Emulator, pool: Pool | None = None) -> None:
        self.run = run
        self.emulator = emulator
        self.pool = pool or Pool()
        self._link = Connection(emulator.port)
        self._begun_rss = 0
        self._bytes = 0
        self._sent: list[tuple[float, float, int, str, str]] = []  # from, to, number, what, its bytes

    def begin(self) -> None:
        begin(self._valid, self.pool)
        self._begun_rss = self.emulator.rss()

    def _valid(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        request = serialise(service, operation, protocols(service)[0], params)
        answer = self._link.send(request, self._tick)
        if answer is None or answer.status >= 300:
            raise Begun(f"{service} {operation}: {answer}")
        return dict(parsed(request, answer))

    def attack(self, count: int) -> None:
        for number in range(count):
            request = self.request(number)
            self._bytes += len(request.body)
            self.send(number, request)
            if not self.emulator.alive:
                return
            if number % 100 == 99:
                self._weigh(number)

    def request(self, number: int) -> Request:
        """The round's n-th request; it follows from the seed, and from the answers to those before it."""
        rng = self.run.rng(number)
        first = self._some(rng)
        if first.service == "harness" or rng.random() < 0.12:
            return first
        return mutate(rng, first, self._some(rng))

    def _some(self, rng: random.Random) -> Request:
        kind = rng.random()
        if kind < 0.10:
            return deployed_request(rng, self.pool)
        service = rng.choice(NATIVE if kind < 0.60 else BEHIND if kind < 0.97 else OTHER)
        recorded = [each for each in self.pool.recorded if each[0] == service]
        while True:
            if recorded and rng.random() < 0.4:
                _, operation, params = rng.choice(recorded)
            else:
                operation = rng.choice(service_model(service).operation_names)
                params = Values(rng, self.pool).params(operation_model(service, operation).input_shape)
            with contextlib.suppress(BotoCoreError, ValueError, TypeError, AttributeError, KeyError, OverflowError):
                return serialise(service, operation, rng.choice(protocols(service)), params)

    def send(self, number: int, request: Request) -> None:
        run, where = self.run, f"{request.service} {request.operation}"
        run.report.sent[f"{request.service} {request.protocol}"] += 1
        sample = repr(request.raw()[:1200])
        began = time.monotonic()
        try:
            answer = self._link.send(request, self._tick)
        except (Cut, NotAnswered, ConnectionError) as problem:
            if not self.emulator.alive:
                code = self.emulator.process.returncode
                run.found("death", where, f"exit code {code}: {self.emulator.said()[-400:]}", at=number, sample=sample)
            elif isinstance(problem, NotAnswered):
                run.found("unanswered", where, str(problem), at=number, sample=sample)
            elif not request.torn:
                run.found("cut", where, str(problem), at=number, sample=sample)
            answer = None
        if (now := time.monotonic()) > began + STALL_SECONDS / 2:
            self._sent.append((began, now, number, where, sample))
        if answer is not None:
            self._judge(number, request, answer, sample)
        text = self.emulator.said()
        for at, end in tracebacks(text):
            run.found("traceback", at, f"{where}: …{end}", at=number, sample=sample)

    def stalled(self, waits: Waits) -> None:
        """Tell of the waits of the other caller, each by the request that was answered most slowly meanwhile."""
        report = self.run.report
        report.worst_stall = max(report.worst_stall, waits.worst)
        for began, seconds in waits.stalls:
            meanwhile = [each for each in self._sent if each[0] < began + seconds and each[1] > began]
            if meanwhile:
                start, end, number, where, sample = max(meanwhile, key=lambda each: each[1] - each[0])
                text = f"{seconds * 1000:.0f} ms, while the request took {(end - start) * 1000:.0f} ms"
                self.run.found("stall", where, text, at=number, sample=sample)
            else:
                self.run.found("stall", "between requests", f"{seconds * 1000:.0f} ms")

    def _judge(self, number: int, request: Request, answer: Answer, sample: str) -> None:
        self.run.report.answered[f"{answer.status // 100}xx"] += 1
        for kind, text in complaints(request, answer):
            self.run.found(kind, place(request, kind, text), text, at=number, sample=sample)
        if answer.status < 300 and not request.stray and request.protocol != "http":
            with contextlib.suppress(Exception):
                self.pool.learn(parsed(request, answer))

    def _tick(self) -> None:
        """Somebody waits for time to pass (a long poll)."""
        with contextlib.suppress(OSError):
            self.emulator.admin("POST", "clock/advance", {"seconds": 30}, seconds=10)

    def _weigh(self, number: int) -> None:
        rss = self.emulator.rss()
        self.run.report.peak_rss = max(self.run.report.peak_rss, rss)
        grown = rss - self._begun_rss
        if grown > _HELD + 2 * self._bytes:
            self.run.found("memory", "round", f"{grown / 1e6:.0f} MB after {self._bytes / 1e6:.1f} MB", at=number)
            self._begun_rss = rss
