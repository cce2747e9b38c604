"""One execution environment: a process, its log stream, and one invocation at a time.

The process asks for work over the Runtime API (`next_event`, `respond`, `init_failed` are that API's side of it); the
pool gives it work with `run`. Time here is real: a Lambda's work is real work.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import orjson

from harness.emulator.clock import Clock
from harness.emulator.services.lambda_.execution import memory
from harness.emulator.services.lambda_.execution.log_writer import LogStream
from harness.emulator.services.lambda_.execution.outcome import (
    MAX_RESPONSE,
    Invocation,
    Outcome,
    exited,
    failure,
    timed_out,
    too_large,
)
from harness.emulator.services.lambda_.execution.output import Output
from harness.emulator.services.lambda_.execution.platform_log import PlatformLog
from harness.emulator.services.lambda_.execution.stream import MAX_STREAMED

_PIPE_READ = 1 << 18
_END_GRACE = 1.0  # seconds between SIGTERM and SIGKILL for an idle process
_MEMORY_WATCH = 0.05  # seconds between looks at a running function's memory


class InitFailed(Exception):
    """The process did not get as far as asking for an event: the runtime said why (`outcome`), or the process ended
    (`code`), or it took too long (neither)."""

    def __init__(self, outcome: Outcome | None = None, code: int | None = None) -> None:
        super().__init__("init failed")
        self.outcome = outcome
        self.code = code

    def outcome_for(self, invocation: Invocation) -> Outcome:
        """What the caller of `invocation` gets."""
        if self.outcome is not None:
            return self.outcome
        return timed_out(invocation) if self.code is None else exited(invocation.request_id, self.code)


class Worker(asyncio.SubprocessProtocol):
    """A process of one function version. `idle` is called when it has asked for an event, `gone` when it has ended."""

    def __init__(
        self,
        worker_id: str,
        clock: Clock,
        stream: LogStream,
        report: PlatformLog,
        memory_mb: int,
        gone: Callable[[Worker], None],
    ) -> None:
        self.id = worker_id
        self.report = report
        self.idle_since = 0.0
        self.pid = 0
        self.ended = False
        self.closing = False
        self._clock = clock
        self._stream = stream
        self._memory_limit = memory_mb << 20
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.SubprocessTransport | None = None
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._exited: asyncio.Future[int] = self._loop.create_future()
        self._parked: asyncio.Future[Invocation | None] | None = None
        self._current: Invocation | None = None
        self._killed_for: Outcome | None = None
        self._held = False
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._output = Output()
        self._pipe = -1
        self._guard = -1
        self._started = 0.0
        self._began = 0.0
        self._init_ms: float | None = None
        self._peak = 0

    # -- life -------------------------------------------------------------------------------------------------

    async def start(self, arguments: list[str], variables: dict[str, str], folder: Path, limit: float) -> None:
        """Start the process and wait until it asks for its first event, `limit` real seconds at most.

        Raises InitFailed.
        """
        self._started = time.perf_counter()
        self._write(self.report.init_start())
        guard_end, self._guard = os.pipe()
        self._pipe, output_end = os.pipe()
        try:
            os.set_blocking(self._pipe, False)
            self._loop.add_reader(self._pipe, self._read_output)
            await self._loop.subprocess_exec(
                lambda: self, *arguments, stdin=guard_end, stdout=output_end, stderr=output_end, env=variables,
                cwd=folder, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self._end_pipes()
            self._gone(self)
            raise InitFailed(failure("Runtime.InvalidEntrypoint", str(error))) from error
        except asyncio.CancelledError:
            self._ready.cancel()
            if self._transport is None:
                self._end_pipes()
                self._gone(self)
            self.kill()
            raise
        finally:
            os.close(guard_end)
            os.close(output_end)
        try:
            await asyncio.wait_for(asyncio.shield(self._ready), limit)
        except TimeoutError:
            self._ready.cancel()
            self._read_output()
            self._init_done(Outcome(b"", "Unhandled", "timeout", "Sandbox.Timedout"))
            self.kill()
            raise InitFailed from None
        except asyncio.CancelledError:
            self._ready.cancel()
            self.kill()
            raise

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The process runs; it may have ended before the call that started it returns."""
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()
        if self.ended:
            self.kill()

    def _end_pipes(self) -> None:
        self._loop.remove_reader(self._pipe)
        os.close(self._pipe)
        os.close(self._guard)
        self.ended = True

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Signal the whole process group."""
        if self.pid and not self._exited.done():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, how)

    def end(self) -> None:
        """End a process that has no work."""
        self.closing = True
        self.kill(signal.SIGTERM)
        self._loop.call_later(_END_GRACE, self.kill)

    async def wait_ended(self) -> None:
        await asyncio.shield(self._exited)

    def process_exited(self) -> None:
        assert self._transport is not None
        code = self._transport.get_returncode()
        self._transport.close()
        code = 0 if code is None else code
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what the function started and left behind
        if self.ended:
            return
        self._read_output()
        self._end_pipes()
        if not self._exited.done():
            self._exited.set_result(code)
        if self._parked is not None and not self._parked.done():
            self._parked.set_result(None)
        if not self._ready.done():
            self._init_done(exited("", code))
            self._ready.set_exception(InitFailed(code=code))
        if self._current is not None:
            invocation = self._current
            outcome = self._killed_for or exited(invocation.request_id, code)
            if outcome.error_type == "Runtime.ExitError":
                message = orjson.loads(outcome.payload)["errorMessage"]
                self._log(f"{message}\n{outcome.error_type}\n")
            self._finish(outcome)
        self._gone(self)

    # -- the Runtime API's side -------------------------------------------------------------------------------

    async def next_event(self) -> Invocation | None:
        """The process asks for an event; None: it should end."""
        if not self._ready.done():
            self._init_ms = (time.perf_counter() - self._started) * 1000
            self._peak = memory.peak(self.pid)
            self._read_output()
            self._ready.set_result(None)
        self._parked = self._loop.create_future()
        if self._current is not None and not self._held:
            self._parked.set_result(self._current)  # given before the process asked
        return await self._parked

    async def piece(self, request_id: str, body: bytes, content_type: str) -> int:
        """A piece of a streamed answer; returns the HTTP status for the process (C13). A slow reader makes it wait."""
        invocation = self._current
        if invocation is None or invocation.request_id != request_id or self._killed_for is not None:
            return 403
        self._read_output()
        invocation.streamed_bytes += len(body)
        if invocation.streamed_bytes > (MAX_STREAMED if invocation.stream is not None else MAX_RESPONSE):
            self._refuse_answer()
            return 413
        if invocation.streamed is None:
            invocation.streamed = []
        if invocation.stream is None:
            invocation.streamed.append(body)
        else:
            invocation.stream.content_type = invocation.stream.content_type or content_type
            await invocation.stream.put(body)
        return 202

    def _refuse_answer(self) -> None:
        self.closing = True  # the runtime gives up after a refused response
        self._finish(too_large())
        self.kill()

    def respond(self, request_id: str, body: bytes, error_type: str | None) -> int:
        """A result or (with `error_type`) an error; returns the HTTP status for the process (C5)."""
        invocation = self._current
        if invocation is None or invocation.request_id != request_id or self._killed_for is not None:
            return 403
        self._parked = None
        self._read_output()
        if error_type is not None:
            self._finish(Outcome(body, "Unhandled", "error", error_type))
        elif len(body) > MAX_RESPONSE:
            self._refuse_answer()
            return 413
        elif self._over_limit():
            self._run_out_of_memory()
        else:
            self._finish(Outcome(b"".join(invocation.streamed or ()) + body))
        return 202

    def init_failed(self, body: bytes, error_type: str) -> None:
        """The process reports that the handler can't be loaded; it ends itself."""
        self._read_output()
        outcome = Outcome(body, "Unhandled", "error", error_type)
        if not self._ready.done():
            self._init_done(outcome)
            self._ready.set_exception(InitFailed(outcome))

    # -- one invocation ---------------------------------------------------------------------------------------

    def run(self, invocation: Invocation) -> None:
        """Give the process one event; `invocation.done` gets the outcome."""
        self._begin(invocation)
        self._timer = self._loop.call_later(invocation.timeout, self._time_out)
        self._watch = self._loop.call_later(_MEMORY_WATCH, self._watch_memory)
        if self._parked is not None and not self._parked.done():
            self._parked.set_result(invocation)

    def _begin(self, invocation: Invocation) -> None:
        self._current = invocation
        self._killed_for = None
        self._began = time.perf_counter()
        invocation.deadline_ms = int((time.time() + invocation.timeout) * 1000)
        self._log(self.report.start(invocation.request_id))

    # -- an invocation that a fault spoils --------------------------------------------------------------------

    def hold(self, invocation: Invocation) -> None:
        """Begin the invocation, but keep its event from the process: `fail` or `die` ends it."""
        self._held = True
        self._begin(invocation)

    def fail(self, outcome: Outcome, text: str) -> None:
        """The held invocation ends as if its handler had raised, with `text` in the log."""
        self._log(text)
        self._finish(outcome)

    def die(self, outcome: Outcome, lasted: float) -> None:
        """Kill the process; the held invocation ends with this outcome after `lasted` seconds."""
        invocation = self._current
        if invocation is None:
            return  # the process ended before
        self._began -= lasted
        if outcome.status == "timeout":
            self._log(self.report.timed_out(invocation))
        self._killed_for = outcome
        self.kill()

    # -- limits -----------------------------------------------------------------------------------------------

    def _time_out(self) -> None:
        invocation = self._current
        if invocation is not None:
            self._read_output()
            self._log(self.report.timed_out(invocation))
            self._killed_for = timed_out(invocation)
            self.kill()

    def _watch_memory(self) -> None:
        if self._current is None or self._killed_for is not None:
            return
        if self._over_limit():
            self._run_out_of_memory()
        else:
            self._watch = self._loop.call_later(_MEMORY_WATCH, self._watch_memory)

    def _over_limit(self) -> bool:
        """Whether the process has used more memory than the function has. A call of a few milliseconds can't have
        changed that much, so it is not looked at."""
        if time.perf_counter() - self._began > 0.005:
            self._peak = memory.peak(self.pid) or self._peak
        return self._peak > self._memory_limit

    def _run_out_of_memory(self) -> None:
        assert self._current is not None
        self._killed_for = exited(self._current.request_id, -signal.SIGKILL)
        self.kill()

    def _finish(self, outcome: Outcome) -> None:
        invocation, self._current = self._current, None
        self._held = False
        assert invocation is not None
        for handle in (self._timer, self._watch):
            if handle is not None:
                handle.cancel()
        for text in self._output.flush():
            self._log(text, invocation)
        duration = outcome.duration_ms = (time.perf_counter() - self._began) * 1000
        peak = min(self._peak, self._memory_limit) or 1 << 20
        for line in self.report.end(invocation.request_id, duration, peak >> 20, self._init_ms, outcome):
            self._log(line, invocation)
        self._init_ms = None
        outcome.log = invocation.log
        self.idle_since = self._clock.now()
        if invocation.stream is not None:
            invocation.stream.end()
        if not invocation.done.done():
            invocation.done.set_result(outcome)

    # -- output -----------------------------------------------------------------------------------------------

    def _init_done(self, outcome: Outcome) -> None:
        """The init phase failed: its report line."""
        for text in self._output.flush():
            self._write(text)
        self._write(self.report.init_failed((time.perf_counter() - self._started) * 1000, outcome))

    def _read_output(self) -> None:
        if self.ended:
            return
        try:
            while data := os.read(self._pipe, _PIPE_READ):
                for text in self._output.feed(data):
                    self._log(text)
            self._loop.remove_reader(self._pipe)
        except BlockingIOError:
            pass

    def _log(self, text: str, invocation: Invocation | None = None) -> None:
        invocation = invocation or self._current
        if invocation is not None and invocation.want_log:
            invocation.log.append(text)
        self._write(text)

    def _write(self, text: str) -> None:
        self._stream.append(int(self._clock.now() * 1000), text)
