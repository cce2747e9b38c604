"""One HTTP request to an endpoint, and what went wrong as Firehose names it (A14).

This is real work on a real socket; the answer is awaited in real time, at most as long as Firehose waits.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

from harness.emulator.services.firehose.destinations.http_address import delivery_address
from harness.emulator.services.firehose.reason import Reason

if TYPE_CHECKING:
    import httpx

    from harness.emulator.world import World

MAX_RESPONSE = 1024 * 1024

TIMED_OUT = Reason(
    "HttpEndpoint.RequestTimeout",
    "The delivery timed out before a response was received and will be retried. If this error persists, contact the "
    "owner of the endpoint.",
)
TOO_LARGE = Reason(
    "HttpEndpoint.ResponseTooLarge",
    "The response received from the endpoint is too large. Contact the owner of the endpoint to resolve this issue.",
)
NOT_CONNECTED = Reason(
    "HttpEndpoint.ConnectionFailed",
    "Unable to connect to the destination endpoint. Contact the owner of the endpoint to resolve this issue.",
)
RESET = Reason(
    "HttpEndpoint.ConnectionReset",
    "Unable to maintain connection with the endpoint. Contact the owner of the endpoint to resolve this issue.",
)
HANDSHAKE = Reason(
    "HttpEndpoint.SSLHandshakeFailure",
    "Unable to complete an SSL Handshake with the endpoint. Contact the owner of the endpoint to resolve this issue.",
)


class NoAnswer(Exception):
    """No usable HTTP response came, for `reason`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


class Answer:
    """An endpoint's response: status, header values by lower-case name, body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class EndpointClient:
    """Posts to endpoints: no redirects, no proxies from the environment, only to hosts that may be reached."""

    answer_seconds = 180.0
    """How long Firehose waits for an answer (3 minutes), in seconds of the clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client: httpx.AsyncClient | None = None

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Raises NoAnswer."""
        import httpx

        address = delivery_address(url, self._world)
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=None)
        # A task of its own: a cancellation can be lost inside the client while it connects, and is repeated then.
        sending = asyncio.get_running_loop().create_task(self._send(self._client, address, headers, body))
        try:
            if not await self._ends_in_time(sending, headers.get("X-Amz-Firehose-Request-Id", "")):
                raise NoAnswer(TIMED_OUT)
            return sending.result()
        except httpx.TimeoutException as error:
            raise NoAnswer(TIMED_OUT) from error
        except httpx.ConnectError as error:
            raise NoAnswer(HANDSHAKE if _is_tls(error) else NOT_CONNECTED) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise NoAnswer(NOT_CONNECTED) from error
        except httpx.TransportError as error:
            raise NoAnswer(RESET) from error
        finally:
            await _end(sending)

    async def _send(self, client: httpx.AsyncClient, address: str, headers: dict[str, str], body: bytes) -> Answer:
        import httpx

        # A bare Request: the client would add headers that Firehose doesn't send.
        request = httpx.Request("POST", address, headers=headers, content=body)
        response = await client.send(request, stream=True)
        try:
            return await self._read(response)
        finally:
            await response.aclose()

    async def _ends_in_time(self, sending: asyncio.Task[Answer], request_id: str) -> bool:
        """Whether the exchange ended within Firehose's patience, in the clock's time and in real time; else it is
        broken off.

        The clock's time passes only while an endpoint inside this emulator lets it (`World.exchanges`).
        """
        clock, loop = self._world.clock, asyncio.get_running_loop()
        given_up: asyncio.Future[None] = loop.create_future()
        ended: asyncio.Future[None] = loop.create_future()
        self._world.exchanges[request_id] = given_up

        async def give_up() -> None:
            if not ended.done():
                given_up.set_result(None)
                await ended  # as counted work: the endpoint still believes that the client does not count

        name = f"firehose: waiting for an endpoint's answer to {request_id}"
        timer = clock.call_later(self.answer_seconds, give_up, name=name, data=True)
        try:
            patience = self.answer_seconds / clock.rate
            either: set[asyncio.Future[Any]] = {sending, given_up}
            await asyncio.wait(either, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            in_time = sending.done()
            await _end(sending)
            return in_time
        finally:
            timer.cancel()
            self._world.exchanges.pop(request_id, None)
            ended.set_result(None)
            if not given_up.done():
                given_up.set_result(None)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @staticmethod
    async def _read(response: httpx.Response) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        size = sum(len(name) + len(value) + 4 for name, value in headers.items())
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if size + len(body) > MAX_RESPONSE:
                raise NoAnswer(TOO_LARGE)
        return Answer(response.status_code, headers, bytes(body))


async def _end(sending: asyncio.Task[Answer]) -> None:
    """Break the exchange off, if it has not ended."""
    while not sending.done():
        sending.cancel()
        await asyncio.wait({sending}, timeout=1)


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) or "SSL" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
