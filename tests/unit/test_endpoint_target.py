"""Endpoints that the suite did not start: which are taken, and what they are found to be able to do."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.emulator.testing import EmulatorThread
from harness.parity.targets import check_name, notes
from harness.problem import Problem
from harness.targets import Capability
from harness.targets.endpoint import EndpointTarget
from harness.targets.probe import checked_url, probe

STS = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
PAGE = "<html><body>It works!</body></html>"
Answers = dict[str, tuple[int, str]]


@pytest.fixture
def serve() -> Iterator[Callable[[Answers], str]]:
    """Starts servers that answer `METHOD /path` as they are told, anything else with the answer to `*`."""
    running: list[ThreadingHTTPServer] = []

    def start(answers: Answers) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                status, body = answers.get(f"{self.command} {self.path}", answers["*"])
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_an_emulator_of_ours_can_do_everything(emulator: EmulatorThread) -> None:
    target = probe(emulator.url + "/")
    assert target == EndpointTarget(
        emulator.url,
        "pipeline-harness",
        frozenset(Capability) - {Capability.RESTART, Capability.CONTAINERS},
        "/_harness/reset",
        "000000000000",
    )
    assert target.alive()


def test_an_emulator_on_real_time_has_no_clock_to_move() -> None:
    with EmulatorThread(clock="real") as running:
        capabilities = probe(running.url).capabilities
    assert "clock" not in capabilities and "trace" in capabilities


@pytest.mark.parametrize(
    ("sign", "kind", "reset"),
    [
        ({"GET /_localstack/health": {"services": {}, "version": "4.14.0"}}, "LocalStack 4.14.0",
         "/_localstack/state/reset"),
        ({"GET /moto-api/data.json": {}}, "moto_server", "/moto-api/reset"),
    ],
)  # fmt: skip
def test_peers_are_known_by_their_own_apis(
    serve: Callable[[Answers], str], sign: dict[str, object], kind: str, reset: str
) -> None:
    answers = {request: (200, json.dumps(body)) for request, body in sign.items()}
    url = serve({"*": (404, ""), "POST /": (200, STS.format(account="1" * 12)), f"POST {reset}": (200, "")} | answers)
    assert probe(url) == EndpointTarget(url, kind, frozenset({Capability.RESET}), reset, "1" * 12)


def test_an_endpoint_that_cannot_be_emptied_is_taken_and_said_so(serve: Callable[[Answers], str]) -> None:
    target = probe(serve({"*": (404, ""), "POST /": (200, STS.format(account="123456789012"))}))
    assert (target.reset, target.kept, target.capabilities) == (None, frozenset(), frozenset())
    lines = notes(target)
    assert "has no reset of all" in lines[1] and "123456789012" in lines[2]


def test_a_reset_that_fails_is_a_problem(serve: Callable[[Answers], str]) -> None:
    url = serve(
        {
            "*": (404, ""),
            "GET /moto-api/data.json": (200, "{}"),
            "POST /": (200, STS.format(account="1")),
            "POST /moto-api/reset": (500, "broken"),
        }
    )
    with pytest.raises(Problem, match="could not be emptied by POST /moto-api/reset"):
        probe(url)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, PAGE), (200, ""), (404, PAGE), (500, PAGE), (200, "{}"), (200, "<a/>"), (502, "\x00\x01"), (200, "[1")],
)
def test_what_answers_otherwise_than_aws_is_refused(serve: Callable[[Answers], str], status: int, body: str) -> None:
    with pytest.raises(Problem, match="answers, but not as AWS does"):
        probe(serve({"*": (status, body)}))


def test_what_does_not_speak_http_is_refused() -> None:
    def talk(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example.com ready\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, args=(listener,), daemon=True)
        thread.start()
        with pytest.raises(Problem, match="does not answer"):
            probe(f"http://127.0.0.1:{listener.getsockname()[1]}")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_nothing_there_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Problem, match=rf"http://127.0.0.1:{port} does not answer"):
        probe(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:4566",
        "http://",
        "http://x:port",
        "http://x:99999",
        "http://x/path",
        "http://u:p@x",
        "ftp://x",
    ],
)
def test_what_is_no_url_of_an_endpoint_is_refused(url: str) -> None:
    with pytest.raises(Problem, match="is not the URL of a local endpoint"):
        checked_url(url)


@pytest.mark.parametrize(
    "host", ["s3.amazonaws.com", "sts.us-east-1.amazonaws.com:80", "x.api.aws", "S3.AMAZONAWS.COM."]
)
def test_aws_itself_is_never_emptied(host: str) -> None:
    with pytest.raises(Problem, match="is AWS itself"):
        checked_url(f"http://{host}")


def test_hosts_may_be_given_by_name() -> None:
    assert checked_url("http://localstack:4566/") == "http://localstack:4566"
    assert checked_url("http://[::1]:4566") == "http://[::1]:4566"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("aws", "cannot be compared: most conformance tests move a clock"),
        ("embeded", "There is no target embeded"),
    ],
)
def test_what_is_no_target_is_told_in_one_sentence(name: str, told: str) -> None:
    with pytest.raises(Problem, match=told):
        check_name(name)
