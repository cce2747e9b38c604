"""HTTP_PROXY integrations of HTTP APIs (D9), to a server on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tests.conformance.test_http_api import Api, refused
from tests.conftest import Aws


class Backend(BaseHTTPRequestHandler):
    """Answers what it was asked, and below `/base` sets cookies and CORS headers."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path.startswith("/slow"):
            self.server.hold.wait(10)  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = json.dumps({"method": self.command, "path": self.path, "headers": headers, "body": body}).encode()
        self.send_response(203)
        self.send_header("Content-Length", str(len(answer)))
        if self.path.startswith("/base"):
            for name, value in (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Access-Control-Allow-Origin", "no")):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def backend() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    server.hold = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.hold.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def proxied(aws: Aws, uri: str, key: str = "ANY /x/{proxy+}", **members: Any) -> Api:
    api = Api(aws, CorsConfiguration={"AllowOrigins": ["https://a.example"]})
    made = api.v2.create_integration(
        ApiId=api.api_id,
        IntegrationType="HTTP_PROXY",
        IntegrationUri=uri,
        **{"IntegrationMethod": "ANY", **members},
    )
    api.route(key, made["IntegrationId"])
    return api


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"IntegrationUri": "https://example.com"}, "NotEmulated"),
        ({"IntegrationUri": "http://127.0.0.1.example.com"}, "NotEmulated"),
        ({"IntegrationUri": "http://${stageVariables.host}/"}, "NotEmulated"),
        ({"IntegrationUri": "ftp://localhost/"}, "BadRequestException"),
        ({"RequestParameters": {"overwrite:path": "/a"}}, "NotEmulated"),
        ({"CredentialsArn": "arn:aws:iam::000000000000:role/a"}, "BadRequestException"),
        ({"PayloadFormatVersion": "2.0"}, "BadRequestException"),
        ({"ConnectionType": "VPC_LINK"}, "NotEmulated"),
    ],
)
def test_refusals(aws: Aws, members: dict[str, Any], code: str) -> None:
    """Law 8: nothing but this machine is called."""
    api = Api(aws)
    given = {"IntegrationType": "HTTP_PROXY", "IntegrationUri": "http://localhost:1/", "IntegrationMethod": "GET"}
    assert refused(api.v2.create_integration, ApiId=api.api_id, **(given | members))["Code"] == code


def test_a_backend_that_does_not_answer_is_503(aws: Aws, backend: str) -> None:
    """D9: unreachable, or too slow."""
    for api in (proxied(aws, "http://127.0.0.1:1/"), proxied(aws, f"{backend}/slow", TimeoutInMillis=50)):
        answer = api.request("GET", "/x/y")
        assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def test_the_request_is_handed_on(aws: Aws, backend: str) -> None:
    """Method, path variables, query, headers and body go to the backend; its answer comes back, CORS headers apart."""
    api = proxied(aws, f"{backend}/base/{{proxy}}?fixed=1")
    # Not with the fixture's client: it would keep the cookies.
    url = f"{aws.url}/_aws/execute-api/{api.api_id}/x/a%20b/c?q=1&q=2"
    answer = httpx.post(url, content=b"text", headers={"X-One": "1", "Origin": "https://a.example"})
    assert answer.status_code == 203
    asked = answer.json()
    assert (asked["method"], asked["path"], asked["body"]) == ("POST", "/base/a%20b/c?fixed=1&q=1&q=2", "text")
    assert asked["headers"]["x-one"] == "1"
    assert asked["headers"]["host"] == backend.removeprefix("http://")
    assert "proto=https" in asked["headers"]["forwarded"]
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


def test_the_integration_has_its_own_method(aws: Aws, backend: str) -> None:
    api = proxied(aws, backend, "GET /x", IntegrationMethod="POST")
    assert api.request("GET", "/x").json()["method"] == "POST"
