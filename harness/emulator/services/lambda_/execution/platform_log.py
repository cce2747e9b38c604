"""The platform's own lines in a function's log (C3), as text or as JSON."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import orjson

from harness.emulator.clock import Clock
from harness.emulator.services.lambda_.execution.outcome import Invocation, Outcome
from harness.emulator.services.lambda_.model import FunctionVersion

_RUNTIME = re.compile(r"([a-z]+)\.?(.*?)(?:\.x)?")

RUNTIME_REVISION = 1
"""The `v…` of the runtime version that functions run on."""


def runtime_version_arn(version: FunctionVersion) -> str:
    """The ARN of the runtime version: a constant per runtime."""
    digest = hashlib.sha256(version.runtime.encode()).hexdigest()
    return f"arn:aws:lambda:{version.region}::runtime:{digest}"


class PlatformLog:
    """Makes INIT_START, START, END and REPORT lines for one function version."""

    def __init__(self, version: FunctionVersion, clock: Clock) -> None:
        self._version = version
        self._clock = clock
        self._json = version.log_format == "JSON"

    def init_start(self) -> str:
        name, number = _RUNTIME.fullmatch(self._version.runtime).groups()  # type: ignore[union-attr]
        label = f"{name}:{number}.v{RUNTIME_REVISION}"
        arn = runtime_version_arn(self._version)
        if self._json:
            record = {
                "initializationType": "on-demand",
                "phase": "init",
                "runtimeVersion": label,
                "runtimeVersionArn": arn,
                "functionName": self._version.name,
                "functionVersion": self._version.version,
            }
            return self._event("platform.initStart", record)
        return f"INIT_START Runtime Version: {label}\tRuntime Version ARN: {arn}\n"

    def init_failed(self, duration_ms: float, outcome: Outcome) -> str:
        if self._json:
            record = {
                "initializationType": "on-demand",
                "phase": "init",
                "status": outcome.status,
                "errorType": outcome.error_type,
                "metrics": {"durationMs": round(duration_ms, 3)},
            }
            return self._event("platform.initReport", record)
        kind = f"\tError Type: {outcome.error_type}" if outcome.status == "error" else ""
        return f"INIT_REPORT Init Duration: {duration_ms:.2f} ms\tPhase: init\tStatus: {outcome.status}{kind}\n"

    def start(self, request_id: str) -> str:
        if self._json:
            return self._event("platform.start", {"requestId": request_id, "version": self._version.version})
        return f"START RequestId: {request_id} Version: {self._version.version}\n"

    def timed_out(self, invocation: Invocation) -> str:
        text = f"{invocation.request_id} Task timed out after {invocation.timeout:.2f} seconds"
        return f"{iso(self._clock.now())} {text}\n\n"

    def end(
        self, request_id: str, duration_ms: float, memory_mb: int, init_ms: float | None, outcome: Outcome
    ) -> Iterator[str]:
        size = self._version.memory_size
        billed = math.ceil(duration_ms + (init_ms or 0.0))
        if self._json:
            metrics: dict[str, float] = {
                "durationMs": round(duration_ms, 3),
                "billedDurationMs": billed,
                "memorySizeMB": size,
                "maxMemoryUsedMB": memory_mb,
            }
            if init_ms is not None:
                metrics["initDurationMs"] = round(init_ms, 3)
            record: dict[str, object] = {"requestId": request_id, "metrics": metrics}
            record["status"] = outcome.status or "success"
            if outcome.status == "error":
                record["errorType"] = outcome.error_type
            yield self._event("platform.report", record)
            return
        yield f"END RequestId: {request_id}\n"
        text = (
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {billed} ms\t"
            f"Memory Size: {size} MB\tMax Memory Used: {memory_mb} MB\t"
        )
        if init_ms is not None:
            text += f"Init Duration: {init_ms:.2f} ms\t"
        if outcome.status == "timeout":
            text += "Status: timeout"
        elif outcome.status is not None and outcome.error_type in ("Runtime.ExitError", "Runtime.OutOfMemory"):
            text += f"Status: error\tError Type: {outcome.error_type}"
        yield text + "\n"

    def _event(self, kind: str, record: Mapping[str, object]) -> str:
        entry = {"time": iso(self._clock.now()), "type": kind, "record": record}
        return orjson.dumps(entry).decode() + "\n"


def iso(now: float) -> str:
    """`2019-11-14T18:16:05.568Z`."""
    moment = datetime.fromtimestamp(round(now, 3), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
