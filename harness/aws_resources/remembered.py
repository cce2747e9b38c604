"""What is at the emulator's upstream, brought back test by test.

No snapshot holds it. So the suite remembers what was there after the apply; what came later is removed, content is
emptied, and what is gone or changed is told, for the stack to be applied again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator

from botocore.exceptions import ClientError

from harness.aws_resources.kind import ClientOf, DescribedKind
from harness.aws_resources.table import DESCRIBED_KINDS
from harness.json_object import Json
from harness.problem import Problem


class Remembered:
    """The resources of an endpoint, reached through the emulator. `here` are the services that are not there."""

    def __init__(self, client_of: ClientOf, here: Collection[str]) -> None:
        self._client_of = client_of
        self._kinds = [kind for kind in DESCRIBED_KINDS if kind.service not in here]
        self._before: dict[str, dict[str, Json]] = {}

    def remember(self) -> None:
        """What is there now is how every test shall find it."""
        self._before = {
            kind.noun: {id: kind.describe(self._client_of, id) for id in ids} for kind, ids in self._found()
        }

    def clean(self) -> list[str]:
        """Remove and empty. Returns what is not as it was: `the bucket reports is gone`."""
        different: list[str] = []
        for kind, ids in self._found():
            before = self._before[kind.noun]
            for id in ids:
                if id not in before:
                    kind.remove(self._client_of, id)
                    continue
                now = kind.describe(self._client_of, id)
                with contextlib.suppress(Problem):  # what stays shows as a difference
                    kind.empty(self._client_of, id, before[id], now)
                if now != before[id] and kind.describe(self._client_of, id) != before[id]:
                    different.append(f"the {kind.noun} {id} is not as it was")
            different += [f"the {kind.noun} {id} is gone" for id in before if id not in ids]
        return different

    def _found(self) -> Iterator[tuple[DescribedKind, list[str]]]:
        """Every kind with the ids of what there is; without those whose service the endpoint does not have."""
        for kind in list(self._kinds):
            try:
                ids = [found.id for found in kind.find(self._client_of)]
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 501:
                    raise
                self._kinds.remove(kind)
                continue
            yield kind, ids
