"""A raw HTTP client: one keep-alive socket, no retries, no signing cost, so that the server is what is measured."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from typing import Any


class Raw:
    """One connection to an emulator. Requests carry a signature-shaped header that names service and region."""

    def __init__(self, port: int, timeout: float = 60.0) -> None:
        self.port = port
        self._timeout = timeout
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), self._timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def close(self) -> None:
        self._socket.close()

    def request(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
        """Send and wait: (status, body)."""
        return self.send(frame(self.port, method, target, headers, body))

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send bytes made by `frame` and wait."""
        self._socket.sendall(request)
        return self.answer()

    def answer(self) -> tuple[int, bytes]:
        while b"\r\n\r\n" not in self._buffer:
            self._read()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        status = int(lines[0].split(b" ")[1])
        fields = dict(line.lower().split(b": ", 1) for line in lines[1:] if b": " in line)
        if fields.get(b"transfer-encoding") == b"chunked":
            return status, self._chunked()
        length = int(fields.get(b"content-length", b"0"))
        while len(self._buffer) < length:
            self._read()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        if fields.get(b"connection") == b"close":
            # moto's server ends every connection, ministack's after some hundred requests.
            self._socket.close()
            self._connect()
        return status, body

    def _chunked(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self._buffer:
                self._read()
            size_text, _, self._buffer = self._buffer.partition(b"\r\n")
            size = int(size_text, 16)
            while len(self._buffer) < size + 2:
                self._read()
            body += self._buffer[:size]
            self._buffer = self._buffer[size + 2 :]
            if size == 0:
                return body

    def _read(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._buffer += data

    def aws(self, service: str, operation: str, params: Any) -> Any:
        """An AWS JSON call; raises for an error status."""
        status, body = self.send(aws_frame(self.port, service, operation, params))
        if status != 200:
            raise RuntimeError(f"{operation}: {status} {body[:300]!r}")
        return json.loads(body) if body else {}


_TARGETS = {"kinesis": "Kinesis_20131202", "firehose": "Firehose_20150804"}


def authorization(service: str) -> str:
    credential = f"test/20260101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"


def frame(port: int, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def aws_frame(port: int, service: str, operation: str, params: Any) -> bytes:
    """The bytes of an AWS JSON request."""
    headers = {
        "X-Amz-Target": f"{_TARGETS[service]}.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": authorization(service),
    }
    return frame(port, "POST", "/", headers, json.dumps(params).encode())


def b64(data: bytes) -> str:
    return b64encode(data).decode()
