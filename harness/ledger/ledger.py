"""The ledger: sends records with an identity, remembers what is known of each, and strikes the balance."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Sequence

from harness.ledger.batches import batches
from harness.ledger.check import Declarations, check
from harness.ledger.entry_points import EntryPoint, Outgoing
from harness.ledger.identity import Payload, Tokens
from harness.ledger.load import Step
from harness.ledger.outcome import UNANSWERED
from harness.ledger.report import Report, Sent
from harness.ledger.settle import Drained, Settle
from harness.sinks.base import Sink
from harness.sinks.fates import FATES, Fate


class Ledger:
    """What went in, against what came out.

        ledger = Ledger(seed=7)
        ledger.send(KinesisEntry(kinesis, "readings"), [{"temperature": 20.5}, {"humidity": 99}])
        ledger.declare("dropped", lambda sent: sent.payload.get("humidity", 0) > 80)
        report = ledger.check([S3Objects(s3, "bucket", "data/")], ByClock(endpoint_url))
        report.assert_valid()

    The same seed gives the same identities; without one they are unlike any other ledger's. It may be used from several
    threads while it sends.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.identity = Tokens.of(seed)
        self.sent: list[Sent] = []
        self._seed = seed
        self._declared: dict[Fate, Callable[[Sent], bool]] = {}
        self._lock = threading.Lock()

    @property
    def declared(self) -> Declarations:
        return self._declared

    def send(
        self, entry: EntryPoint, payloads: Iterable[Payload], key: Callable[[Sent], str] | None = None
    ) -> list[Sent]:
        """Send payloads in batches; returns the records with what is known of each.

        `key` gives the partition key; without it every record has its own, which spreads them over all shards. A record
        is in the ledger, as unknown, before it is on the wire.
        """
        records = [self._enter(entry, payload, key) for payload in payloads]
        for batch in batches(entry, records, _outgoing):
            outcomes = entry.deliver([_outgoing(record) for record in batch])
            if len(outcomes) != len(batch):
                raise RuntimeError(f"{entry.name} told {len(outcomes)} outcomes for {len(batch)} records")
            for record, outcome in zip(batch, outcomes, strict=True):
                record.outcome = outcome
        return records

    def run(
        self,
        entry: EntryPoint,
        load: Iterable[Step],
        make: Callable[[random.Random, int], Payload],
        wait: Callable[[float], object],
    ) -> list[Sent]:
        """Send in the shape of `load`; `make(dice, number)` makes each payload, with dice of the ledger's seed.
        `wait(seconds)` passes time: `clock.advance` where the test owns it, else `time.sleep`."""
        dice = random.Random(self._seed)
        records: list[Sent] = []
        for step in load:
            start = len(records)
            records += self.send(entry, [make(dice, start + number) for number in range(step.count)])
            wait(step.pause)
        return records

    def declare(self, fate: Fate, holds: Callable[[Sent], bool]) -> None:
        """Declare that records for which `holds` is true must end so, and nowhere else; the last word per fate counts.

        It is the only way to tell `dropped` and `expired` from lost. A record that several fates are declared for may
        have any of them; one without a declaration may end anywhere but must be found.
        """
        if fate not in FATES or fate == "copy":
            raise ValueError(f"{fate!r} is no fate")
        self._declared[fate] = holds

    def check(
        self, sinks: Sequence[Sink], settle: Settle, *, allow_duplicates: bool = False, require_order: bool = False
    ) -> Report:
        """Drain the sinks and strike the balance.

        AWS delivers at least once: where a fault or a retry makes duplicates legal, say `allow_duplicates`. Records of
        one stream that several consumers read are checked once per consumer, each time with that consumer's sinks.
        """
        drained = settle.drain(sinks, self._complete)
        return check(
            self.identity,
            self.sent,
            drained,
            self._declared,
            allow_duplicates=allow_duplicates,
            require_order=require_order,
        )

    def _enter(self, entry: EntryPoint, payload: Payload, key: Callable[[Sent], str] | None) -> Sent:
        with self._lock:
            number = len(self.sent)
            token = self.identity.token(number)
            data = self.identity.mark(payload, number)
            record = Sent(number, token, payload, data, token, entry.name, UNANSWERED)
            self.sent.append(record)
        if key is not None:
            record.key = key(record)
        return record

    def _complete(self, drained: Drained) -> bool:
        """Whether nothing that was acknowledged is missing."""
        return not check(self.identity, self.sent, drained, self._declared).lost


def _outgoing(record: Sent) -> Outgoing:
    return Outgoing(record.data, record.key)
