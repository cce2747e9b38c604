"""A Python runtime of our own: fetches events from the Runtime API (C5), calls the handler, posts results.

Used where awslambdaric can't be imported: macOS, and interpreters other than the emulator's. Error payloads, log frames
and the context object are those of AWS's runtime (C2, C3, C4). Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

API = "/2018-06-01/runtime"
ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"

# The frame's level in its type, as the platform reads it (text format).
_FRAMES = {0: 0x03, 10: 0x0B, 20: 0x0F, 30: 0x13, 40: 0x17, 50: 0x1B}
_JSON_FRAMES = {0: 0x02, 10: 0x0A, 20: 0x0E, 30: 0x12, 40: 0x16, 50: 0x1A}
_RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}


class Fault(Exception):
    """An error of the runtime itself, with its own error type and no frames of the handler."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


class Connection:
    """HTTP/1.1 over one kept connection to the Runtime API."""

    def __init__(self, address: str) -> None:
        authority, _, prefix = address.partition("/")
        host, _, port = authority.partition(":")
        self._prefix = f"/{prefix}" if prefix else ""
        self._host = authority
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        lines = [f"{method} {self._prefix}{API}{path} HTTP/1.1", f"Host: {self._host}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._socket.sendall("\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body)
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        answer = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        length = int(answer.get("content-length", "0"))
        while len(self._buffer) < length:
            self._more()
        content, self._buffer = self._buffer[:length], self._buffer[length:]
        return int(status.split()[1]), answer, content

    def _more(self) -> None:
        data = self._socket.recv(1 << 18)
        if not data:
            os._exit(1)  # the emulator has closed the Runtime API
        self._buffer += data


class LogFrames:
    """Log records and errors, one frame each: type, length, microseconds, text."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.json = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"

    def write(self, text: str, level: int = 0) -> None:
        data = text.encode("utf-8", "replace")
        kind = (_JSON_FRAMES if self.json else _FRAMES).get(min(level // 10 * 10, 50), 3)
        frame = (
            b"\xa5\x5a\x00" + bytes([kind]) + len(data).to_bytes(4, "big") + (time.time_ns() // 1000).to_bytes(8, "big")
        )
        frame += data
        while frame:
            frame = frame[os.write(self._descriptor, frame) :]

    def error(self, payload: dict[str, Any]) -> None:
        if self.json:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self.write(json.dumps({"timestamp": stamp, "level": "ERROR", **payload}, ensure_ascii=False), 40)
            return
        text = "[ERROR]"
        if payload["errorType"]:
            text += f" {payload['errorType']}" + (":" if payload["errorMessage"] else "")
        if payload["errorMessage"]:
            text += f" {payload['errorMessage']}"
        lines = [text, "Traceback (most recent call last):"]
        for element in payload["stackTrace"]:
            for line in element.splitlines():
                stripped = line.lstrip(" ")
                lines.append("\u00a0" * (len(line) - len(stripped)) + stripped)
        self.write("\n".join(lines), 40)


class FrameHandler(logging.Handler):
    """The root logger's handler."""

    def __init__(self, frames: LogFrames) -> None:
        super().__init__()
        self.frames = frames
        self.request_id = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.frames.write(self._json(record) if self.frames.json else self._text(record), record.levelno)

    def _text(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        text = f"[{record.levelname}]\t{stamp}.{int(record.msecs):03d}Z\t{self.request_id}\t{record.getMessage()}\n"
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        return text

    def _json(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            entry["stackTrace"] = traceback.format_tb(record.exc_info[2])
            entry["errorType"] = record.exc_info[0].__name__
            entry["errorMessage"] = str(record.exc_info[1])
            entry["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        if self.request_id:
            entry["requestId"] = self.request_id
        entry.update((k, v) for k, v in vars(record).items() if k not in _RESERVED and k not in entry)
        return json.dumps(entry, ensure_ascii=False, default=str) + "\n"


class Unbuffered:
    """stdout as handlers know it: every write arrives at once."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        count: int = self._stream.write(text)
        self._stream.flush()
        return count


class LambdaContext:
    """The handler's second argument (C4)."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.tenant_id = None
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = _client_context(headers.get("lambda-runtime-client-context"))
        self._deadline = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self._deadline - int(time.time() * 1000))


def _client_context(text: str | None) -> Any:
    if not text:
        return None
    given = json.loads(text)
    client = given.get("client")
    names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
    return SimpleNamespace(
        custom=given.get("custom"),
        env=given.get("env"),
        client=None if client is None else SimpleNamespace(**{name: client.get(name) for name in names}),
    )


def find_handler(handler: str) -> Callable[[Any, Any], Any]:
    """The function that `module.name` means. Raises Fault, and whatever the module raises when it is imported."""
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        text = f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", text)
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        text = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", text, trace) from None
    try:
        function: Callable[[Any, Any], Any] = getattr(module, name)
    except AttributeError:
        text = f"Handler '{name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", text) from None
    return function


def error_payload(error: BaseException, request_id: str) -> dict[str, Any]:
    """What the caller gets for an exception (C2)."""
    if isinstance(error, Fault):
        kind, trace = error.kind, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = [i for i, frame in enumerate(frames) if frame.filename == __file__]
        kind, trace = type(error).__name__, traceback.format_list(frames[own[-1] + 1 if own else 0 :])
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _plain(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def answer(function: Callable[[Any, Any], Any], body: bytes, headers: dict[str, str], ascii_only: bool) -> bytes:
    """Call the handler; the result's bytes. Raises Fault and what the handler raises."""
    context = LambdaContext(headers)
    try:
        event = json.loads(body)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None
    result = function(event, context)
    if isinstance(result, bytes):
        return result
    try:
        return json.dumps(result, ensure_ascii=ascii_only, default=_plain).encode()
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def run_loop(handler: str, address: str) -> None:
    """Import the handler, then answer events until the process is ended."""
    sys.stdout = Unbuffered(sys.stdout)
    sys.stderr = Unbuffered(sys.stderr)
    frames = LogFrames(int(os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD")))
    log_handler = FrameHandler(frames)
    root = logging.getLogger()
    root.addHandler(log_handler)
    level = {"TRACE": "DEBUG"}.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", ""), os.environ.get("AWS_LAMBDA_LOG_LEVEL"))
    if level:
        root.setLevel(level)
    api = Connection(address)
    try:
        function = find_handler(handler)
    except Exception as error:
        payload = error_payload(error, "")
        frames.error(payload)
        api.request("POST", "/init/error", _encode(payload), {ERROR_TYPE: payload["errorType"]})
        sys.exit(1)
    # From 3.12 on, AWS's runtime leaves characters outside ASCII as they are.
    ascii_only = sys.version_info < (3, 12)
    while True:
        _, headers, body = api.request("GET", "/invocation/next")
        request_id = headers["lambda-runtime-aws-request-id"]
        log_handler.request_id = request_id
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
        try:
            result = answer(function, body, headers, ascii_only)
        except Exception as error:
            payload = error_payload(error, request_id)
            frames.error(payload)
            path = f"/invocation/{request_id}/error"
            api.request("POST", path, _encode(payload), {ERROR_TYPE: payload["errorType"]})
        else:
            status, _, _ = api.request("POST", f"/invocation/{request_id}/response", result)
            if status == 413:
                sys.exit(1)


def _encode(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
