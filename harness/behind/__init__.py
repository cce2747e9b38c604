"""What lives behind the emulator: brought back, test by test, by AWS's public APIs.

No snapshot holds it. So the suite remembers what was there after the apply; what came later is removed, content is
emptied, and what is gone or changed is told, for the stack to be applied again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from typing import Any

from botocore.exceptions import ClientError

from harness.behind.kind import Json, Kind
from harness.behind.kinds.buckets import Buckets
from harness.behind.kinds.log_groups import LogGroups
from harness.behind.kinds.named import KeyAliases, Parameters, Policies, Rules, Secrets
from harness.behind.kinds.queues import Queues
from harness.behind.kinds.roles import Roles
from harness.behind.kinds.tables import Tables
from harness.behind.kinds.topics import Topics
from harness.problem import Problem

__all__ = ["ALL_KINDS", "Behind"]

# In the order of cleaning: what tells others of a change stands before those that hear of it.
ALL_KINDS: tuple[Kind, ...] = (
    Rules(),
    Buckets(),
    Tables(),
    Topics(),
    LogGroups(),
    Roles(),
    Policies(),
    Parameters(),
    Secrets(),
    KeyAliases(),
    Queues(),
)


class Behind:
    """What is at the endpoint behind, reached through the emulator. `here` are the services that are not there."""

    def __init__(self, client_of: Callable[[str], Any], here: Collection[str]) -> None:
        self._client_of = client_of
        self._kinds = [kind for kind in ALL_KINDS if kind.service not in here]
        self._before: dict[str, dict[str, Json]] = {}

    def remember(self) -> None:
        """What is there now is how every test shall find it."""
        self._before = {
            kind.noun: {name: kind.describe(client, name) for name in names} for kind, client, names in self._found()
        }

    def clean(self) -> list[str]:
        """Remove and empty. Returns what is not as it was: `the bucket reports is gone`."""
        different: list[str] = []
        for kind, client, names in self._found():
            before = self._before[kind.noun]
            for name in names:
                if name not in before:
                    kind.remove(client, name)
                    continue
                now = kind.describe(client, name)
                with contextlib.suppress(Problem):  # what stays shows as a difference
                    kind.empty(client, name, before[name], now)
                if now != before[name] and kind.describe(client, name) != before[name]:
                    different.append(f"the {kind.noun} {name} is not as it was")
            different += [f"the {kind.noun} {name} is gone" for name in before if name not in names]
        return different

    def _found(self) -> Iterator[tuple[Kind, Any, list[str]]]:
        """Every kind with the names of what there is; without those whose service the endpoint does not have."""
        for kind in list(self._kinds):
            client = self._client_of(kind.service)
            try:
                names = list(kind.find(client))
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 501:
                    raise
                self._kinds.remove(kind)
                continue
            yield kind, client, names
