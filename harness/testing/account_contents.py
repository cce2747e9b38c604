"""What the tests put into the stack's buckets, tables and queues on an account, taken out before the next test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from harness.behind.kind import Json, Kind
from harness.behind.kinds.buckets import Buckets
from harness.behind.kinds.queues import Queues
from harness.behind.kinds.tables import Tables

# Of the kinds that hold data; by Terraform type, whose id is what the kind calls a name.
_KINDS: dict[str, Kind] = {"aws_s3_bucket": Buckets(), "aws_dynamodb_table": Tables(), "aws_sqs_queue": Queues()}


@dataclass(frozen=True)
class Contents:
    """The stack's own resources, and what they held right after the apply."""

    client_of: Callable[[str], Any]
    before: dict[tuple[str, str], Json]

    @classmethod
    def of(cls, client_of: Callable[[str], Any], resources: Sequence[tuple[str, str]], prefix: str) -> Contents:
        """Of the resources (type, id) whose names begin with the prefix; no others are ever emptied."""
        before = {
            (kind, name): _KINDS[kind].describe(client_of(_KINDS[kind].service), name)
            for kind, name in resources
            if kind in _KINDS and name.rpartition("/")[2].startswith(prefix)
        }
        return cls(client_of, before)

    def empty(self) -> None:
        for (kind, name), before in self.before.items():
            known = _KINDS[kind]
            client = self.client_of(known.service)
            try:
                known.empty(client, name, before, known.describe(client, name))
            except ClientError as error:
                # AWS purges a queue once a minute; messages of the last minute are the tests' to tell apart.
                if "PurgeQueueInProgress" not in error.response["Error"]["Code"]:
                    raise
