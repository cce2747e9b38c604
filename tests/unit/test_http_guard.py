"""Which pages and which Host names may talk to the emulator (law 9)."""

from __future__ import annotations

import pytest

from harness.emulator.call import HttpRequest
from harness.emulator.edge.execute_api import find_api
from harness.emulator.edge.function_url import find_url
from harness.emulator.edge.guard import Guard, checked_origin, is_delivery, is_open_to, marks, page_of

FRONT_END = "http://localhost:3000"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost:4566",
        "127.0.0.1:4566",
        "[::1]:4566",
        "[::1]",
        "172.17.0.1:4566",
        "localstack:4566",
        "emulator",
        "host.docker.internal:4566",
        "bucket.localhost:4566",
        "s3.localhost.localstack.cloud:4566",
        "bucket.s3.localhost.localstack.cloud:4566",
        "kinesis.us-east-1.amazonaws.com",
        "abc.execute-api.eu-west-1.amazonaws.com",
        "kinesis.cn-north-1.amazonaws.com.cn",
        "lambda.us-east-1.api.aws",
        "LocalHost",
        "localhost.",
        "emulator.example:4566",
        "bucket.s3.emulator.example",
        "abc.execute-api.emulator.example",
        "abc.lambda-url.eu-west-1.on.aws",
        "abc.lambda-url.us-east-1.emulator.example:4566",
    ],
)
def test_hosts_that_nobody_else_owns(host: str) -> None:
    assert Guard(hosts=["emulator.example"]).knows(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.01",
        "localhost.evil.example",
        "amazonaws.com.evil.example",
        "evilamazonaws.com",
        "xlocalhost.localstack.cloud",
        "abc.execute-api.evil.example",
        "abc.execute-api.app",
        "abc.lambda-url.us-east-1.evil.example",
        "evilon.aws",
        "s3.evil.example",
        "other.emulator.example",
        "1.2.3",
        "1.2.3.x",
        "1.2.3.256",
        "[evil]",
        "[evil",
        "[evil.example",
        "[::1",
        "[127.0.0.1]",
        "[]",
    ],
)
def test_hosts_that_somebody_may_own(host: str) -> None:
    assert not Guard(hosts=["emulator.example"]).knows(host)


@pytest.mark.parametrize(
    ("let_in", "sent"),
    [
        (True, {"sec-fetch-site": "same-origin"}),
        (True, {"sec-fetch-site": "none", **NAVIGATION}),
        (True, {"sec-fetch-site": "same-origin", "origin": "http://localhost:4566"}),
        (True, {"origin": "http://localhost:4566"}),
        (True, {"origin": "HTTP://LocalHost:4566"}),
        (True, {"referer": "http://localhost:4566/_harness/console", "user-agent": CHROME}),
        (False, {"origin": FRONT_END, "sec-fetch-site": "same-site"}),
        (False, {"referer": f"{FRONT_END}/page", "user-agent": CHROME}),
        (False, {"origin": "null"}),
        (False, {"origin": "http://evil.example"}),
        (False, {"origin": "http://localhost:3001"}),
        (False, {"origin": "http://127.0.0.1:4566"}),
        (False, {"origin": "http://evil.example", "sec-fetch-site": "same-origin"}),
        (False, {"origin": "http://localhost:3000.evil.example"}),
        (False, {"origin": "http://localhost:3000@evil.example"}),
        (False, {"origin": "://"}),
        (False, {"sec-fetch-site": "cross-site"}),
        (False, {"sec-fetch-site": "same-site"}),
        (False, {"sec-fetch-site": "something-new"}),
        (False, {"sec-fetch-site": "cross-site", **NAVIGATION}),
        (False, {"sec-fetch-site": "cross-site", "referer": "http://localhost:4566/"}),
        (False, {"user-agent": CHROME}),
        (False, {"user-agent": CHROME, "referer": "http://evil.example/?http://localhost:4566/"}),
    ],
)
def test_which_pages_are_own(let_in: bool, sent: dict[str, str]) -> None:
    request = HttpRequest("GET", "/", [("host", "localhost:4566"), *sent.items()])
    host, found = marks(request)
    assert found is not None
    assert is_open_to(page_of(request, host, found), "/") is let_in


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"user-agent": "Boto3/1.40.0"},
        {"user-agent": "curl/8.5.0", "referer": "https://example.com/"},
        {"user-agent": "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1"},
    ],
)
def test_other_clients_are_no_browsers(sent: dict[str, str]) -> None:
    assert marks(HttpRequest("GET", "/", [("host", "evil.example"), *sent.items()])) == ("evil.example", None)


@pytest.mark.parametrize(
    ("opens", "method", "path", "sent"),
    [
        (True, "GET", "/_harness/console", NAVIGATION),
        (False, "POST", "/_harness/console", NAVIGATION),
        (False, "GET", "/_harness/console/x", NAVIGATION),
        (False, "GET", "/_harness/clock", NAVIGATION),
        (False, "GET", "/_harness/console", {**NAVIGATION, "sec-fetch-dest": "iframe"}),
        (False, "GET", "/_harness/console", {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}),
    ],
)
def test_a_link_opens_the_console_and_nothing_else(opens: bool, method: str, path: str, sent: dict[str, str]) -> None:
    request = HttpRequest(method, path, [("sec-fetch-site", "cross-site"), *sent.items()])
    host, found = marks(request)
    assert found is not None
    assert is_open_to(page_of(request, host, found), path) is opens


@pytest.mark.parametrize(
    ("delivers", "method", "path"),
    [
        (True, "POST", "/_harness/sinks/a/deliver"),
        (True, "POST", "/_harness/sinks/a/deliver/more"),
        (False, "GET", "/_harness/sinks/a/deliver"),
        (False, "POST", "/_harness/sinks/a"),
        (False, "POST", "/_harness/sinks/a/b/deliver"),
        (False, "POST", "/_harness/sinks/a/deliverx"),
    ],
)
def test_what_a_delivery_is(delivers: bool, method: str, path: str) -> None:
    assert is_delivery(HttpRequest(method, path, [])) is delivers


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("https://app.example:443", "https://app.example"),
        ("https://app.example:80", "https://app.example:80"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_origins_that_can_be_allowed(text: str, origin: str) -> None:
    assert checked_origin(text) == origin


@pytest.mark.parametrize(
    "text", ["*", "null", "", "localhost:3000", "http://", "http://a/", "http://*.example", "http://a b", "http://a@b"]
)
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(ValueError, match=r"^--allow-origin .* is not an origin such as http://localhost:3000"):
        checked_origin(text)


@pytest.mark.parametrize(
    ("path", "host", "found"),
    [
        ("/_aws/execute-api/abc123/dev/a/b", "localhost", ("abc123", "/dev/a/b")),
        ("/_aws/execute-api/abc123/dev", "localhost", ("abc123", "/dev")),
        ("/_aws/execute-api/abc123", "localhost", ("abc123", "/")),
        ("/_aws/execute-api/abc123/dev/a%2Fb//c/", "localhost", ("abc123", "/dev/a%2Fb//c/")),
        ("/restapis/abc123/dev/_user_request_/a/b", "localhost", ("abc123", "/dev/a/b")),
        ("/restapis/abc123/dev/_user_request_", "localhost", ("abc123", "/dev/")),
        ("/restapis/abc123/dev/_user_request_/", "localhost", ("abc123", "/dev/")),
        ("/dev/a", "abc123.execute-api.us-east-1.amazonaws.com", ("abc123", "/dev/a")),
        ("/dev/a", "ABC123.execute-api.localhost.localstack.cloud:4566", ("abc123", "/dev/a")),
        ("/", "abc123.execute-api.localhost:4566", ("abc123", "/")),
        ("/restapis/abc123/resources", "localhost", None),
        ("/restapis/abc123/stages/dev", "localhost", None),
        ("/bucket/_user_request_/a", "localhost", None),
        ("/", "execute-api.us-east-1.amazonaws.com", None),
        ("/", "localhost", None),
    ],
)
def test_which_api_a_url_means(path: str, host: str, found: tuple[str, str] | None) -> None:
    assert find_api(path, host) == found


@pytest.mark.parametrize(
    ("path", "host", "found"),
    [
        ("/a%2Fb", "abc1.lambda-url.us-east-1.on.aws", ("abc1", "/a%2Fb")),
        ("/", "ABC1.lambda-url.us-east-1.localhost.localstack.cloud:4566", ("abc1", "/")),
        ("/_aws/lambda-url/abc1", "localhost", ("abc1", "/")),
        ("/_aws/lambda-url/abc1/a/b", "localhost", ("abc1", "/a/b")),
        ("/2015-03-31/functions", "lambda.us-east-1.amazonaws.com", None),
    ],
)
def test_which_function_url_is_meant(path: str, host: str, found: tuple[str, str] | None) -> None:
    """C12."""
    assert find_url(path, host) == found
