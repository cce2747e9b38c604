"""Tables and logs, and their way into a snapshot and back."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.store import Log, Store, log

steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 5)),
        st.tuples(st.just("extend"), st.integers(0, 30)),
        st.tuples(st.just("trim"), st.integers(-2, 60)),
        st.tuples(st.just("read"), st.integers(-2, 60)),
        st.tuples(st.just("pickle"), st.just(0)),
    ),
    max_size=40,
)


@given(steps, st.integers(1, 20))
def test_a_log_is_a_list_that_forgets_its_front(actions: list[tuple[str, int]], compact: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_COMPACT", compact)
        subject: Log[int] = Log()
        everything: list[int] = []
        first = 0
        for action, argument in actions:
            if action == "append":
                assert subject.append(len(everything)) == len(everything)
                everything.append(len(everything))
            elif action == "extend":
                items = range(len(everything), len(everything) + argument)
                subject.extend(items)
                everything.extend(items)
            elif action == "trim":
                subject.trim(argument)
                first = min(max(first, argument), len(everything))
            elif action == "read":
                assert subject.read(argument, 7) == everything[max(argument, first) :][:7]
                if first <= argument < len(everything):
                    assert subject.at(argument) == everything[argument]
                else:
                    with pytest.raises(IndexError):
                        subject.at(argument)
            else:
                subject = pickle.loads(pickle.dumps(subject))
            assert (subject.first, subject.end, len(subject)) == (first, len(everything), len(everything) - first)


def test_a_restore_refills_the_tables_that_services_hold() -> None:
    store = Store()
    streams = store.table("kinesis.streams")
    streams.put(("0", "us-east-1", "a"), {"status": "ACTIVE"})
    entries: Log[bytes] = Log()
    entries.append(b"record")
    store.table("kinesis.shards").put("shard", entries)
    state = store.dump()

    streams.put(("0", "us-east-1", "a"), {"status": "DELETING"})
    streams.put(("0", "us-east-1", "b"), {})
    entries.append(b"later")
    store.table("firehose.streams").put("f", 1)
    store.load(state)

    assert store.table("kinesis.streams") is streams
    assert streams.items() == [(("0", "us-east-1", "a"), {"status": "ACTIVE"})]
    shard = store.table("kinesis.shards").get("shard")
    assert shard is not None and shard.read(0, 10) == [b"record"]
    assert len(store.table("firehose.streams")) == 0


def test_loading_nothing_empties() -> None:
    store = Store()
    table = store.table("t")
    table.put("k", 1)
    store.load(None)
    assert (len(table), table.get("k"), "k" in table, table.delete("k")) == (0, None, False, None)


def test_a_broken_state_changes_nothing() -> None:
    store = Store()
    store.table("t").put("k", 1)
    with pytest.raises(pickle.UnpicklingError):
        store.load(b"junk")
    assert store.table("t").items() == [("k", 1)]


def test_a_table_may_change_while_it_is_walked() -> None:
    table = Store().table("t")
    for n in range(5):
        table.put(n, n)
    for key in table:
        table.delete(key)
    assert table.keys() == []
