"""Parsers of aggregated records, jq keys and partition names, for any input (A11, A13)."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.services.firehose.destinations.prefix import name_partition, parse_prefix, partition_prefix
from harness.emulator.services.firehose.partitioning.metadata_extraction import query_keys
from harness.emulator.services.firehose.processing.cloudwatch_logs import NotCloudWatchLogs, unpack
from harness.emulator.services.firehose.processing.sub_records import MOST, split_delimited, split_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
objects = st.dictionaries(st.text(), values, max_size=4)
space = st.sampled_from(["", " ", "\n", "\r\n\t"])


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_split_or_left_whole(data: bytes) -> None:
    """A13: nothing raises, nothing is lost: at least one record comes out."""
    parts = split_json(data)
    assert parts == [data] or b"".join(parts) == bytes(c for c in data if c not in b" \t\r\n") or len(parts) >= 1
    assert all(json.loads(part) is not None for part in parts) if parts != [data] else True


@given(st.lists(st.tuples(objects, space), min_size=1, max_size=8), space, st.booleans())
def test_consecutive_objects_come_out_verbatim(
    items: list[tuple[dict[str, Any], str]], first: str, ascii: bool
) -> None:
    """A13: each object as it was written, whatever white space stands between them."""
    texts = [json.dumps(item, ensure_ascii=ascii) for item, _ in items]
    text = first + "".join(text + gap for text, (_, gap) in zip(texts, items, strict=True))
    assert split_json(text.encode()) == [part.encode() for part in texts]


@pytest.mark.parametrize("text", [b"", b" ", b"5", b"[]", b"{}x", b"{}[]", b'{"a":NaN}', b"{" * 100_000, b"\xff{}"])
def test_what_is_no_sequence_of_objects_is_left_whole(text: bytes) -> None:
    """A13: an array is no valid input, nor is anything behind an object."""
    assert split_json(text) == [text]


@given(st.lists(st.binary(), min_size=1, max_size=10), st.binary(min_size=1, max_size=3))
def test_delimiters_are_dropped(parts: list[bytes], delimiter: bytes) -> None:
    """A13: joining what came out gives what went in, but for a delimiter at the end."""
    data = delimiter.join(parts)
    found = split_delimited(data, delimiter)
    assert delimiter.join(found) in (data, data.removesuffix(delimiter))
    assert 1 <= len(found) <= MOST
    assert len(found) == 1 or not any(delimiter in part for part in found)


@given(st.binary())
def test_bytes_that_are_no_log_record(data: bytes) -> None:
    """A19: refused in one way, packed or not."""
    for candidate in (data, gzip.compress(data)):
        with pytest.raises(NotCloudWatchLogs):
            unpack(candidate, extract=True)


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("{c:.c}", {"c"}),
        ('{ "c d" : .c , e:(.x,.y), f: {g:1,h:2}, i:.s|split(",") }', {"c d", "e", "f", "i"}),
        ('{a:"}{,\\",", b:[1,2]}', {"a", "b"}),
        ("{user}", {"user"}),
        (".", None),
        ("{a:1} + {b:2}", None),
        ("{(.k):.v}", None),
        ("{}", None),
    ],
)
def test_keys_of_a_query(query: str, keys: set[str] | None) -> None:
    """A13: the keys that an object construction names; other queries are not judged."""
    assert query_keys(query) == keys


@given(st.text(), st.text(), st.text(alphabet="ab/!{}:\"\\[],'"))
def test_partition_names_are_what_the_prefix_says(first: str, second: str, literal: str) -> None:
    """A13: values go in as they are, expressions in them are none; equal folders have equal names."""
    literal = literal.replace("!{", "")
    prefix = parse_prefix("a!{partitionKeyFromQuery:k}" + literal + "b!{timestamp:yyyy}!{partitionKeyFromLambda:k}")
    filled = {("partitionKeyFromQuery", "k"): first, ("partitionKeyFromLambda", "k"): second}
    if any(0xD800 <= ord(c) <= 0xDFFF for c in first + second):
        return
    from datetime import UTC, datetime

    folder = partition_prefix(name_partition(prefix, filled))
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    assert folder.evaluate(moment, lambda: "") == f"a{first}{literal}b2024{second}"
