"""What the plugin knows of a kind of resource that lives behind the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

Json = dict[str, Any]


class Kind(Protocol):
    """One kind, by AWS's public API. Every method takes the client of `service`."""

    service: str
    """botocore's name."""
    noun: str
    """For sentences: `bucket`."""

    def find(self, client: Any) -> Iterator[str]:
        """The names of all that there are."""

    def describe(self, client: Any, name: str) -> Json:
        """What must be as it was: settings, and content that came with the stack."""

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """Take away the content that was not there when it was described as `before`; it is described as `now`."""

    def remove(self, client: Any, name: str) -> None:
        """Remove it with all it holds."""
