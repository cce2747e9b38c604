"""The journal survives being killed at any byte, and a replay never sends a record twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.backup import BackupRecord, SavedRecord
from harness.ledger import Outcome, Outgoing
from harness.problem import Problem
from harness.replay import Journal, Replay, states, summarise

ACK = Outcome("acknowledged")


class Killed(BaseException):
    """Ends a run as SIGKILL does: nothing is written after it."""


@dataclass
class Target:
    """Takes records, and is killed, throttled, refused or left unanswered by dice."""

    dice: random.Random
    kill: float = 0.0
    moods: tuple[str, ...] = ("acknowledged",)
    most_records: int = 4
    most_bytes: int = 1000
    name: str = "target"
    taken: Counter[bytes] = field(default_factory=Counter)
    calls: int = 0

    def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        self.calls += 1
        if self.dice.random() < self.kill / 2:
            raise Killed
        outcomes = [Outcome(self.dice.choice(self.moods), "Code") for _ in batch]  # type: ignore[arg-type]
        for record, outcome in zip(batch, outcomes, strict=True):
            if outcome.status == "acknowledged" or (outcome.status == "unknown" and self.dice.random() < 0.5):
                self.taken[record.data] += 1
        if self.dice.random() < self.kill / 2:
            raise Killed
        return outcomes


def saved(count: int) -> list[BackupRecord]:
    return [
        BackupRecord(SavedRecord(b"%d" % n, n % 7 + 1, "Code"), "b", f"k{n // 7}", f"b/k{n // 7}@v")
        for n in range(count)
    ]


def run(path: Path, target: Target, records: list[BackupRecord], **settings: Any) -> Replay:
    with Journal(path) as journal:
        replay = Replay(target, journal, sleep=lambda _: None, dice=random.Random(1), **settings)
        replay.run(records)
    return replay


@settings(deadline=None)  # it syncs files
@given(st.integers(1, 60), st.integers(0, 2**32), st.sets(st.sampled_from(["unknown", "throttled", "refused"])))
def test_no_record_is_ever_sent_twice(
    tmp_path_factory: pytest.TempPathFactory, count: int, seed: int, moods: set[str]
) -> None:
    """Whatever the target answers and wherever runs are killed; what is left out in the end is told as unknown."""
    path = tmp_path_factory.mktemp("journal") / "j.jsonl"
    dice = random.Random(seed)
    target = Target(dice, kill=0.3, moods=("acknowledged", *sorted(moods)))
    records = saved(count)
    for _ in range(200):
        try:
            replay = run(path, target, records)
        except Killed:
            _cut(path, dice)
        except Problem:
            continue
        else:
            if not replay.tally.throttled and not replay.tally.refused:
                break
    assert max(target.taken.values(), default=0) <= 1
    target.kill, target.moods = 0.0, ("acknowledged",)
    last = run(path, target, records).tally
    assert max(target.taken.values(), default=0) <= 1
    assert last.sent + last.before + last.unknown == count
    assert set(states(path).values()) <= {"done", "unknown"}
    missing = count - len(target.taken)
    assert missing <= last.unknown
    # Asked for, the unknown ones are sent as well: then nothing is missing.
    assert run(path, target, records, resend_unknown=True).tally.complete
    assert len(target.taken) == count


def _cut(path: Path, dice: random.Random) -> None:
    """A crash may leave the beginning of a line behind that was being written."""
    with path.open("ab") as journal:
        journal.write(b'{"intent":{"b/k0@v":[1,2,3]},"to":"target"}'[: dice.randrange(44)])


def test_an_intent_without_an_end_is_unknown_and_not_sent(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.intend([("b/k0@v", 1), ("b/k0@v", 2)], "target")
        journal.done([("b/k0@v", 1)])
    target = Target(random.Random(1))
    tally = run(tmp_path / "j", target, saved(3)).tally
    assert (tally.before, tally.unknown, tally.sent, tally.complete) == (1, 1, 1, False)
    assert target.taken == Counter([b"2"])


def test_throttled_entries_are_sent_again_a_bounded_number_of_times(tmp_path: Path) -> None:
    pauses: list[float] = []
    target = Target(random.Random(1), moods=("throttled",))
    with Journal(tmp_path / "j") as journal:
        tally = Replay(target, journal, sleep=pauses.append).run(saved(2))
        assert journal.state(("b/k0@v", 1)) == "new"
    assert (target.calls, tally.throttled, tally.sent) == (8, 2, 0)
    assert len(pauses) == 7 and max(pauses) <= 5.0


def test_one_bad_record_does_not_hold_back_its_neighbours(tmp_path: Path) -> None:
    """B3, A5: a call with one invalid record is refused as a whole, so its records go one by one."""

    class Strict(Target):
        def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
            if any(record.data == b"2" for record in batch):
                return [Outcome("refused", "ValidationException", "too large")] * len(batch)
            return super().deliver(batch)

    target = Strict(random.Random(1))
    tally = run(tmp_path / "j", target, saved(6)).tally
    assert (tally.sent, tally.refused) == (5, 1)
    assert target.taken == Counter([b"0", b"1", b"3", b"4", b"5"])


def test_a_target_that_is_not_there_ends_the_run_and_leaves_no_unknown(tmp_path: Path) -> None:
    class Gone(Target):
        def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
            return [Outcome("refused", "ResourceNotFoundException", "no stream")] * len(batch)

    with pytest.raises(Problem, match="ResourceNotFoundException"):
        run(tmp_path / "j", Gone(random.Random(1)), saved(6))
    assert set(states(tmp_path / "j").values()) == {"new"}


def test_a_target_that_never_answers_does_not_make_everything_unknown(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="3 times in a row"):
        run(tmp_path / "j", Target(random.Random(1), moods=("unknown",)), saved(60))
    assert Counter(states(tmp_path / "j").values()) == Counter(unknown=12)


def test_undivided_contents_are_not_sent(tmp_path: Path) -> None:
    whole = BackupRecord(SavedRecord(b"one\ntwo", 1, divided=False), "b", "k", "b/k@v")
    target = Target(random.Random(1))
    tally = run(tmp_path / "j", target, [whole]).tally
    assert (tally.undivided, tally.complete, target.calls) == (1, False, 0)


def test_one_replay_at_a_time(tmp_path: Path) -> None:
    with Journal(tmp_path / "j"), pytest.raises(Problem, match="Another replay"):
        Journal(tmp_path / "j")
    with Journal(tmp_path / "j"):
        pass


@pytest.mark.parametrize("content", [b"hello\n", b'{"journal":2}\n', b'{"journal":1}\n{"x":1}\n{"done":{}}\n'])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(Problem, match="no journal"):
        Journal(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == content


def test_the_summary_counts_by_code(tmp_path: Path) -> None:
    records = [
        BackupRecord(SavedRecord(b"abc", 1, "A", "why", 1, 5.0), "b", "k", "o"),
        BackupRecord(SavedRecord(b"de", 2, "A", "why", 1, 3.0), "b", "k", "o"),
        BackupRecord(SavedRecord(b"f", 3), "b", "k", "o"),
    ]
    first, second = summarise(records, {("o", 1): "done", ("o", 2): "unknown"})
    assert (first.code, first.records, first.size, first.before, first.unknown) == ("A", 2, 5, 1, 1)
    assert (first.oldest, first.newest, first.message) == (3.0, 5.0, "why")
    assert (second.code, second.records, second.oldest) == ("(source backup)", 1, None)


def test_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    target = Target(random.Random(1))
    assert run(tmp_path / "j", target, saved(20)).tally.sent == 20
    again = run(tmp_path / "j", target, saved(20)).tally
    assert (again.sent, again.before, again.unknown, again.complete) == (0, 20, 0, True)


def test_what_was_certainly_not_taken_is_sent_by_the_next_run(tmp_path: Path) -> None:
    for mood in ("refused", "throttled"):
        target = Target(random.Random(1), moods=(mood,))
        assert not run(tmp_path / "j", target, saved(5)).tally.complete
    assert run(tmp_path / "j", Target(random.Random(1)), saved(5)).tally.sent == 5
