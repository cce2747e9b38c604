"""What a sweep knows of a kind of resource: how to find those of one run, and how to remove one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.account.runs import RUN_TAG, Run

ClientOf = Callable[[str], Any]


@dataclass(frozen=True)
class Mark:
    """How a run's resources are told from all others: every name begins with its prefix, and its tag holds its id."""

    prefix: str
    run_id: str

    @classmethod
    def of(cls, run: Run) -> Mark:
        return cls(run.prefix, run.id)

    def names(self, name: str) -> bool:
        return name.startswith(self.prefix)

    def names_path(self, path: str) -> bool:
        """Whether a part of a path such as `/aws/lambda/ph-1a2b3c4d-orders` is a name of the run."""
        return any(self.names(part) for part in path.split("/"))

    def tags(self, tags: Mapping[str, str]) -> bool:
        return tags.get(RUN_TAG) == self.run_id


class Leftover(Protocol):
    """One kind. `types` are the Terraform types that it may come from, also where a service made it for them."""

    noun: str
    types: frozenset[str]

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        """What `remove` takes, for each that is there and not being deleted already."""

    def remove(self, client_of: ClientOf, name: str) -> None:
        """Remove it with all it holds."""


def tags_of(pairs: list[dict[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """`[{"Key": …, "Value": …}]` as a mapping."""
    return {pair[key]: pair[value] for pair in pairs}
