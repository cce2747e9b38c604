"""The balance: everything that was sent against everything that was found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.ledger.identity import Tokens
from harness.ledger.report import Copies, Disorder, Placement, Report, Sent, Unexpected, Verdict
from harness.ledger.settle import Drained
from harness.sinks.base import Found, Sink
from harness.sinks.fates import UNSEEN, Fate

Declarations = Mapping[Fate, Callable[[Sent], bool]]


class Balance:
    """Everything that the sinks held, by record."""

    def __init__(self, identity: Tokens, sent: Sequence[Sent]) -> None:
        self._identity = identity
        self._sent = sent
        self.places: defaultdict[int, list[Placement]] = defaultdict(list)
        self.copies: dict[str, Counter[int]] = {}
        self.strangers: list[Unexpected] = []
        self.unidentified: Counter[str] = Counter()
        self.out_of_order: list[Disorder] = []
        self._seen: set[tuple[str, int]] = set()
        self._last: dict[tuple[str, str], Sent] = {}

    def add(self, sink: Sink, found: Found) -> None:
        numbers: Iterable[int] = list(self._identity.find(found.content))
        if not numbers:
            self.unidentified[sink.name] += 1
        if found.single:
            numbers = dict.fromkeys(numbers)
        for number in numbers:
            self._add(sink, found, number)

    def _add(self, sink: Sink, found: Found, number: int) -> None:
        if number >= len(self._sent):
            token = self._identity.token(number)
            self.strangers.append(Unexpected(token, "was never sent", found.place))
            return
        fate = found.fate or sink.fate
        if fate == "copy":
            self.copies.setdefault(sink.name, Counter())[number] += 1
            return
        self.places[number].append(Placement(fate, sink.name, found.place))
        self._order(found.place, self._sent[number])

    def _order(self, place: str, record: Sent) -> None:
        """Compare with the furthest record of its shard at this place. A repeated record says nothing about order."""
        outcome = record.outcome
        if not outcome.shard or not outcome.sequence or (place, record.number) in self._seen:
            return
        self._seen.add((place, record.number))
        last = self._last.get((place, outcome.shard))
        if last is not None and int(outcome.sequence) < int(last.outcome.sequence):
            self.out_of_order.append(Disorder(place, outcome.shard, last.token, record.token))
        else:
            self._last[place, outcome.shard] = record


def balance(identity: Tokens, sent: Sequence[Sent], drained: Drained) -> Balance:
    """Count everything that was found. Raises ValueError for a sink with a fate that leaves nothing to find."""
    result = Balance(identity, sent)
    for sink, reading in drained.readings:
        if sink.fate in UNSEEN:
            raise ValueError(f"{sink.name}: nothing {sink.fate} can be found in a sink; declare it over what was sent")
        if sink.fate == "copy":
            result.copies[sink.name] = Counter()
        for found in reading.found:
            result.add(sink, found)
    return result


def check(
    identity: Tokens,
    sent: Sequence[Sent],
    drained: Drained,
    declared: Declarations,
    *,
    allow_duplicates: bool = False,
    require_order: bool = False,
) -> Report:
    """The report for these records and these sinks. `declared` tells for each fate which records must have it."""
    found = balance(identity, sent, drained)
    fates: Counter[str] = Counter()
    lost: list[Sent] = []
    duplicated: list[tuple[Sent, list[Placement]]] = []
    unexpected = list(found.strangers)
    recovered: list[Sent] = []
    unresolved: list[Sent] = []
    for record in sent:
        places = found.places.get(record.number, [])
        wanted = {fate for fate, holds in declared.items() if holds(record)}
        if record.outcome.status in ("refused", "throttled"):
            unexpected += _refused_but_found(record, places, found)
            continue
        fates.update({place.fate for place in places})
        if len(places) > 1:
            duplicated.append((record, places))
        if wanted:
            unexpected += _misplaced(record, places, wanted)
        if record.outcome.status == "unknown":
            (recovered if places else unresolved).append(record)
        elif not places:
            vanished = sorted(wanted & UNSEEN)
            if vanished:
                fates[vanished[0]] += 1
            else:
                lost.append(record)

    outcomes = Counter(record.outcome.status for record in sent)
    broken = [
        *_reason(lost if not drained.troubles else [], "lost"),
        *_reason([] if allow_duplicates else duplicated, "found more than once"),
        *_reason(unexpected, "unexpected"),
        *_reason(found.out_of_order if require_order else [], "out of order"),
    ]
    unsure = list(drained.troubles)
    if not outcomes["acknowledged"]:
        unsure.append("no record was acknowledged: nothing is proved")
    verdict: Verdict = "invalid" if broken else "unknown" if unsure else "valid"
    return Report(
        verdict=verdict,
        reasons=broken + unsure,
        drained=not drained.troubles,
        outcomes=Counter({str(status): count for status, count in outcomes.items()}),
        fates=fates,
        lost=lost,
        duplicated=duplicated,
        unexpected=unexpected,
        recovered=recovered,
        unresolved=unresolved,
        out_of_order=found.out_of_order,
        copies={name: _copies(sent, numbers) for name, numbers in found.copies.items()},
        unidentified=found.unidentified,
        places={sent[number].token: places for number, places in found.places.items()},
    )


def _refused_but_found(record: Sent, places: list[Placement], found: Balance) -> list[Unexpected]:
    spots = [place.place for place in places]
    spots += [name for name, numbers in found.copies.items() if numbers[record.number]]
    reason = f"was {record.outcome.status} ({record.outcome.code}), yet is found"
    return [Unexpected(record.token, reason, spot) for spot in spots]


def _misplaced(record: Sent, places: list[Placement], wanted: set[Fate]) -> list[Unexpected]:
    names = " or ".join(sorted(wanted))
    return [
        Unexpected(record.token, f"was declared {names}, and is {place.fate}", place.place)
        for place in places
        if place.fate not in wanted
    ]


def _copies(sent: Sequence[Sent], numbers: Counter[int]) -> Copies:
    return Copies(
        found=len(numbers),
        missing=[r for r in sent if r.outcome.status == "acknowledged" and not numbers[r.number]],
        duplicated=[r for r in sent if numbers[r.number] > 1],
    )


def _reason(records: Sequence[object], what: str) -> list[str]:
    if not records:
        return []
    return [f"{len(records)} {'records are' if len(records) > 1 else 'record is'} {what}"]
