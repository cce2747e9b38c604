"""SQS long polling on the world's clock: moto itself would sleep in its thread until the system's time has passed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlencode

import orjson

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError
from harness.emulator.upstream.refusals import fields

_LONGEST = 20
Attempt = Callable[[], Awaitable[HttpResponse]]


class LongPolls:
    """The receivers that wait for a message."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._waiting: set[asyncio.Future[None]] = set()

    def wake(self) -> None:
        """Something happened that may have brought a message."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def receive(self, attempt: Attempt, seconds: float, next_visible: Callable[[], float | None]) -> HttpResponse:
        """Repeat `attempt` until it brings messages or `seconds` of virtual time have passed.

        `next_visible` gives the time at which a message that is hidden now comes back. Where time stands still
        (manual mode) nothing can come once no work is in flight: the poll ends then, instead of never.
        """
        deadline = self.clock.now() + seconds
        quiet = False
        while True:
            answer = await attempt()
            if answer.status != 200 or has_messages(answer) or quiet or self.clock.now() >= deadline:
                return answer
            if self.clock.mode == "manual":
                await self.clock.wait(self.clock.quiesce())
                quiet = True
            else:
                await self._news(min(deadline, next_visible() or deadline))

    async def _news(self, until: float) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        timer = self.clock.call_at(until, self.wake, name="sqs long poll", data=False)
        try:
            await self.clock.wait(waiter)
        finally:
            self._waiting.discard(waiter)
            timer.cancel()


def wait_seconds(request: HttpRequest) -> float | None:
    """The WaitTimeSeconds of a ReceiveMessage request; None if it leaves that to the queue.

    Raises AwsError for what is no number from 0 to 20: moto would sleep in real time on some of that.
    """
    value = fields(request).get("WaitTimeSeconds")
    if value is None:
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST:
        text = f"Value {value} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."
        raise AwsError("InvalidParameterValue", text)
    return seconds


def without_wait(request: HttpRequest) -> HttpRequest:
    """The same request as a short poll. Raises AwsError for JSON that is nested too deep to be written again."""
    if request.body[:1] == b"{":
        try:
            body = orjson.dumps({**orjson.loads(request.body), "WaitTimeSeconds": 0})
        except TypeError as error:  # it reads deeper than it writes
            raise AwsError("SerializationException", "The request is nested too deep") from error
    else:
        form = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        kept = [(name, value) for name, value in form if name != "WaitTimeSeconds"]
        body = urlencode([*kept, ("WaitTimeSeconds", "0")], encoding="latin-1").encode()
    return HttpRequest(request.method, request.target, request.headers, body)


def has_messages(answer: HttpResponse) -> bool:
    """Whether a ReceiveMessage answer (JSON or XML) carries a message."""
    return b"MessageId" in answer.body
