"""Sending saved records again, each at most once."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.backup.reader import BackupRecord
from harness.ledger.batches import batches
from harness.ledger.entry_points import EntryPoint, Outgoing
from harness.ledger.outcome import Outcome
from harness.problem import Problem
from harness.replay.journal import Journal, RecordId
from harness.waiting import try_again

_ATTEMPTS = 8
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_SILENT_BATCHES = 3

# Nothing else that is sent there would fare better.
_HOPELESS = frozenset(
    {
        "ResourceNotFoundException",
        "AccessDeniedException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "NotEmulated",
        "EndpointConnectionError",
        "ConnectTimeoutError",
        "ConnectError",
        "ConnectTimeout",
        "UnsupportedProtocol",
        "Http401",
        "Http403",
        "Http404",
        "Http405",
    }
)


@dataclass(slots=True)
class Tally:
    """What became of the records.

    `sent` now; `before`: sent by an earlier run; `unknown`: nobody can say, not sent again unless asked for;
    `throttled` and `refused` were certainly not taken; `undivided`: contents that may be several records, not sent.
    `reasons` counts the codes of what was not sent.
    """

    sent: int = 0
    before: int = 0
    unknown: int = 0
    throttled: int = 0
    refused: int = 0
    undivided: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def complete(self) -> bool:
        """Whether every record was sent, now or before."""
        return not (self.unknown or self.throttled or self.refused or self.undivided)


@dataclass
class Replay:
    """One run. `progress` is called after every batch; `sleep` and `dice` are for the pauses of throttled entries."""

    entry: EntryPoint
    journal: Journal
    resend_unknown: bool = False
    progress: Callable[[Tally], None] = lambda tally: None
    sleep: Callable[[float], None] = time.sleep
    dice: random.Random = field(default_factory=random.Random)
    tally: Tally = field(default_factory=Tally)

    def run(self, records: Iterable[BackupRecord]) -> Tally:
        """Send what the journal does not know yet. Raises Problem when the target is of no use; run again later."""
        silent = 0
        for batch in batches(self.entry, self._pending(records), _outgoing):
            self.journal.intend(map(_id, batch), self.entry.name)
            unknown = self.tally.unknown
            self._deliver(batch)
            self.progress(self.tally)
            silent = silent + 1 if self.tally.unknown - unknown == len(batch) else 0
            if silent == _SILENT_BATCHES:
                raise Problem(
                    f"{self.entry.name} gave no answer {silent} times in a row: stopped. {self.tally.unknown} records "
                    "are unknown; see --resend-unknown."
                )
        return self.tally

    def _pending(self, records: Iterable[BackupRecord]) -> Iterator[BackupRecord]:
        for record in records:
            state = self.journal.state(_id(record))
            if state == "done":
                self.tally.before += 1
            elif state == "unknown" and not self.resend_unknown:
                self.tally.unknown += 1
                self.tally.reasons["unknown since an earlier run"] += 1
            elif not record.record.divided:
                self.tally.undivided += 1
                self.tally.reasons["not JSON, may be several records"] += 1
            else:
                yield record

    def _deliver(self, batch: Sequence[BackupRecord]) -> None:
        """Send a batch whose intent is written, until every record has an end or stays unknown."""
        left = batch

        def sent() -> bool:
            nonlocal left
            outcomes = self.entry.deliver([_outgoing(record) for record in left])
            refused = _refused_whole(outcomes)
            if refused is not None and refused.code in _HOPELESS:
                self.journal.undone(map(_id, left))
                raise Problem(f"{self.entry.name} does not take records: {refused.code} {refused.message}".rstrip())
            if refused is not None and len(left) > 1:
                # One bad record spoils a call, and none of it is taken (B3, A5).
                for record in left:
                    self._deliver([record])
                return True
            left = self._settle(left, outcomes)
            return not left

        if not try_again(
            sent,
            attempts=_ATTEMPTS,
            first_pause=_FIRST_PAUSE,
            longest_pause=_LONGEST_PAUSE,
            dice=self.dice,
            sleep=self.sleep,
        ):
            self.journal.undone(map(_id, left))
            self.tally.throttled += len(left)
            self.tally.reasons["throttled"] += len(left)

    def _settle(self, batch: Sequence[BackupRecord], outcomes: Sequence[Outcome]) -> list[BackupRecord]:
        """Write down what is known; returns the throttled records."""
        by_status: dict[str, list[BackupRecord]] = {}
        for record, outcome in zip(batch, outcomes, strict=True):
            by_status.setdefault(outcome.status, []).append(record)
            if outcome.status in ("refused", "unknown"):
                self.tally.reasons[outcome.code] += 1
        acknowledged, refused = by_status.get("acknowledged", []), by_status.get("refused", [])
        self.journal.done(map(_id, acknowledged))
        self.journal.undone(map(_id, refused))
        self.tally.sent += len(acknowledged)
        self.tally.refused += len(refused)
        self.tally.unknown += len(by_status.get("unknown", []))
        return by_status.get("throttled", [])


def _refused_whole(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The refusal, when all of a call was refused for one reason."""
    first = outcomes[0]
    return first if first.status == "refused" and all(outcome == first for outcome in outcomes) else None


def _id(record: BackupRecord) -> RecordId:
    return record.object_id, record.record.line


def _outgoing(record: BackupRecord) -> Outgoing:
    # The partition key is saved in dead letters only; else equal contents go to one shard, and all spread evenly.
    key = record.record.key or hashlib.md5(record.data, usedforsecurity=False).hexdigest()
    return Outgoing(record.data, key)
