"""Endpoints that misbehave on the socket (A14): each has its own error code; a real server, a real connection."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

ROLE = "arn:aws:iam::000000000000:role/firehose"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
JSON = b"Content-Type: application/json\r\n"


def answer(status: bytes, headers: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, headers, len(body), body)


def say(text: bytes) -> Callable[[socket.socket, threading.Event], None]:
    return lambda connection, done: connection.sendall(text)


def hang(connection: socket.socket, done: threading.Event) -> None:
    done.wait(60)


def reset(connection: socket.socket, done: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def read_request(connection: socket.socket) -> bytes:
    """A whole HTTP request, or the first bytes of something else."""
    received = connection.recv(65536)
    while received.startswith(b"POST"):
        head, blank, body = received.partition(b"\r\n\r\n")
        if blank and len(body) >= int(re.search(rb"(?i)content-length: (\d+)", head)[1]):  # type: ignore[index]
            break
        received += connection.recv(65536)
    return received


class Receiver:
    """Reads requests and behaves as told, each connection in its own thread."""

    def __init__(self, behave: Callable[[socket.socket, threading.Event], None]) -> None:
        self.behave = behave
        self.done = threading.Event()
        self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while not self.done.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        with connection:
            # Unread input would turn the answer's end into a reset.
            if read_request(connection):
                self.requests += 1
                self.behave(connection, self.done)

    def close(self) -> None:
        self.done.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def make(behave: Callable[[socket.socket, threading.Event], None]) -> Receiver:
        made.append(Receiver(behave))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("behave", "scheme", "code"),
    [
        (hang, "http", "HttpEndpoint.RequestTimeout"),
        (reset, "http", "HttpEndpoint.ConnectionReset"),
        (say(b"not http at all\r\n\r\n"), "http", "HttpEndpoint.ConnectionReset"),
        (say(answer(b"200 OK", JSON, b"x" * 1024 * 1024)), "http", "HttpEndpoint.ResponseTooLarge"),
        (say(answer(b"200 OK", JSON + b"Content-Encoding: gzip\r\n", b"{}")), "http", "InvalidResponseFromDestination"),
        (say(answer(b"302 Found", b"Location: http://127.0.0.1:1/\r\n", b"")), "http", "DestinationException"),
        (say(b"plain text where TLS is expected"), "https", "HttpEndpoint.SSLHandshakeFailure"),
    ],
)
def test_socket_failures(
    aws: Any, emulator: Any, receiver: Any, monkeypatch: pytest.MonkeyPatch, behave: Any, scheme: str, code: str
) -> None:
    """A14: the code of each failure, in the error object after the retry budget."""
    if behave is hang:  # the one failure that is told by real time: no load makes an answer of it
        monkeypatch.setattr(emulator.world.services["firehose"].endpoint_client, "answer_seconds", 0.3)
    aws.client("s3").create_bucket(Bucket="failing-endpoint")
    server = receiver(behave)
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="failing-endpoint",
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": f"{scheme}://127.0.0.1:{server.port}/in"},
            "BufferingHints": HINTS,
            "RetryOptions": {"DurationInSeconds": 2},
            "S3Configuration": {
                "RoleARN": ROLE,
                "BucketARN": "arn:aws:s3:::failing-endpoint",
                "BufferingHints": HINTS,
            },
        },
    )
    aws.client("firehose").put_record(DeliveryStreamName="failing-endpoint", Record={"Data": b"one"})
    aws.settle()
    s3 = aws.client("s3")
    (found,) = s3.list_objects_v2(Bucket="failing-endpoint")["Contents"]
    line = json.loads(s3.get_object(Bucket="failing-endpoint", Key=found["Key"])["Body"].read())
    assert line["errorCode"].endswith(code)
    assert line["attemptsMade"] == 3
    # Under load a request may be given up before it is sent.
    assert server.requests == 3 or behave is hang
