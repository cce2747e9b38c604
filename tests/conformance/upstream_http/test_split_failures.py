"""The endpoint behind is down, slow, or answers garbage: an error in AWS's shape, and nothing is lost."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from harness.emulator.upstream import split_upstream
from harness.emulator.upstream.remote import ANSWER_SECONDS
from tests.conformance.upstream_http.test_split import behind, destination, objects
from tests.local_moto import free_port

PAGE = b"<!DOCTYPE html><html><body>Bad Gateway</body></html>"


class Gate(http.server.ThreadingHTTPServer):
    """Passes requests on to `url`, or behaves as `mode` says."""

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = url
        self.mode = "pass"
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what these tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Gate
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        mode = self.server.mode
        if mode == "hang":
            self.server.released.wait(30)
            self.close_connection = True
        elif mode == "reset":
            self.close_connection = True
        elif mode == "nonsense":
            self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
            self.close_connection = True
        elif mode in ("page", "error page"):
            self._answer(200 if mode == "page" else 502, {"content-type": "text/html"}, PAGE)
        else:
            answer = httpx.request(
                self.command, self.server.target + self.path, headers=dict(self.headers.items()), content=body
            )
            self._answer(answer.status_code, dict(answer.headers), answer.content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture(scope="module")
def one_gate(moto_url: str) -> Iterator[Gate]:
    with Gate(moto_url) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


@pytest.fixture
def gate(one_gate: Gate) -> Iterator[Gate]:
    one_gate.released.clear()
    yield one_gate
    one_gate.mode = "pass"
    one_gate.released.set()


@pytest.fixture
def aws(gate: Gate, emulators: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    # Only of a gate that never answers: a loaded machine is slow, too.
    monkeypatch.setattr(split_upstream, "_patience", lambda call: 0.5 if gate.mode == "hang" else ANSWER_SECONDS)
    handle = emulators(gate.url, "all,-s3,-sqs")
    handle.admin("POST", "reset")
    return handle


MODES = {
    "hang": ("ServiceUnavailable", 504, "did not answer within 0.5 s"),
    "reset": ("InternalFailure", 502, "did not answer in HTTP"),
    "nonsense": ("InternalFailure", 502, "did not answer in HTTP"),
    "error page": ("InternalFailure", 502, "but not as"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("service", ["s3", "sqs"])
def test_failures_have_the_shape_of_aws(aws: Any, gate: Gate, service: str, mode: str) -> None:
    """Status, code and a sentence that names the upstream, in the service's own protocol; the emulator lives on."""
    gate.mode = mode
    client = aws.client(service)
    with pytest.raises(ClientError) as caught:
        client.list_buckets() if service == "s3" else client.list_queues()
    code, status, sentence = MODES[mode]
    error = caught.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert gate.url in error["Error"]["Message"] and sentence in error["Error"]["Message"]
    gate.mode = "pass"
    assert client.list_buckets()["Buckets"] == [] if service == "s3" else "QueueUrls" not in client.list_queues()


def test_nothing_listens(emulators: Callable[[str, str], Any]) -> None:
    """A dead upstream: 503, and the services that are here go on."""
    aws = emulators(f"http://127.0.0.1:{free_port()}", "all,-s3")
    with pytest.raises(ClientError, match="can't be reached") as caught:
        aws.client("s3").list_buckets()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert aws.client("kinesis").list_streams()["StreamNames"] == []


@pytest.mark.parametrize("mode", [*MODES, "page"])
def test_firehose_loses_nothing_while_the_upstream_fails(aws: Any, gate: Gate, moto_url: str, mode: str) -> None:
    """A12: the destination fails for a while; all that was acknowledged is delivered afterwards, once."""
    aws.client("s3").create_bucket(Bucket="patient")
    firehose = aws.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="patient", ExtendedS3DestinationConfiguration=destination("patient")
    )
    firehose.put_record_batch(DeliveryStreamName="patient", Records=[{"Data": b"one"}, {"Data": b"two"}])
    gate.mode = mode
    aws.advance(90)
    assert objects(behind(moto_url, "s3"), "patient") == []
    gate.mode = "pass"
    aws.settle()
    assert objects(behind(moto_url, "s3"), "patient") == [b"onetwo"]
