"""Which pages and which Host names may talk to the emulator (law 9)."""

from __future__ import annotations

import pytest

from harness.emulator.edge.execute_api import find_api
from harness.emulator.edge.guard import foreign_origin, known_host


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:3000",
        "https://LOCALHOST:3000",
        "http://127.0.0.1:8080",
        "http://127.1.2.3",
        "http://[::1]:3000",
        "http://app.localhost:3000",
        "http://localhost.localstack.cloud:4566",
        "http://bucket.s3.localhost.localstack.cloud:4566",
    ],
)
def test_pages_of_this_machine_are_let_through(origin: str) -> None:
    assert not foreign_origin(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://127.evil.example",
        "http://evil-localhost",
        "http://192.168.1.5",
        "https://app.localstack.cloud",
        "http://xlocalhost.localstack.cloud",
        "http://localhost@evil.example",
        "localhost",
        "://",
    ],
)
def test_pages_of_others_are_foreign(origin: str) -> None:
    assert foreign_origin(origin)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost:4566",
        "127.0.0.1:4566",
        "[::1]:4566",
        "172.17.0.1:4566",
        "localstack:4566",
        "emulator",
        "host.docker.internal:4566",
        "bucket.localhost:4566",
        "s3.localhost.localstack.cloud:4566",
        "kinesis.us-east-1.amazonaws.com",
        "LocalHost",
    ],
)
def test_hosts_that_nobody_else_owns(host: str) -> None:
    assert known_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "amazonaws.com.evil.example",
        "1.2.3",
        "1.2.3.x",
    ],
)
def test_hosts_that_somebody_may_own(host: str) -> None:
    assert not known_host(host)


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
