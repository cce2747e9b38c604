"""Law 8: neither discovery documents nor keys are fetched from another machine."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from harness.emulator.outbound import Outbound, is_loopback
from harness.emulator.services.apigatewayv2.execution.issuer import Unreachable, jwks_uri

ELSEWHERE = (
    "https://issuer.example.com",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://127.0.0.1@issuer.example.com",
    "http://169.254.169.254",
    "http://0.0.0.0",
    "file:///etc/hosts",
    "http://[::1",
    "nonsense",
    "",
)


@pytest.mark.parametrize("issuer", ELSEWHERE)
def test_no_request_leaves_the_machine(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    def send(_: httpx.Client, request: httpx.Request, **__: Any) -> httpx.Response:
        raise AssertionError(f"{request.url} was asked for")

    monkeypatch.setattr(httpx.Client, "send", send)
    with pytest.raises(Unreachable):
        asyncio.run(jwks_uri(issuer, Outbound()))


def test_hosts_of_this_machine() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.9.1", "::1", "idp.localhost")))
    assert not any(map(is_loopback, ("", "example.com", "127.0.0.1.example.com", "10.0.0.1", "localhost.example.com")))
