"""How an issuer's documents are fetched (D9: JWKS/OIDC fetch 1 500 ms)."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from harness.emulator.outbound import Outbound
from harness.emulator.services.apigatewayv2.execution import issuer as fetching
from harness.emulator.services.apigatewayv2.execution.issuer import Unreachable, jwks_uri
from tests.local_issuer import LocalIssuer

LIMIT = 0.6


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> LocalIssuer:
    monkeypatch.setattr(fetching, "_FETCH_SECONDS", LIMIT)
    return LocalIssuer()


def test_an_issuer_that_does_not_answer_is_given_up(local: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """D9: the fetch has a limit."""
    released = threading.Event()

    def silent(path: str) -> tuple[int, bytes]:
        released.wait()
        return 404, b""

    monkeypatch.setattr(local, "answer", silent)
    try:
        with pytest.raises(Unreachable):
            asyncio.run(jwks_uri(local.url, Outbound()))
    finally:
        released.set()
        local.close()


def test_the_limit_is_the_issuers_alone(local: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """D9: an emulator that is busy for longer than the limit does not blame the issuer, who answered at once."""
    asked, occupied = threading.Event(), threading.Event()
    answer = local.answer

    def answering(path: str) -> tuple[int, bytes]:
        asked.set()
        occupied.wait()
        return answer(path)

    async def busy() -> str:
        fetch = asyncio.create_task(jwks_uri(local.url, Outbound()))
        await asyncio.to_thread(asked.wait)
        occupied.set()
        occupy_the_loop()
        return await fetch

    monkeypatch.setattr(local, "answer", answering)
    try:
        assert asyncio.run(busy()) == f"{local.url}/keys"
    finally:
        local.close()


def occupy_the_loop() -> None:
    """What many other requests do."""
    time.sleep(LIMIT * 1.5)
