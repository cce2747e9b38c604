"""Every request has an id: the caller's X-Request-ID, else a new UUID. It is in each answer and in each log line."""

from __future__ import annotations

import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src.logs import logger, request_id
from src.problems import internal_error

HEADER = "X-Request-ID"
_USABLE = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)


class RequestIds:
    """ASGI middleware. It also answers for what no handler expected, so that this is logged with its request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        own = given if _USABLE.fullmatch(given) else str(uuid.uuid4())
        began = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = own
            await send(message)

        token = request_id.set(own)
        try:
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                logger.exception("The request failed")
                if status:
                    raise
                await internal_error().response()(scope, receive, send_with_id)
            milliseconds = (time.perf_counter() - began) * 1000
            # Without the query string and the headers: they are the caller's business.
            logger.info("%s %s %d %.0f ms", scope["method"], scope["path"], status, milliseconds)
        finally:
            request_id.reset(token)
