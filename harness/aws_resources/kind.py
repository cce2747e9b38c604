"""What is known of a kind of AWS resource: how to find all of it, whose it is, what it holds, how it goes away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.json_object import Json

ClientOf = Callable[[str], Any]
"""Service (botocore's name) → boto3 client."""


def _no_tags() -> Mapping[str, str]:
    return {}


def _stays() -> bool:
    return False


@dataclass(frozen=True)
class Found:
    """One that is there. `id` is what the kind's methods take; `names` tell whose it is, and so do its `tags`, which
    may have to be asked for; `is_going` asks whether it is being deleted already."""

    id: str
    names: tuple[str, ...] = ()
    tags: Callable[[], Mapping[str, str]] = _no_tags
    is_going: Callable[[], bool] = _stays


class ResourceKind(Protocol):
    """One kind, by AWS's public API. Methods raise what botocore raises."""

    service: str
    """botocore's name."""
    noun: str
    """For sentences: `bucket`."""
    types: frozenset[str]
    """The Terraform types that it may come from, also where a service made it for them."""

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        """All that there are."""

    def remove(self, client_of: ClientOf, id: str) -> None:
        """Remove it with all it holds. Raises Problem where something stays."""


class DescribedKind(ResourceKind, Protocol):
    """A kind that can be brought back to what it was."""

    def describe(self, client_of: ClientOf, id: str) -> Json:
        """What must be as it was: settings, and content that came with the stack."""

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """Take away the content that was not there when it was described as `before`; it is described as `now`."""


def named(name: str) -> Found:
    """A resource whose id is its name."""
    return Found(name, (name,))


def tags_of(pairs: list[dict[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """`[{"Key": …, "Value": …}]` as a mapping."""
    return {pair[key]: pair[value] for pair in pairs}
