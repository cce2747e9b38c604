"""A sink server behind the built-in sinks: the user named it, so deliveries may go there (law 8).

The built-in sinks record and can be scripted as ever; what has no scripted answer is answered by the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from harness.emulator.faults.endpoint_answer import RESET, EndpointAnswer

if TYPE_CHECKING:
    import httpx

    from harness.emulator.call import HttpRequest

# Written anew by the client, or between two hops only.
_NOT_PASSED_ON = frozenset(("host", "content-length", "connection", "transfer-encoding", "keep-alive"))
_ANSWER_SECONDS = 180.0  # Firehose's patience (A14)
_CONNECT_SECONDS = 5.0


class SinkServer:
    """The sink server at `url` (`http://sink:4566`)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client: httpx.AsyncClient | None = None

    @classmethod
    def at(cls, url: str) -> SinkServer:
        """Raises ValueError with a sentence."""
        place = urlsplit(url)
        if place.scheme not in ("http", "https") or not place.hostname or place.path not in ("", "/"):
            raise ValueError(f"--sinks {url} is not a URL such as http://localhost:4567")
        return cls(url.rstrip("/"))

    async def deliver(self, name: str, request: HttpRequest) -> EndpointAnswer:
        """What the server says to the delivery. One that can't be reached is 503, one that breaks off a reset."""
        import httpx  # here: 40 ms that no start should pay

        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
        headers = [(header, value) for header, value in request.headers if header not in _NOT_PASSED_ON]
        address = f"{self.url}/_harness/sinks/{name}/deliver"
        # A bare Request: the client would add headers that Firehose doesn't send.
        limits = {"timeout": httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS).as_dict()}
        passed = httpx.Request("POST", address, headers=headers, content=request.body, extensions=limits)
        try:
            answer = await self._client.send(passed)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            sentence = f"The sink server {self.url} can't be reached."
            return EndpointAnswer(503, body=orjson.dumps({"errorMessage": sentence}))
        except httpx.TransportError:
            return EndpointAnswer(behaviour=RESET)
        kind = answer.headers.get("content-type")
        return EndpointAnswer(answer.status_code, body=answer.content, headers=[("Content-Type", kind)] if kind else [])

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
