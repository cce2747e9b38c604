"""moto in this process, behind the bus."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from harness.emulator.aside import uncollected
from harness.emulator.call import Call, HttpRequest, HttpResponse
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.service_registry import descriptor_of
from harness.emulator.spec.xml_text import readable
from harness.emulator.upstream import (
    direct,
    dynamodb_rules,
    internal_calls,
    kept_settings,
    long_poll,
    moto_errors,
    refusals,
    request_checks,
    s3_gaps,
    s3_rules,
    s3_wire,
)
from harness.emulator.upstream.journal import CallJournal, Entry, Replacement, call_of
from harness.emulator.upstream.loading import WsgiApp, backends, load_app
from harness.emulator.upstream.services import SERVED
from harness.emulator.upstream.state import MotoState, living_at
from harness.emulator.upstream.wsgi import call_app
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.permissions.directory import Directory
    from harness.emulator.world import World

T = TypeVar("T")
log = logging.getLogger(__name__)

_INLINE_BYTES = 256 * 1024
"""Up to this body size a call runs on the event loop: the way to the thread and back costs more than it saves."""

_QUICK_SECONDS = 0.05
"""CPU seconds that a call may keep the event loop."""

_IDS = {"x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"}


class MotoUpstream:
    """The `Upstream` of a World for everything in `SERVED`.

    moto's work is computing, no waiting. Operations that were quick the last time run on the event loop. The first call
    of one (imports and data files, 10 ms to 1 s), slow ones and big bodies run in one thread, and while that thread
    works everything queues up behind it, because moto is not thread-safe.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = MotoState(world.clock.now, world.seed)
        self._apps: dict[str, WsgiApp] = {}
        self._quick: set[tuple[str, str]] = set()
        """Operations whose last call was quick, by service and name."""
        self._loaded: set[tuple[str, str]] = set()
        """Operations that were slow once."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="moto")
        self._in_thread = 0
        self._polls = long_poll.LongPolls(world.clock)
        self._journal: CallJournal | None = None

    # -- the Upstream protocol --------------------------------------------------------------------------------

    def serves(self, service: str) -> bool:
        return service in SERVED

    async def call(self, call: Call) -> Json:
        """A call from inside. Raises AwsError."""
        hot = direct.find(call)
        if hot is not None:
            work = hot if self._journal is None else self._journal.noting(hot, call, None)
            answer = await self._run(call, len(call.params.get("Body", b"")), work, call)
        else:
            request = self._with_scope(call, internal_calls.make_request(call))
            response = await self.forward(call, request)
            answer = internal_calls.read_response(call, response)
        self._polls.wake()
        return answer

    async def forward(self, call: Call, request: HttpRequest) -> HttpResponse:
        """A request as it came. Raises AwsError for what moto can't do or fails at."""
        request_checks.check(call, request)
        refusals.check(call, request)
        if call.service == "sqs" and call.operation == "ReceiveMessage":
            return await self._receive(call, request)
        change = kept_settings.change(call, request)
        if change is not None and change.settings is not None:
            self.world.kept.check(call, change.settings)
        response = await self._run(call, len(request.body), self._answering(call, request), call, request)
        if change is not None and response.status < 300:
            kept_settings.apply(self.world.kept, call, change)
        self._polls.wake()
        return response

    def dump(self) -> bytes:
        """All state, for a snapshot."""
        return self.state.dump()

    def load(self, state: bytes | None) -> None:
        """Replace all state; None empties it. Raises what pickle raises."""
        self.state.load(state)
        if self._journal is not None:
            self._journal.replaced(state)
        self._polls.wake()

    def directory(self) -> Directory:
        """Users, roles and policies, for permission checks."""
        from harness.emulator.upstream.directory import MotoDirectory

        return MotoDirectory(self.state)

    async def start(self) -> None:
        """Nothing: moto only works when it is called."""

    async def stop(self) -> None:
        """Nothing."""

    # -- surviving --------------------------------------------------------------------------------------------

    def keep_journal(self, wake: Callable[[], None]) -> CallJournal:
        """Note every call that changes something from now on (`CallJournal`)."""
        self._journal = CallJournal(self.world.clock.now, self.world.rng, wake)
        return self._journal

    def end_journal(self) -> None:
        """Note nothing any more."""
        self._journal = None

    @property
    def is_busy(self) -> bool:
        """Whether moto runs in its thread: its state is in between."""
        return self._in_thread > 0

    def repeat(self, entry: Entry | Replacement) -> None:
        """Do again what was noted. A call that failed then fails now; both are silent."""
        if isinstance(entry, Replacement):
            self.state.load(entry.state)
            return
        call, request = call_of(entry)

        def again() -> None:
            if entry.state is not None:
                self.state.replace_backends(call.service, entry.state)
                return
            with living_at(entry.now, entry.seed):
                if request is not None:
                    self._answer(call, request)
                elif (hot := direct.find(call)) is not None:
                    hot(call)

        try:
            self._work(call, again)
        except (AwsError, NotEmulated):
            pass

    # -- running moto -----------------------------------------------------------------------------------------

    async def _run(self, call: Call, size: int, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)` with moto in this World's state, on the loop or in the thread."""
        operation = (call.service, call.operation)
        if size <= _INLINE_BYTES and self._in_thread == 0 and operation in self._quick:
            return self._work(call, work, *args)
        self._in_thread += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, uncollected, self._work, call, work, *args)
        finally:
            self._in_thread -= 1
            if self._journal is not None:
                self._journal.wake()

    def _work(self, call: Call, work: Callable[..., T], *args: Any) -> T:
        began = time.thread_time()
        try:
            return self._in_state(call, work, *args)
        finally:
            self._learn((call.service, call.operation), time.thread_time() - began)

    def _learn(self, operation: tuple[str, str], seconds: float) -> None:
        if seconds <= _QUICK_SECONDS:
            self._quick.add(operation)
            return
        self._quick.discard(operation)
        if operation not in self._loaded:
            # It brought modules and data, which stay: every full collection would walk them, for 0.2 s.
            self._loaded.add(operation)
            gc.freeze()

    def _in_state(self, call: Call, work: Callable[..., T], *args: Any) -> T:
        with self.state.entered():
            try:
                if call.service not in self._apps:
                    self._apps[call.service] = load_app(call.service)
                return work(*args)
            except AwsError:
                raise
            except NotImplementedError as error:
                raise NotEmulated(call.service, f"operation {call.operation or error}") from error
            except Exception as error:
                raise moto_errors.as_aws_error(error, call) from error

    def _answering(self, call: Call, request: HttpRequest) -> Callable[[Call, HttpRequest], HttpResponse]:
        return self._answer if self._journal is None else self._journal.noting(self._answer, call, request)

    def _answer(self, call: Call, request: HttpRequest) -> HttpResponse:
        if call.service == "s3":
            request = s3_wire.normalised(request)
            s3_rules.check(call, request)
            if (found := s3_gaps.answer(call, request)) is not None:
                return found
        elif not request.header("authorization"):
            request = self._with_scope(call, request)
        if call.service == "dynamodb":
            dynamodb_rules.check(call, request)
        try:
            response = call_app(self._apps[call.service], request, call.account)
        except (AwsError, NotImplementedError):
            raise
        except Exception as error:
            raise moto_errors.blame_request(error, call, request) from error
        moto_errors.refuse_shapeless(response, call, request)
        if call.operation == "PutBucketPolicy" and response.status == 200:
            response = HttpResponse(204, response.headers, b"")
        response.headers = [_named(item, response.body) for item in response.headers if item[0].lower() not in _IDS]
        if response.body[:1] == b"<" and (call.operation != "GetObject" or response.status >= 400):
            response.body = readable(response.body, numbered=call.service == "s3" and call.operation.startswith("List"))
        if call.service == "s3":
            response.headers.append(("x-amz-id-2", call.request_id))
        return response

    def _with_scope(self, call: Call, request: HttpRequest) -> HttpRequest:
        """An unsigned request with the region where moto looks for it: in the signature's scope."""
        name = descriptor_of(call.service).signing_name
        scope = f"{call.caller.access_key or 'test'}/20000101/{call.region}/{name}/aws4_request"
        authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        headers = [*request.headers, ("authorization", authorization)]
        if not request.header("host"):
            headers.append(("host", self.world.endpoint_url.partition("//")[2] or "localhost"))
        return HttpRequest(request.method, request.target, headers, request.body)

    # -- SQS --------------------------------------------------------------------------------------------------

    async def _receive(self, call: Call, request: HttpRequest) -> HttpResponse:
        seconds = long_poll.wait_seconds(request)
        short = long_poll.without_wait(request)

        async def attempt() -> HttpResponse:
            return await self._run(call, 0, self._answering(call, short), call, short)

        queue_name = str(refusals.fields(request).get("QueueUrl", request.path)).rstrip("/").rpartition("/")[2]
        if seconds is None:
            seconds = await self._run(call, 0, _default_wait, call, queue_name)
        if seconds <= 0:
            return await attempt()
        return await self._polls.receive(attempt, seconds, lambda: self._next_visible(call, queue_name))

    def _next_visible(self, call: Call, queue_name: str) -> float | None:
        with self.state.entered():
            queue = backends("sqs")[call.account][call.region].queues.get(queue_name)
            hidden = [max(m.visible_at, m.delayed_until) / 1000 for m in queue._messages] if queue is not None else []
        return min((when for when in hidden if when > self.world.clock.now()), default=None)


def _named(header: tuple[str, str], body: bytes) -> tuple[str, str]:
    """The header; a content type that Flask made up for JSON or XML becomes the right one."""
    if header[0] == "Content-Type" and header[1].startswith("text/html") and body[:1] in (b"{", b"<"):
        return header[0], "application/x-amz-json-1.1" if body[:1] == b"{" else "text/xml"
    return header


def _default_wait(call: Call, queue_name: str) -> float:
    queue = backends("sqs")[call.account][call.region].queues.get(queue_name)
    return float(queue.receive_message_wait_time_seconds) if queue is not None else 0.0
