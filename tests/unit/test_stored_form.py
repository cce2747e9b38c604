"""What is stored does not change in silence (`harness/emulator/store/form.py`)."""

from __future__ import annotations

import pytest

from harness.emulator.store import form
from tests import stored_form
from tests.stored_form import RAISE, RENEW, held, listed, missing


def test_the_list_of_what_is_stored_is_held_under_its_number() -> None:
    told = missing(listed())
    assert told is None, told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("    closed: float | None\n", "", RAISE),
        ("    closed: float | None\n", "    ended: float | None\n", RAISE),
        ("    closed: float | None\n", "    closed: float | None\n    later: int\n", RAISE),
        ("table kinesis.logs: Table[LogKey, ShardLog]", "table kinesis.logs: Table[str, ShardLog]", RAISE),
        ("harness.emulator.services.kinesis.model.Shard\n", "harness.emulator.services.kinesis.shards.Shard\n", RAISE),
        ("table kinesis.logs:", "table kinesis.more: Table[str, Json]\ntable kinesis.logs:", RENEW),
    ],
)
def test_what_changes_the_form(monkeypatch: pytest.MonkeyPatch, before: str, after: str, told: str) -> None:
    number, now = held()
    assert before in now
    monkeypatch.setattr(form, "FORM", number)
    assert missing(now.replace(before, after, 1)) == told
    monkeypatch.setattr(form, "FORM", number + 1)
    assert missing(now.replace(before, after, 1)) == RENEW


def test_a_changed_list_is_not_written_under_the_same_number(monkeypatch: pytest.MonkeyPatch) -> None:
    number, now = held()
    monkeypatch.setattr(form, "FORM", number)
    monkeypatch.setattr(stored_form, "listed", lambda: now.replace("table kinesis.logs", "table kinesis.log"))
    assert stored_form.main() == 1
    assert held() == (number, now)
