"""One invocation on its way into a process, and how it ended (C2)."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field

import orjson

from harness.emulator.services.lambda_.execution.stream import Stream

MAX_RESPONSE = 6_291_556
"""Bytes of a synchronous response: 6 MB and 100 bytes of headroom (C1)."""

_SIGNALS = {
    signal.SIGKILL: "killed",
    signal.SIGTERM: "terminated",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGILL: "illegal instruction",
    signal.SIGINT: "interrupt",
    signal.SIGPIPE: "broken pipe",
    signal.SIGHUP: "hangup",
}


@dataclass(slots=True)
class Outcome:
    """`payload` is the response, or with `error` (`Unhandled`) the error object. `log` is filled for a log tail."""

    payload: bytes
    error: str | None = None
    status: str | None = None
    """What REPORT says after `Status:` (`timeout`, `error`); None for success."""
    error_type: str | None = None
    log: list[str] = field(default_factory=list)
    duration_ms: float = 0.0
    """Real milliseconds of the function's own work."""


@dataclass(slots=True)
class Invocation:
    """One event for one process. `timeout`: real seconds."""

    request_id: str
    arn: str
    payload: bytes
    timeout: int
    trace_id: str
    client_context: str | None
    want_log: bool
    done: asyncio.Future[Outcome]
    deadline_ms: int = 0
    log: list[str] = field(default_factory=list)
    stream: Stream | None = None
    """Where pieces of the answer go at once; None for a caller who takes the answer as a whole."""
    streamed: list[bytes] | None = None
    """The pieces so far of a function that streams, for such a caller."""
    streamed_bytes: int = 0


def failure(error_type: str, message: str, status: str = "error") -> Outcome:
    """A failure that the platform reports, not the runtime: only these two members."""
    payload = orjson.dumps({"errorType": error_type, "errorMessage": message})
    return Outcome(payload, "Unhandled", status, error_type)


def timed_out(invocation: Invocation) -> Outcome:
    text = f"RequestId: {invocation.request_id} Error: Task timed out after {invocation.timeout:.2f} seconds"
    return failure("Sandbox.Timedout", text, "timeout")


def exited(request_id: str, code: int) -> Outcome:
    """The process ended; `code` as in subprocess (negative: by that signal)."""
    return failure("Runtime.ExitError", f"RequestId: {request_id} Error: {exit_reason(code)}")


def exit_reason(code: int) -> str:
    if code == 0:
        return "Runtime exited without providing a reason"
    if code > 0:
        return f"Runtime exited with error: exit status {code}"
    return f"Runtime exited with error: signal: {_SIGNALS.get(signal.Signals(-code), str(-code))}"


def too_large() -> Outcome:
    message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
    payload = orjson.dumps({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"})
    return Outcome(payload, "Unhandled", "error", "Function.ResponseSizeTooLarge")
