"""A streamed answer as the HTTP response of a function URL (C13)."""

from __future__ import annotations

import orjson

from harness.emulator.api_gateway.function_answer import BadAnswer, from_lambda
from harness.emulator.call import HttpResponse, StreamedResponse
from harness.emulator.services.lambda_.streamed_events import StreamedAnswer

HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response"
"""The type of an answer that begins with status, headers and cookies as JSON, and eight zero bytes behind it."""

_END = bytes(8)
_MAX_PRELUDE = 1024 * 1024


class _Body:
    """What is left of the answer: `rest` first."""

    def __init__(self, rest: bytes, answer: StreamedAnswer) -> None:
        self._rest = rest
        self._answer = answer

    async def __anext__(self) -> bytes:
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        piece = await self._answer.next_piece()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        await self._answer.aclose()


async def streamed_response(answer: StreamedAnswer) -> HttpResponse | None:
    """The response, once its head is known; None for a function that failed before. Raises BadAnswer."""
    first = await answer.next_piece()
    if first is None and answer.outcome is not None and answer.outcome.error is not None:
        return None
    begun = first or b""
    if answer.stream.content_type != HTTP_INTEGRATION:
        kind = answer.stream.content_type or "application/octet-stream"
        return StreamedResponse(200, [("content-type", kind)], _Body(begun, answer))
    while _END not in begun:
        piece = await answer.next_piece()
        if piece is None or len(begun) > _MAX_PRELUDE:
            raise BadAnswer("the head of the streamed answer does not end")
        begun += piece
    head, _, rest = begun.partition(_END)
    try:
        told = orjson.loads(head)
    except ValueError:
        raise BadAnswer("the head of the streamed answer is not JSON") from None
    if not isinstance(told, dict):
        raise BadAnswer("the head of the streamed answer is no object")
    shown = {"statusCode": 200, **{key: value for key, value in told.items() if key != "body"}}
    response = from_lambda(orjson.dumps(shown), "2.0", "application/octet-stream")
    return StreamedResponse(response.status, response.headers, _Body(rest, answer))
