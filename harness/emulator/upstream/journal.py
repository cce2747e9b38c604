"""What changed in moto, as the calls that changed it.

moto's state is a graph of objects without a seam at which changes could be seen. So a call that changes something is
noted with all that its outcome depends on (its input, the time it lived in, the seed of its random numbers), and a
restart runs it again on top of the last snapshot, in the same order. Calls that only read are not noted.

KMS is noted by its state instead: key pairs come from the operating system's randomness and can't be made twice.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs

from harness.emulator.call import Call, Caller, HttpRequest
from harness.emulator.upstream import pickling
from harness.emulator.upstream.loading import backends
from harness.emulator.upstream.state import living_at
from harness.json_object import Json

T = TypeVar("T")

_READING = (
    "BatchGet", "Check", "Decode", "Describe", "Estimate", "Filter", "Get", "Head", "List", "Query", "Scan", "Search",
    "Select", "Simulate", "Test", "TransactGet", "Validate",
)  # fmt: skip
_CHANGING = {
    ("dynamodbstreams", "GetRecords"),  # makes the next iterator
    ("dynamodbstreams", "GetShardIterator"),
    ("kms", "DescribeKey"),  # makes the AWS managed key of an alias that has none
}
_COMPUTING = {
    ("kms", name)
    for name in (
        "Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext", "GenerateMac", "GenerateRandom", "ReEncrypt", "Sign", "Verify", "VerifyMac",
    )
}  # fmt: skip
_BY_STATE = "kms"


class Entry(NamedTuple):
    """One call that changed something. `request` is an outside call as it came (method, target, headers, body), None
    for a direct call with `params`. With `state` there is nothing to run: the service's backends became that."""

    service: str
    operation: str
    caller: Caller
    request_id: str
    params: Json
    request: tuple[str, str, list[tuple[str, str]], bytes] | None
    now: float
    seed: int
    state: bytes | None = None


class Replacement(NamedTuple):
    """All of moto's state was replaced: a snapshot was restored, or everything was emptied."""

    state: bytes | None


def only_reads(call: Call) -> bool:
    """Whether the call leaves no trace in moto (but counters that nobody is shown).

    A request may carry several names (`DELETE /bucket?policy&uploads`, an Action in its query and another one in its
    body), and moto may go by another one than we do: it only reads when each of them does.
    """
    request = call.http
    if request is not None and call.service == "s3" and request.method not in ("GET", "HEAD"):
        return False
    return all(_reads(call.service, name) for name in (call.operation, *_actions(request)))


def _reads(service: str, operation: str) -> bool:
    name = (service, operation)
    return (operation.startswith(_READING) and name not in _CHANGING) or name in _COMPUTING


def _actions(request: HttpRequest | None) -> list[str]:
    """Every Action in the query and in the body."""
    if request is None:
        return []
    forms = [request.query] if "Action=" in request.query else []
    if b"Action=" in request.body:
        forms.append(request.body.decode("latin-1"))
    return [action for form in forms for action in parse_qs(form).get("Action", ())]


class CallJournal:
    """The entries since the last `take`. Calls are noted by whoever runs moto, in that thread, in the order of running.

    `wake` is called on the event loop's thread before a call that will be noted; who runs one elsewhere calls it again.
    """

    def __init__(self, now: Callable[[], float], rng: random.Random, wake: Callable[[], None]) -> None:
        self.seconds = 0.0
        """Real seconds that the noted calls took: about what a restart will take for them."""
        self._now = now
        self._rng = rng
        self.wake = wake
        self._entries: deque[Entry | Replacement] = deque()
        self._last_state = b""

    def take(self) -> list[Entry | Replacement]:
        """What was noted since the last time."""
        taken = []
        while self._entries:
            taken.append(self._entries.popleft())
        return taken

    def replaced(self, state: bytes | None) -> None:
        """All state was replaced."""
        self._entries.append(Replacement(state))
        self.wake()

    def noting(self, work: Callable[..., T], call: Call, request: HttpRequest | None) -> Callable[..., T]:
        """`work`, so that running it notes the call."""
        if only_reads(call):
            return work
        self.wake()
        entry = Entry(
            call.service,
            call.operation,
            call.caller,
            call.request_id,
            call.params,
            (request.method, request.target, request.headers, request.body) if request is not None else None,
            self._now(),
            self._rng.getrandbits(64),
        )

        def run(*args: Any) -> T:
            began = time.perf_counter()
            try:
                with living_at(entry.now, entry.seed):
                    return work(*args)
            finally:
                # A call that failed may have changed something before.
                self._note(entry)
                self.seconds += time.perf_counter() - began

        return run

    def _note(self, entry: Entry) -> None:
        if entry.service != _BY_STATE:
            self._entries.append(entry)
            return
        state = pickling.dumps({account: dict(regions) for account, regions in backends(_BY_STATE).items()})
        if state != self._last_state:
            self._last_state = state
            self._entries.append(entry._replace(params={}, request=None, state=state))


def call_of(entry: Entry) -> tuple[Call, HttpRequest | None]:
    """The call, and its request if it came with one."""
    request = HttpRequest(*entry.request) if entry.request is not None else None
    return Call(entry.service, entry.operation, entry.params, entry.caller, entry.request_id, request), request
