"""What is known about one thing's way: hops in order of time, and where it ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.json_object import Json

DELIVERED = "delivered"
PROCESSING_FAILED = "processing-failed"
DELIVERY_FAILED = "delivery-failed"
DROPPED = "dropped"
DEAD_LETTERED = "dead-lettered"
EXPIRED = "expired"
BUFFERED = "buffered"
READ_BY_NOBODY = "read-by-nobody"
REFUSED = "refused"

_WORST_FIRST = (
    EXPIRED,
    DROPPED,
    DEAD_LETTERED,
    DELIVERY_FAILED,
    PROCESSING_FAILED,
    REFUSED,
    READ_BY_NOBODY,
    BUFFERED,
    DELIVERED,
)


class Journey:
    """Collects hops and fates. A hop: `{"time", "service", "event", "text", …}`; a fate: `{"fate", "by", …}`."""

    def __init__(self) -> None:
        self._hops: list[tuple[float, int, int, Json]] = []
        self._known: set[tuple[object, ...]] = set()
        self.fates: list[Json] = []

    def hop(
        self, time: float, step: int, service: str, event: str, text: str, faults: Iterable[str] = (), **more: Any
    ) -> None:
        """`step` orders what happened at the same time. Members without a value are left out; the same hop counts
        once."""
        hop: Json = {"time": time, "service": service, "event": event, "text": text}
        hop |= {name: value for name, value in more.items() if value not in ("", None)}
        if hit := list(faults):
            hop["faults"] = hit
        identity = (time, service, event, text, *sorted((k, str(v)) for k, v in more.items()))
        if identity not in self._known:
            self._known.add(identity)
            self._hops.append((time, step, len(self._hops), hop))

    def fate(self, fate: str, by: str, **more: Any) -> None:
        """How it ended for one reader (`by`: the ARN of a delivery stream or a mapping)."""
        entry: Json = {"fate": fate, "by": by}
        entry |= {name: value for name, value in more.items() if value not in ("", None)}
        if entry not in self.fates:
            self.fates.append(entry)

    def describe(self) -> Json:
        """`{"fate", "fates", "hops"}`; `fate` is the worst one, None when nothing is known about the end."""
        names = {entry["fate"] for entry in self.fates}
        return {
            "fate": next((fate for fate in _WORST_FIRST if fate in names), None),
            "fates": self.fates,
            "hops": [hop for _, _, _, hop in sorted(self._hops, key=lambda row: row[:3])],
        }

    def __bool__(self) -> bool:
        return bool(self._hops or self.fates)


def records(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"
