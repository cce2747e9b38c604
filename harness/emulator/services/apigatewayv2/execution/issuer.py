"""A token issuer's keys: found by OpenID discovery, remembered on the clock (D9). Only on this machine and
allowed hosts (law 8); for an issuer elsewhere the built-in one of its name stands (`harness/emulator/issuers.py`)."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.outbound import Outbound
    from harness.emulator.world import World

KEPT_SECONDS = 7200.0
"""Virtual seconds that keys are remembered for (D9)."""
_FETCH_SECONDS = 1.5
"""Real seconds for one document (D9)."""


class Unreachable(Exception):
    """An issuer's discovery document or keys can't be had."""


class IssuerKeys:
    """Keys by issuer and key id. Only what was fetched is remembered: a failure is tried again by the next request."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[str, tuple[float, dict[str, Json]]] = {}

    async def of(self, issuer: str) -> dict[str, Json]:
        """Key id → JSON Web Key. Raises Unreachable."""
        if self._world.issuers.stand_for(issuer):
            return self._world.issuers.keys(issuer)
        now = self._world.clock.now()
        until, keys = self._kept.get(issuer, (0.0, {}))
        if until <= now:
            uri = await jwks_uri(issuer, self._world.outbound)
            document = await _fetch(uri, "JWKS communication error", self._world.outbound)
            listed = document.get("keys")
            if not isinstance(listed, list):
                raise Unreachable("JWKS communication error")
            keys = {str(key["kid"]): key for key in listed if isinstance(key, dict) and "kid" in key}
            self._kept[issuer] = (now + KEPT_SECONDS, keys)
        return keys


async def jwks_uri(issuer: str, outbound: Outbound) -> str:
    """Where the issuer's discovery document says that its keys are. Raises Unreachable."""
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    invalid = (
        f"Invalid issuer: {issuer}. Issuer must have a valid discovery endpoint ended with "
        "'/.well-known/openid-configuration'"
    )
    uri = (await _fetch(url, invalid, outbound)).get("jwks_uri")
    if not isinstance(uri, str):
        raise Unreachable(invalid)
    return uri


async def _fetch(url: str, problem: str, outbound: Outbound) -> Json:
    """The JSON object at an address. Raises Unreachable(problem)."""
    import httpx  # here: 40 ms that no start should pay

    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not outbound.reaches(parts.hostname or ""):
            raise Unreachable(problem)
        # In a thread: the limit is for the issuer, not for what else this process has to do meanwhile.
        document = await asyncio.to_thread(_get, url)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
        raise Unreachable(problem) from error
    if not isinstance(document, dict):
        raise Unreachable(problem)
    return document


def _get(url: str) -> Any:
    """The JSON at an address; None where the status is not 200. Raises TimeoutError after the limit, ValueError for
    what is no JSON, and what httpx raises."""
    import httpx

    # Redirects are not followed: they could lead elsewhere.
    with httpx.Client(trust_env=False, timeout=_FETCH_SECONDS) as client:
        until = time.monotonic() + _FETCH_SECONDS
        with client.stream("GET", url) as answer:
            body = bytearray()
            for part in answer.iter_bytes():
                body += part
                if time.monotonic() > until:
                    raise TimeoutError
            return json.loads(body) if answer.status_code == 200 else None
