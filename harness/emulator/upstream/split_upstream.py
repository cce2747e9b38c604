"""The upstream of a World whose services are split: some in-process, all others at an endpoint behind it."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from harness.emulator.call import Call, HttpRequest, HttpResponse
from harness.emulator.clock import Timer
from harness.emulator.errors import AwsError
from harness.emulator.service_registry import descriptor_of
from harness.emulator.upstream import internal_calls, split_deliveries
from harness.emulator.upstream.moto_upstream import MotoUpstream
from harness.emulator.upstream.remote import ANSWER_SECONDS, INVOKE_SECONDS, Remote, looks_right
from harness.emulator.upstream.sdk import loader
from harness.emulator.upstream.signing import signed
from harness.emulator.upstream.split import Split
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.permissions.directory import Directory
    from harness.emulator.world import World

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""How often the readers of streams that live behind the endpoint look for records: as often as Firehose does (A6)."""


class SplitUpstream(MotoUpstream):
    """The `Upstream` of a World with `--upstream`.

    State behind the endpoint is not ours: a snapshot of it is refused, never half done.
    """

    def __init__(self, world: World, split: Split) -> None:
        super().__init__(world)
        self.split = split
        self.remote = Remote(split.url)
        self._poll: Timer | None = None

    def serves(self, service: str) -> bool:
        if service in self.split.here:
            return super().serves(service)
        return _is_a_service(service)

    async def call(self, call: Call) -> Json:
        """A call from inside. Raises AwsError."""
        if call.service in self.split.here:
            return await super().call(call)
        request = signed(call, internal_calls.make_request(call), self.remote.url)
        response = await self.remote.send(request, answer_seconds=_patience(call))
        if not looks_right(call, request, response):
            raise self.remote.not_an_answer(call.service, response.status)
        try:
            return internal_calls.read_response(call, response)
        except AwsError as error:
            # botocore makes `500` a code when the body has none.
            if error.code.isdigit():
                raise self.remote.not_an_answer(call.service, response.status) from error
            raise
        except Exception as error:
            raise self.remote.not_an_answer(call.service, response.status) from error

    async def forward(self, call: Call, request: HttpRequest) -> HttpResponse:
        """A request as it came. Raises AwsError."""
        if call.service in self.split.here:
            split_deliveries.check(call, request, self.split.here)
            return await super().forward(call, request)
        response = await self.remote.send(request, answer_seconds=_patience(call))
        if not looks_right(call, request, response):
            raise self.remote.not_an_answer(call.service, response.status)
        return response

    def directory(self) -> Directory:
        """Users, roles and policies. Raises ValueError where they live behind the endpoint."""
        if not {"iam", "sts"} <= self.split.here:
            raise ValueError(f"iam and sts must be served here for permissions to be enforced, not by {self.split.url}")
        return super().directory()

    # -- readers of streams behind the endpoint -----------------------------------------------------------------

    async def start(self) -> None:
        if "kinesis" not in self.split.here:
            self._wake_readers()

    async def stop(self) -> None:
        if self._poll is not None:
            self._poll.cancel()
            self._poll = None
        await self.remote.close()

    def _wake_readers(self) -> None:
        self.world.topics.notify_all("kinesis:")
        name = f"polling the streams of {self.remote.url}"
        self._poll = self.world.clock.call_later(POLL_SECONDS, self._wake_readers, name=name, data=False)


@functools.cache
def _is_a_service(service: str) -> bool:
    from botocore.exceptions import UnknownServiceError

    try:
        loader().determine_latest_version(service, "service-2")
    except (UnknownServiceError, ValueError):
        return False
    return True


def _patience(call: Call) -> float:
    return INVOKE_SECONDS if call.operation in descriptor_of(call.service).answer_seconds else ANSWER_SECONDS
