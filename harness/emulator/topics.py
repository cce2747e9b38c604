"""Wake-ups between services that do not know each other: a shard wakes its readers, without polling."""

from __future__ import annotations

from collections.abc import Callable


class Topics:
    """Named events without content. The Kinesis service notifies `kinesis:<stream ARN>` after each append and reshard.

    A listener must be quick: it marks work or spawns a task, nothing else.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[], None]]] = {}

    def subscribe(self, topic: str, listener: Callable[[], None]) -> None:
        self._listeners.setdefault(topic, []).append(listener)

    def unsubscribe(self, topic: str, listener: Callable[[], None]) -> None:
        listeners = self._listeners.get(topic, [])
        if listener in listeners:
            listeners.remove(listener)
            if not listeners:
                del self._listeners[topic]

    def notify(self, topic: str) -> None:
        listeners = self._listeners.get(topic)
        if listeners:
            for listener in tuple(listeners):
                listener()

    def notify_all(self, prefix: str) -> None:
        """Notify every topic whose name begins with `prefix`."""
        for topic in [name for name in self._listeners if name.startswith(prefix)]:
            self.notify(topic)

    def clear(self) -> None:
        self._listeners.clear()
