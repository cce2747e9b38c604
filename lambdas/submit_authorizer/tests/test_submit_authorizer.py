"""The authorizer alone. Failures first."""

from __future__ import annotations

import hashlib
import logging
from types import ModuleType

import pytest

TOKENS = ("first-example-token", "second-example-token")
DIGESTS = ",".join(hashlib.sha256(token.encode()).hexdigest() for token in TOKENS)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKENS[0]}", TOKENS[0], f"Bearer {TOKENS[0]} ", "Bearer ü"],
)
def test_what_bears_no_known_token_is_denied(
    handler: ModuleType, monkeypatch: pytest.MonkeyPatch, authorization: str
) -> None:
    monkeypatch.setenv("TOKEN_DIGESTS", DIGESTS)
    assert handler.lambda_handler({"identitySource": [authorization]}, None) == {"isAuthorized": False}


def test_without_tokens_nobody_is_known(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN_DIGESTS", raising=False)
    assert handler.lambda_handler({"identitySource": ["Bearer "]}, None) == {"isAuthorized": False}


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_known_token_passes_and_is_not_logged(
    handler: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, scheme: str, token: str
) -> None:
    monkeypatch.setenv("TOKEN_DIGESTS", DIGESTS)
    event = {"identitySource": [f"{scheme} {token}"], "routeKey": "POST /submit"}
    with caplog.at_level(logging.INFO):
        assert handler.lambda_handler(event, None) == {"isAuthorized": True}
    assert "POST /submit: allowed" in caplog.text
    assert token not in caplog.text
