"""Rows from JSON: what fails first (A2, A10). The cases are those that were probed on AWS, where known."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.services.firehose.conversion.hive_types import (
    Array,
    HiveType,
    Map,
    Scalar,
    Struct,
    UnknownType,
    parse_type,
)
from harness.emulator.services.firehose.conversion.joda_time import PatternError, compile_parser
from harness.emulator.services.firehose.conversion.json_rows import Deserializer, RowError

NESTED = (
    ("id", "string"),
    ("tags", "array<string>"),
    ("person", "struct<name:string,age:int>"),
    ("items", "array<struct<sku:string,qty:int>>"),
    ("attrs", "map<string,array<string>>"),
)


def reader(name: str, *columns: tuple[str, str], **options: Any) -> Deserializer:
    return Deserializer(f"{name}JsonSerDe", options, tuple((column, parse_type(kind)) for column, kind in columns))


def failure(deserializer: Deserializer, data: bytes) -> str:
    with pytest.raises(RowError) as caught:
        deserializer.rows(data)
    code, message = caught.value.reason
    return f"{code.removeprefix('DataFormatConversion.')}: {message}"


def value(deserializer: Deserializer, data: bytes) -> Any:
    ((found,),) = deserializer.rows(data)
    return found


def test_without_the_extra_conversion_is_refused_by_name(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 1: pipeline-harness[parquet]."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "pyarrow" else find(name, *a))
    conversion = {
        "SchemaConfiguration": {"RoleARN": rig.ROLE, "DatabaseName": "d", "TableName": "t"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }
    error = rig.error(
        "CreateDeliveryStream",
        DeliveryStreamName="d",
        ExtendedS3DestinationConfiguration=rig.s3_settings(DataFormatConversionConfiguration=conversion),
    )
    assert error.code == "NotEmulated"
    assert "pipeline-harness[parquet]" in error.message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "MalformedData: The record was empty or contained only whitespace."),
        (b"42", "MalformedData: The input JSON contained a primitive at the top level."),
        (b'{"id": "a"} and more', "ParseError: Encountered malformed JSON."),
        (b'{"id": "\\ud800"}', "ParseError: Encountered malformed JSON."),
        (b'{"id": ' + b'{"a":' * 990 + b"1" + b"}" * 991, "ParseError: Encountered malformed JSON."),
        (b'{"id": NaN}', "ParseError: Encountered malformed JSON."),
        (b'{"id": "\xff"}', "ParseError: Encountered malformed JSON."),
        (b"[" * 100_000, "ParseError: Encountered malformed JSON."),
        (
            b'{"person": 42}',
            "MalformedData: Data does not match the schema. Data is not JSONObject  but java.lang.Long with value 42",
        ),
        (
            b'{"attrs": [["k", ["v"]]]}',
            "MalformedData: Data does not match the schema. A map column cannot hold a JSON array.",
        ),
        (b'{"items": [{"qty": "oops"}]}', 'MalformedData: Data does not match the schema. For input string: "oops"'),
    ],
)
def test_open_x_failures(data: bytes, message: str) -> None:
    """A10: codes and texts, at any depth."""
    assert failure(reader("OpenX", *NESTED), data).startswith(message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"tags": "solo"}', "Data does not match the schema. java.io.IOException: Start of Array expected"),
        (b'{"attrs": {"k": "x"}}', "Data does not match the schema. java.io.IOException: Start of Array expected"),
        (b'{"person": ["Bob", 41]}', "Data does not match the schema. java.io.IOException: Start of Object expected"),
        (b'{"person": 42}', "Data does not match the schema. java.io.IOException: Start of Object expected"),
        (
            b'{"person": {"age": "7"}}',
            "Data does not match the schema. Current token (VALUE_STRING) not numeric, can not use numeric value "
            "accessors",
        ),
        (b'{"id": {"a": 1}}', "One or more fields have incorrect format. Exception when validating field (root)"),
        (b'{"tags": [{"a": 1}]}', "One or more fields have incorrect format. Exception when validating field (root)"),
    ],
)
def test_hive_failures(data: bytes, message: str) -> None:
    """A10: Hive's own deserialiser is strict where OpenX coerces."""
    assert failure(reader("Hive", *NESTED), data) == f"MalformedData: {message}"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("tinyint", "128"),
        ("int", "2147483648"),
        ("int", "1.5"),
        ("int", "true"),
        ("bigint", '"1e3"'),
        ("decimal(4,2)", "12345.67"),
        ("decimal(22,2)", '"1e1000000000"'),
        ("decimal(4,2)", "99.999"),
        ("double", '"x"'),
        ("boolean", "1"),
        ("date", '"2026-02-30"'),
        ("timestamp", '"1e1000000000"'),
        ("timestamp", "18446744073709551616"),
        ("timestamp", '"2026-9-7T12:00:02Z"'),
        ("timestamp", '"2026-05-21T14:00:00+00:00"'),
        ("timestamp", '"2026-02-30 00:00:00"'),
        ("timestamp", "[1]"),
    ],
)
def test_values_that_do_not_fit(kind: str, text: str) -> None:
    """A10: MalformedData, never a wrong value."""
    assert failure(reader("OpenX", ("c", kind)), f'{{"c": {text}}}'.encode()).startswith("MalformedData: Data does not")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "binary",
        "uniontype<int,string>",
        "array<string",
        "array<string>garbage",
        "struct<a:>",
        "struct<:string>",
        "struct<a:int,A:string>",
        "map<string>",
        "map<struct<a:string>,int>",
        "varchar(6 5535)",
        "decimal(1 0,2)",
        "decimal(2,3)",
        "array<" * 40 + "string" + ">" * 40,
    ],
)
def test_types_that_are_none(text: str) -> None:
    """A schema that can't be read is said so."""
    with pytest.raises(UnknownType):
        parse_type(text)


@pytest.mark.parametrize("pattern", ["yyyy ww", "yyyy yyyy", "q", "yyyy-MM-dd G"])
def test_patterns_that_are_not_known(pattern: str) -> None:
    """HiveJsonSerDe.TimestampFormats: a letter is known or refused."""
    with pytest.raises(PatternError):
        compile_parser(pattern)


def test_types() -> None:
    """Hive's spelling, spaces and backquotes included."""
    assert parse_type("decimal( 10, 2)") == Scalar("decimal", 10, 2)
    assert parse_type("struct<`a``b`:varchar( 255 ), c:array<INT>>") == Struct(
        (("a`b", Scalar("varchar", 255)), ("c", Array(Scalar("int"))))
    )
    assert parse_type("map<string,decimal>") == Map(Scalar("string"), Scalar("decimal", 10, 0))


def test_open_x_coerces() -> None:
    """Arrays are made, structs filled by position, texts kept as JSON, keys in lower case at every depth."""
    read = reader("OpenX", *NESTED).rows
    assert read(b'{"ID": {"Outer": {"Inner": 1}}, "tags": "one", "person": ["Zoe"], "attrs": {"K": ["v"]}}') == [
        ('{"outer":{"inner":1}}', ["one"], {"name": "Zoe", "age": None}, None, [("k", ["v"])])
    ]
    assert read(b'{"items": {"SKU": "x", "qty": "3", "more": 1}, "tags": [1, true, null, ["a"]], "person": {}}') == [
        (None, ["1", "true", None, '["a"]'], {"name": None, "age": None}, [{"sku": "x", "qty": 3}], None)
    ]


def test_open_x_options() -> None:
    """A2: dots to underscores, case as written, columns named otherwise."""
    dots = reader("OpenX", ("a_b", "int"), ConvertDotsInJsonKeysToUnderscores=True)
    assert dots.rows(b'{"A.b": 1}') == [(1,)]
    exact = reader("OpenX", ("a", "int"), ("m", "map<string,int>"), CaseInsensitive=False)
    assert exact.rows(b'{"A": 1, "m": {"K": 1}}') == [(None, [("K", 1)])]
    mapped = reader("OpenX", ("ts", "bigint"), ColumnToJsonKeyMappings={"ts": "timestamp"})
    assert mapped.rows(b'{"timestamp": 5, "ts": 6}') == [(5,)]


def test_hive_keeps_map_keys_and_matches_members_in_any_case() -> None:
    """Struct members and columns regardless of case, map keys as written; several documents are several rows."""
    read = reader("Hive", *NESTED).rows
    assert read(b'{"PERSON": {"NAME": "Bob", "AGE": 2}, "attrs": {"MixedKey": ["v"]}}{"id": 5} ') == [
        (None, None, {"name": "Bob", "age": 2}, None, [("MixedKey", ["v"])]),
        ("5", None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1518033528", "2018-02-07 19:58:48"),
        ('"1518033528123"', "2018-02-07 19:58:48.123000"),
        ("1000000000000", "2001-09-09 01:46:40"),
        ("1518033528.123", "2018-02-07 19:58:48.123000"),
        ("-1000", "1969-12-31 23:43:20"),
        ('"2026-9-7 1:2:3"', "2026-09-07 01:02:03"),
        ('"2026-09-07 12:00:02.5"', "2026-09-07 12:00:02.500000"),
        ('"2018-02-07T20:38:48.39256Z"', "2018-02-07 20:38:48.392560"),
        ('"0e1000000000"', "1970-01-01 00:00:00"),
        ('"1e-1000000000"', "1970-01-01 00:00:00"),
    ],
)
def test_open_x_timestamps(text: str, expected: str) -> None:
    """Below 10^12 seconds, from there on milliseconds, numbers or text; spaces are read leniently, T is strict."""
    found = value(reader("OpenX", ("c", "timestamp")), f'{{"c": {text}}}'.encode())
    assert str(datetime.fromtimestamp(found / 1e9, UTC).replace(tzinfo=None)) == expected


def test_hive_timestamps() -> None:
    """A2: the formats in turn, millis, else what java.sql.Timestamp.valueOf reads."""
    formats = ["yyyy-MM-dd'T'HH:mm:ss.SSSZ", "dd/MMM/yyyy hh:mm a", "millis"]
    read = reader("Hive", ("c", "timestamp"), TimestampFormats=formats)
    assert value(read, b'{"c": "2018-02-07T20:38:48.500+0100"}') == 1_518_032_328_500_000_000
    assert value(read, b'{"c": "07/Feb/2018 08:38 PM"}') == 1_518_035_880_000_000_000
    assert value(read, b'{"c": 1518033528123}') == 1_518_033_528_123_000_000
    assert failure(read, b'{"c": "yesterday"}').startswith("MalformedData")
    plain = reader("Hive", ("c", "timestamp"))
    assert value(plain, b'{"c": "2018-02-07 19:58:48"}') == 1_518_033_528_000_000_000
    assert failure(plain, b'{"c": "2018-02-07T19:58:48Z"}').startswith("MalformedData")


def test_numbers_keep_their_digits() -> None:
    """Decimals are read as decimals, never through a float; excess digits are rounded half up."""
    amount = reader("OpenX", ("c", "decimal(22,2)"))
    assert value(amount, b'{"c": 12345678901234567890.12}') == Decimal("12345678901234567890.12")
    assert value(amount, b'{"c": "0.005"}') == Decimal("0.01")
    assert value(amount, b'{"c": "1e-1000000000"}') == Decimal("0.00")
    assert value(reader("OpenX", ("c", "varchar(3)")), b'{"c": "abcdef"}') == "abc"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
KINDS = ["string", "int", "decimal(5,2)", "double", "boolean", "date", "timestamp", "array<int>", "map<string,double>"]


@given(st.lists(st.sampled_from(KINDS), max_size=4), st.sampled_from(["OpenX", "Hive"]), st.data())
def test_any_document_is_a_row_that_the_writer_takes_or_a_named_failure(
    kinds: list[str], name: str, data: st.DataObject
) -> None:
    """Nothing a producer sends gets the batch into trouble."""
    import json

    columnar = pytest.importorskip("harness.emulator.services.firehose.conversion.columnar")
    columns: tuple[tuple[str, HiveType], ...] = tuple((f"c{i}", parse_type(kind)) for i, kind in enumerate(kinds))
    document = data.draw(st.fixed_dictionaries({name: JSON for name, _ in columns}))
    deserializer = Deserializer(f"{name}JsonSerDe", {}, columns)
    try:
        rows = deserializer.rows(json.dumps(document).encode())
    except RowError as error:
        assert error.reason[0].startswith("DataFormatConversion.")
        return
    assert len(rows) == 1
    if columns:
        assert columnar.write("ParquetSerDe", {}, columns, rows).startswith(b"PAR1")


@given(st.binary(max_size=40))
def test_any_bytes_are_rows_or_a_named_failure(data: bytes) -> None:
    """Parsers never raise anything else."""
    deserializer = reader("OpenX", ("a", "int"), ("b", "decimal(3,1)"))
    try:
        deserializer.rows(data)
    except RowError as error:
        assert error.reason[0].startswith("DataFormatConversion.")


@given(st.text(max_size=30))
def test_any_text_is_a_type_or_is_refused(text: str) -> None:
    """Nothing else is raised."""
    try:
        parse_type(text)
    except UnknownType:
        pass
