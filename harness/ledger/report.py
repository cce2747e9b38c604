"""What the ledger found out, as text, as JSON, and as a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from harness.json_object import Json
from harness.ledger.identity import Payload
from harness.ledger.outcome import Outcome
from harness.sinks.fates import Fate

Verdict = Literal["valid", "invalid", "unknown"]

_SHOWN = 5


class LedgerBroken(AssertionError):
    """The ledger does not balance, or nobody can say. The text is the report."""


@dataclass(slots=True)
class Sent:
    """A record that was sent. `token` is its identity, `data` the bytes on the wire, `key` its partition key."""

    number: int
    token: str
    payload: Payload
    data: bytes
    key: str
    entry: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a record was found."""

    fate: Fate
    sink: str
    place: str


@dataclass(frozen=True, slots=True)
class Unexpected:
    """An identity that should not be where it was found, or not exist at all."""

    token: str
    reason: str
    place: str


@dataclass(frozen=True, slots=True)
class Disorder:
    """Two records of one shard that stand in the wrong order at one place."""

    place: str
    shard: str
    before: str
    after: str


@dataclass(slots=True)
class Copies:
    """A backup's copies: how many records it holds, which acknowledged ones it lacks, which it holds twice."""

    found: int = 0
    missing: list[Sent] = field(default_factory=list)
    duplicated: list[Sent] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """The balance of a run, after Jepsen's checkers.

    `lost`: acknowledged, found nowhere and not declared to vanish; proved only when `drained`. `duplicated`: found more
    than once, with all places. `unexpected`: see Unexpected. `recovered`: unknown, and found. `unresolved`: unknown,
    and not found; neither lost nor delivered. `fates`: records by fate; one that was found in two fates counts in both,
    one whose outcome is unknown only in those it was found in. `unidentified`: contents without an identity, by sink.
    `places`: by token. `reasons` say why the verdict is not `valid`.
    """

    verdict: Verdict
    reasons: list[str]
    drained: bool
    outcomes: Counter[str]
    fates: Counter[str]
    lost: list[Sent]
    duplicated: list[tuple[Sent, list[Placement]]]
    unexpected: list[Unexpected]
    recovered: list[Sent]
    unresolved: list[Sent]
    out_of_order: list[Disorder]
    copies: dict[str, Copies]
    unidentified: Counter[str]
    places: Mapping[str, list[Placement]]

    def assert_valid(self) -> None:
        """Raise LedgerBroken unless the verdict is `valid`."""
        if self.verdict != "valid":
            raise LedgerBroken(str(self))

    def to_json(self) -> Json:
        """The report without payloads: identities, counts, places."""
        return {
            "verdict": self.verdict,
            "reasons": self.reasons,
            "drained": self.drained,
            "outcomes": dict(self.outcomes),
            "fates": dict(self.fates),
            "lost": [record.token for record in self.lost],
            "duplicated": {record.token: [asdict(place) for place in places] for record, places in self.duplicated},
            "unexpected": [asdict(found) for found in self.unexpected],
            "recovered": [record.token for record in self.recovered],
            "unresolved": [record.token for record in self.unresolved],
            "out_of_order": [asdict(disorder) for disorder in self.out_of_order],
            "copies": {
                name: {
                    "found": copies.found,
                    "missing": [record.token for record in copies.missing],
                    "duplicated": [record.token for record in copies.duplicated],
                }
                for name, copies in self.copies.items()
            },
            "unidentified": dict(self.unidentified),
        }

    def __str__(self) -> str:
        lines = [f"ledger: {self.verdict}", *(f"  because {reason}" for reason in self.reasons)]
        lines.append(f"  sent      {_counts(self.outcomes)}")
        lines.append(f"  fates     {_counts(self.fates)}")
        for name, copies in self.copies.items():
            lines.append(f"  copies    {copies.found} in {name}, {len(copies.missing)} missing")
        lost = "lost" if self.drained else "not found, and the sinks were not drained"
        lines += _some(lost, [f"{record.token} {_way_in(record)}" for record in self.lost])
        lines += _some("found twice", [f"{record.token} {_places(places)}" for record, places in self.duplicated])
        lines += _some("unexpected", [f"{found.token} {found.reason} ({found.place})" for found in self.unexpected])
        lines += _some("recovered", [record.token for record in self.recovered])
        lines += _some("never known", [f"{record.token} {_way_in(record)}" for record in self.unresolved])
        lines += _some(
            "out of order", [f"{each.after} after {each.before} in {each.place}" for each in self.out_of_order]
        )
        if self.unidentified:
            lines.append(f"  without an identity: {_counts(self.unidentified)}")
        return "\n".join(lines)


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def _some(title: str, texts: list[str]) -> list[str]:
    if not texts:
        return []
    more = [f"    … and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
    return [f"  {title}: {len(texts)}", *(f"    {text}" for text in texts[:_SHOWN]), *more]


def _way_in(record: Sent) -> str:
    outcome = record.outcome
    place = f" {outcome.shard} {outcome.sequence}".rstrip()
    return f"{outcome.status} by {record.entry}{place}" + (f" ({outcome.code})" if outcome.code else "")


def _places(places: list[Placement]) -> str:
    return "; ".join(f"{place.fate} in {place.place}" for place in places)
