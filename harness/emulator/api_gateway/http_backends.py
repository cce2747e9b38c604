"""The client for HTTP backends of integrations; its connections live as long as the service runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

NOT_PASSED_ON = frozenset(("connection", "content-length", "host", "keep-alive", "transfer-encoding"))
"""Headers that belong to one connection."""


class HttpBackends:
    """What an integration calls by HTTP. Whether it may be reached is the caller's to ask (law 8)."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    def client(self) -> httpx.AsyncClient:
        """Follows no redirect and has no bound of its own: each request brings one."""
        if self._client is None:
            import httpx  # here: 40 ms that no start should pay

            self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=None)
        return self._client

    async def stop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
