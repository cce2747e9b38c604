"""A target that runs already, at a URL: an emulator that is borrowed, or any endpoint of AWS's kind.

It is left running. What it is and can do was found out (`harness.targets.probe`), or is known.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

from harness.clients import Aws
from harness.problem import Problem
from harness.targets.capabilities import Capability
from harness.targets.emptying import SERVICES, empty_publicly
from harness.targets.target import Show, Target, unseen

LOOK_SECONDS = 10.0
RESET_SECONDS = 120.0


@dataclass
class EndpointTarget(Target):
    """`capabilities` were found; `reset` is the path that empties it, None where there is none.

    `kept` is None where that empties all. Else it holds the services that the reset empties (those of an edge), and the
    others are emptied by public APIs. `account` is the one that it answers in, empty where it does not say. `name` is
    the URL unless the target is known by another name.
    """

    url: str
    kind: str
    capabilities: frozenset[Capability] = frozenset()
    reset: str | None = None
    account: str = ""
    kept: frozenset[str] | None = None
    name: str = ""
    region: str | None = field(default=None, compare=False)
    _first: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        self.name = self.name or self.url

    @cached_property
    def aws(self) -> Aws:
        return Aws(self.url, self.region)

    def start(self, show: Show = unseen) -> None:
        """Raises Problem unless anything at all comes back from it."""
        request(self.url, "GET", "/", LOOK_SECONDS)

    def stop(self) -> bool:
        """It goes on; our snapshot of it is removed."""
        if self._first is not None:
            self.admin.delete_snapshot(self._first)
        return False

    def alive(self) -> bool:
        try:
            self.start()
        except Problem:
            return False
        return True

    def remember(self, snapshot: str | None = None) -> None:
        """For one that has snapshots: what it was found with is the first state."""
        self._first = f"pytest-{uuid.uuid4()}"
        self.admin.save_snapshot(self._first)

    def clean(self) -> bool:
        self.admin.begin_again(self._first)
        return False

    def empty(self, called: Collection[str] = SERVICES) -> None:
        """Forget everything there; by public APIs, what is in the services that were called. Raises Problem."""
        if self.reset is not None and request(self.url, "POST", self.reset, RESET_SECONDS)[0] != 200:
            raise Problem(f"{self.url} could not be emptied by POST {self.reset}.")
        if self.kept is not None:
            empty_publicly(self.aws.client, called, self.kept)


def request(url: str, method: str, path: str, seconds: float) -> tuple[int, bytes]:
    """(status, body). Raises Problem when there is no answer in HTTP."""
    import httpx

    try:
        # No proxy, no netrc: what is meant is the endpoint that the user named.
        with httpx.Client(trust_env=False, timeout=seconds) as client:
            answer = client.request(method, url + path)
    except httpx.InvalidURL:
        raise Problem(f"{url} is not a URL.") from None
    except httpx.TimeoutException:
        raise Problem(f"{url} did not answer within {seconds:g} s.") from None
    except httpx.HTTPError as error:
        raise Problem(f"{url} does not answer ({error}).") from None
    return answer.status_code, answer.content
