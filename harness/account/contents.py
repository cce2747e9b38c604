"""What the tests put into the stack's buckets, tables and queues on an account, taken out before the next test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from harness.aws_resources.dynamodb import Tables
from harness.aws_resources.kind import ClientOf, DescribedKind
from harness.aws_resources.s3 import Buckets
from harness.aws_resources.sqs import Queues
from harness.json_object import Json

# Of the kinds that hold data; by Terraform type, whose id is what the kind calls a name.
_HOLDING: tuple[DescribedKind, ...] = (Buckets(), Tables(), Queues())
_KINDS = {terraform: kind for kind in _HOLDING for terraform in kind.types}


@dataclass(frozen=True)
class Contents:
    """The stack's own resources, and what they held right after the apply."""

    client_of: ClientOf
    before: dict[tuple[str, str], Json]

    @classmethod
    def of(cls, client_of: ClientOf, resources: Sequence[tuple[str, str]], prefix: str) -> Contents:
        """Of the resources (type, id) whose names begin with the prefix; no others are ever emptied."""
        before = {
            (kind, name): _KINDS[kind].describe(client_of, name)
            for kind, name in resources
            if kind in _KINDS and name.rpartition("/")[2].startswith(prefix)
        }
        return cls(client_of, before)

    def empty(self) -> None:
        for (kind, name), before in self.before.items():
            known = _KINDS[kind]
            try:
                known.empty(self.client_of, name, before, known.describe(self.client_of, name))
            except ClientError as error:
                # AWS purges a queue once a minute; messages of the last minute are the tests' to tell apart.
                if "PurgeQueueInProgress" not in error.response["Error"]["Code"]:
                    raise
