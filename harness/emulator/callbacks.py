"""Answers that come back by HTTP to a URL that was handed out: what custom resources PUT to CloudFormation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATH = "/_harness/callbacks/"


class Callback:
    """One URL. `body` is what came to it, None so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.body: bytes | None = None


class Callbacks:
    """The URLs that are open. They end with the process: what waits for an answer then fails at the restart."""

    def __init__(self, endpoint_url: Callable[[], str], new_id: Callable[[], str]) -> None:
        self._endpoint_url = endpoint_url
        self.new_id = new_id
        self._open: dict[str, Callback] = {}

    @contextmanager
    def open(self) -> Iterator[Callback]:
        """A URL for as long as the context lasts."""
        token = self.new_id()
        callback = self._open[token] = Callback(f"{self._endpoint_url()}{PATH}{token}")
        try:
            yield callback
        finally:
            del self._open[token]

    def deliver(self, token: str, body: bytes) -> bool:
        """False for a token that is not open. The first answer counts."""
        callback = self._open.get(token)
        if callback is None:
            return False
        if callback.body is None:
            callback.body = body
        return True
