"""The ledger names exactly what a pipeline did: lost, duplicated, misplaced, recovered."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.ledger import Ledger, LedgerBroken, Outcome, Outgoing, Sent
from harness.ledger.check import check
from harness.ledger.settle import Drained
from harness.sinks import Found, Reading
from harness.sinks.fates import Fate


@dataclass
class FakeSink:
    name: str
    fate: Fate
    reading: Reading = field(default_factory=Reading)

    def read(self) -> Reading:
        return self.reading


@dataclass
class Wire:
    """An entry point that answers as told."""

    outcomes: list[Outcome]
    name: str = "wire"
    most_records: int = 7
    most_bytes: int = 10**6
    taken: list[Outgoing] = field(default_factory=list)

    def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        answers = self.outcomes[len(self.taken) : len(self.taken) + len(batch)]
        self.taken += batch
        return answers


ACK, REFUSED, UNKNOWN = Outcome("acknowledged"), Outcome("refused", "No"), Outcome("unknown", "ReadTimeout")

PLACES: list[Fate] = ["delivered", "processing-failed", "delivery-failed", "dead-lettered", "buffered"]


@dataclass
class Life:
    """What the pipeline does with one record: how it answers, what was declared, and where the record is found."""

    outcome: Outcome
    declared: Fate | None
    found: list[Fate]
    copied: int


lives = st.lists(
    st.builds(
        Life,
        st.sampled_from([ACK, ACK, ACK, REFUSED, UNKNOWN]),
        st.sampled_from([None, None, "dropped", "expired", *PLACES]),
        st.lists(st.sampled_from(PLACES), max_size=3),
        st.integers(0, 2),
    ),
    max_size=40,
)


@given(lives, st.integers(0, 3), st.randoms(use_true_random=False), st.booleans())
def test_the_report_names_exactly_what_was_done(
    lives: list[Life], strangers: int, dice: random.Random, allow_duplicates: bool
) -> None:
    """Any mixture of losing, doubling, misplacing, answering wrongly and making up is told record by record."""
    ledger = Ledger(seed=1)
    wire = Wire([life.outcome for life in lives])
    ledger.send(wire, [{"n": n} if n % 2 else b"raw %d" % n for n in range(len(lives))])

    def declares(fate: str, sent: Sent) -> bool:
        return lives[sent.number].declared == fate

    for fate in {life.declared for life in lives if life.declared}:
        ledger.declare(fate, partial(declares, fate))

    sinks: dict[str, FakeSink] = {str(fate): FakeSink(f"sink of {fate}", fate) for fate in PLACES}
    sinks["copy"] = FakeSink("backup", "copy")
    loose: dict[str, list[bytes]] = {name: [] for name in sinks}
    for number, life in enumerate(lives):
        for fate in life.found:
            loose[fate].append(wire.taken[number].data)
        loose["copy"] += [wire.taken[number].data] * life.copied
    for number in range(strangers):
        loose["delivered"].append(ledger.identity.mark({}, len(lives) + number))
    for name, contents in loose.items():
        dice.shuffle(contents)
        _fill(sinks[name], contents, dice)

    drained = Drained([(sink, sink.read()) for sink in sinks.values()])
    report = check(ledger.identity, ledger.sent, drained, ledger.declared, allow_duplicates=allow_duplicates)

    lost = {n for n, life in enumerate(lives) if life.outcome is ACK and not life.found and not _vanishes(life)}
    doubled = {n for n, life in enumerate(lives) if life.outcome is not REFUSED and len(life.found) > 1}
    assert {record.number for record in report.lost} == lost
    assert {record.number for record, _ in report.duplicated} == doubled
    for record, places in report.duplicated:
        assert sorted(place.fate for place in places) == sorted(lives[record.number].found)
    assert {record.number for record in report.recovered} == _unknown(lives, found=True)
    assert {record.number for record in report.unresolved} == _unknown(lives, found=False)

    wrong: Counter[str] = Counter()
    for number, life in enumerate(lives):
        token = ledger.identity.token(number)
        if life.outcome is REFUSED:
            wrong[token] = len(life.found) + bool(life.copied)
        elif life.declared:
            wrong[token] = sum(fate != life.declared for fate in life.found)
    wrong.update(ledger.identity.token(len(lives) + number) for number in range(strangers))
    assert Counter(found.token for found in report.unexpected) == +wrong

    fates = Counter(fate for life in lives if life.outcome is not REFUSED for fate in set(life.found))
    fates.update(
        life.declared for life in lives if life.declared and life.outcome is ACK and not life.found and _vanishes(life)
    )
    assert report.fates == fates
    assert report.copies["backup"].found == sum(bool(life.copied) for life in lives)
    assert {r.number for r in report.copies["backup"].missing} == {
        n for n, life in enumerate(lives) if life.outcome is ACK and not life.copied
    }

    broken = bool(lost or +wrong or (doubled and not allow_duplicates))
    acknowledged = any(life.outcome is ACK for life in lives)
    assert report.verdict == ("invalid" if broken else "valid" if acknowledged else "unknown")
    json.dumps(report.to_json())
    assert str(report).startswith(f"ledger: {report.verdict}")


def _vanishes(life: Life) -> bool:
    return life.declared in ("dropped", "expired")


def _unknown(lives: list[Life], found: bool) -> set[int]:
    return {n for n, life in enumerate(lives) if life.outcome is UNKNOWN and bool(life.found) == found}


def _fill(sink: FakeSink, contents: list[bytes], dice: random.Random) -> None:
    """Put the records into the sink: one by one, or several glued together as Firehose does."""
    while contents:
        size = dice.randint(1, 4)
        some, contents = contents[:size], contents[size:]
        place = f"object {dice.random()}"
        if dice.random() < 0.5:
            sink.reading.found.append(Found(b"".join(some), place, single=False))
        else:
            # A transform may repeat the identity within the record.
            sink.reading.found += [Found(each + b" was " + each, place) for each in some]


def one_sent(outcome: Outcome = ACK) -> tuple[Ledger, bytes]:
    ledger = Ledger(seed=1)
    (record,) = ledger.send(Wire([outcome]), [{"a": 1}])
    return ledger, record.data


def strike(ledger: Ledger, *found: Found, troubles: Sequence[str] = (), **rules: Any) -> Any:
    drained = Drained([(FakeSink("s", "delivered"), Reading(list(found)))], list(troubles))
    return check(ledger.identity, ledger.sent, drained, ledger.declared, **rules)


def test_a_ledger_that_did_not_drain_does_not_pass() -> None:
    """Everything is found and still: whoever could not read everything cannot know that nothing was doubled."""
    ledger, data = one_sent()
    report = strike(ledger, Found(data, "o"), troubles=["sink x cannot be read"])
    assert (report.verdict, report.drained, report.reasons) == ("unknown", False, ["sink x cannot be read"])
    with pytest.raises(LedgerBroken, match="sink x cannot be read"):
        report.assert_valid()


def test_a_record_that_is_missing_is_no_loss_while_sinks_are_unread() -> None:
    ledger, _ = one_sent()
    report = strike(ledger, troubles=["not settled"])
    assert (report.verdict, len(report.lost)) == ("unknown", 1)
    assert "not drained" in str(report)


def test_what_is_wrong_for_certain_is_invalid_even_so() -> None:
    ledger, data = one_sent()
    assert strike(ledger, Found(data, "o"), Found(data, "o"), troubles=["not settled"]).verdict == "invalid"


def test_unknown_is_never_counted_as_delivered() -> None:
    ledger, _ = one_sent(UNKNOWN)
    report = strike(ledger)
    assert (report.verdict, report.fates, len(report.unresolved), report.lost) == ("unknown", Counter(), 1, [])


def test_an_unknown_record_that_was_declared_dropped_is_still_unknown() -> None:
    ledger, _ = one_sent(UNKNOWN)
    ledger.declare("dropped", lambda sent: True)
    assert strike(ledger).fates == Counter()


def test_a_run_that_sent_nothing_proves_nothing() -> None:
    assert strike(Ledger(seed=1)).verdict == "unknown"


def test_order_is_told_per_shard_and_place() -> None:
    """Of three records of one shard the second comes last; the other shard and a repetition do not matter."""
    ledger = Ledger(seed=1)
    answers = [
        Outcome("acknowledged", shard=s, sequence=n) for s, n in [("a", "9"), ("a", "10"), ("a", "11"), ("b", "1")]
    ]
    data = [record.data for record in ledger.send(Wire(answers), [{}] * 4)]
    found = [Found(data[n], "o1") for n in (3, 0, 2, 0, 1)] + [Found(data[0], "o2")]
    report = strike(ledger, *found, allow_duplicates=True, require_order=True)
    assert [(d.before, d.after, d.shard, d.place) for d in report.out_of_order] == [
        (ledger.sent[2].token, ledger.sent[1].token, "a", "o1")
    ]
    assert report.verdict == "invalid"
    assert strike(ledger, *found, allow_duplicates=True).verdict == "valid"


def test_contents_without_an_identity_are_counted_not_judged() -> None:
    ledger, data = one_sent()
    other = Ledger(seed=2).identity.mark({}, 0)
    report = strike(ledger, Found(data, "o"), Found(b"somebody else's", "o"), Found(other, "o"))
    assert (report.verdict, report.unidentified) == ("valid", Counter({"s": 2}))


def test_nothing_dropped_can_be_found_in_a_sink() -> None:
    ledger, _ = one_sent()
    drained = Drained([(FakeSink("s", "dropped"), Reading())])
    with pytest.raises(ValueError, match="declare it"):
        check(ledger.identity, ledger.sent, drained, ledger.declared)


def test_a_sender_that_breaks_leaves_its_records_unknown() -> None:
    class Broken(Wire):
        def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
            raise RuntimeError("out of order")

    ledger = Ledger(seed=1)
    with pytest.raises(RuntimeError):
        ledger.send(Broken([]), [{}, {}])
    assert [record.outcome.status for record in ledger.sent] == ["unknown"] * 2
