"""Records of JSON as rows of a table: the two deserialisers of format conversion (A2, A10).

OpenX turns what it gets into the column's type where it can; Hive's own is strict. A record may hold several JSON
documents, one after the other: each is a row. A mistake at any depth fails the whole record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import orjson

from harness.emulator.services.firehose.conversion.hive_types import Array, HiveType, Map, Scalar, Struct
from harness.emulator.services.firehose.conversion.joda_time import compile_parser
from harness.emulator.services.firehose.reason import Reason
from harness.json_object import Json

Read = Callable[[Any], Any]
Row = tuple[Any, ...]

PARSE_ERROR = "DataFormatConversion.ParseError"
MALFORMED = "DataFormatConversion.MalformedData"
EMPTY = Reason(MALFORMED, "The record was empty or contained only whitespace.")
PRIMITIVE = Reason(
    MALFORMED,
    "The input JSON contained a primitive at the top level. The top level must be an object or array.",
)
WRONG_FORMAT = Reason(MALFORMED, "One or more fields have incorrect format. Exception when validating field (root)")

_NOT_NUMERIC = "Current token (VALUE_STRING) not numeric, can not use numeric value accessors"
_INTEGERS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
_JAVA = {str: "java.lang.String", bool: "java.lang.Boolean", int: "java.lang.Long"}
_MILLIS_FROM = 10**12
"""A number of this size or more is epoch milliseconds, a smaller one seconds."""
_NS = 10**9
_NS_LIMIT = 2**63
_SPACED = re.compile(r"(\d{4,9})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?Z")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_EPOCH = date(1970, 1, 1)
_EXACT = Context(prec=76, rounding=ROUND_HALF_UP)


class RowError(Exception):
    """The record can't be converted, for `reason`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def mismatch(text: str) -> RowError:
    return RowError(Reason(MALFORMED, f"Data does not match the schema. {text}"))


class Deserializer:
    """Rows of one schema. `name` is OpenXJsonSerDe or HiveJsonSerDe, `options` its members."""

    def __init__(self, name: str, options: Json, columns: tuple[tuple[str, HiveType], ...]) -> None:
        self._open_x = name == "OpenXJsonSerDe"
        insensitive = options.get("CaseInsensitive")
        self._lower = self._open_x and (insensitive is None or insensitive)
        self._dots = self._open_x and bool(options.get("ConvertDotsInJsonKeysToUnderscores"))
        self._formats = [compile_parser(pattern) for pattern in options.get("TimestampFormats") or []]
        self._exact = any(_has_decimal(kind) for _, kind in columns)
        mapped = options.get("ColumnToJsonKeyMappings") or {} if self._open_x else {}
        self._columns = [(self._key(mapped.get(name, name)), self._reader(kind)) for name, kind in columns]

    def rows(self, data: bytes) -> list[Row]:
        """The record's rows, values ready for Arrow. Raises RowError."""
        if not data.strip():
            raise RowError(EMPTY)
        try:
            return [self._row(document) for document in self._documents(data)]
        except RecursionError as error:
            raise RowError(Reason(PARSE_ERROR, "Encountered malformed JSON. The nesting is too deep")) from error

    # -- documents --------------------------------------------------------------------------------------------

    def _documents(self, data: bytes) -> list[Any]:
        if not self._exact:
            try:
                return [orjson.loads(data)]
            except orjson.JSONDecodeError:
                pass  # several documents, or none: told apart below
        try:
            text = data.decode()
            decoder = json.JSONDecoder(parse_float=Decimal if self._exact else float, parse_constant=_no_constant)
            documents: list[Any] = []
            at = 0
            while at < len(text):
                if text[at] in " \t\r\n":
                    at += 1
                    continue
                document, at = decoder.raw_decode(text, at)
                documents.append(document)
            if "\\u" in text:
                json.dumps(documents, ensure_ascii=False, default=float).encode()  # half a surrogate pair is no text
            return documents
        except ValueError as error:
            raise RowError(Reason(PARSE_ERROR, f"Encountered malformed JSON. {error}")) from error

    def _row(self, document: Any) -> Row:
        if isinstance(document, dict):
            found = self._keys(document)
            return tuple([read(found.get(key)) for key, read in self._columns])
        if isinstance(document, list) and self._open_x:
            values = [*document, *[None] * len(self._columns)]
            return tuple([read(value) for (_, read), value in zip(self._columns, values, strict=False)])
        if isinstance(document, list):
            raise mismatch("java.io.IOException: Start of Object expected")
        raise RowError(PRIMITIVE)

    def _keys(self, found: Json) -> Json:
        if self._open_x and not self._lower and not self._dots:
            return found
        return {self._key(key): value for key, value in found.items()}

    def _key(self, key: str) -> str:
        if self._lower or not self._open_x:
            key = key.lower()
        return key.replace(".", "_") if self._dots else key

    # -- values -----------------------------------------------------------------------------------------------

    def _reader(self, kind: HiveType) -> Read:
        """A function from a JSON value to the column's; null stays null. It raises RowError."""
        if isinstance(kind, Array):
            return self._array(self._reader(kind.item))
        if isinstance(kind, Map):
            return self._map(self._reader(kind.key), self._reader(kind.value))
        if isinstance(kind, Struct):
            return self._struct([(self._key(name), name, self._reader(member)) for name, member in kind.members])
        return self._scalar(kind)

    def _array(self, item: Read) -> Read:
        def read(value: Any) -> Any:
            if value is None:
                return None
            if not isinstance(value, list):
                if not self._open_x:
                    raise mismatch("java.io.IOException: Start of Array expected")
                value = [value]
            return [item(one) for one in value]

        return read

    def _map(self, key: Read, item: Read) -> Read:
        def read(value: Any) -> Any:
            if value is None:
                return None
            if not isinstance(value, dict):
                if not self._open_x:
                    raise mismatch("java.io.IOException: Start of Object expected")
                if isinstance(value, list):
                    raise mismatch("A map column cannot hold a JSON array.")
                raise mismatch(f"Data is not JSONObject  but {_java(value)} with value {_text(value)}")
            return [(key(k.lower() if self._lower else k), item(v)) for k, v in value.items()]

        return read

    def _struct(self, members: list[tuple[str, str, Read]]) -> Read:
        def read(value: Any) -> Any:
            if value is None:
                return None
            if isinstance(value, dict):
                found = self._keys(value)
                return {name: member(found.get(key)) for key, name, member in members}
            if not self._open_x:
                raise mismatch("java.io.IOException: Start of Object expected")
            if isinstance(value, list):
                values = [*value, *[None] * len(members)]
                return {name: member(one) for (_, name, member), one in zip(members, values, strict=False)}
            raise mismatch(f"Data is not JSONObject  but {_java(value)} with value {_text(value)}")

        return read

    def _scalar(self, kind: Scalar) -> Read:
        if kind.kind in ("string", "varchar", "char"):
            return self._string(kind.size or None)
        convert: Read
        if kind.kind in _INTEGERS:
            convert = _integer(_INTEGERS[kind.kind])
        elif kind.kind == "decimal":
            convert = _decimal(kind.size, kind.scale)
        else:
            convert = {"boolean": _boolean, "float": _float, "double": _float, "date": _date}.get(
                kind.kind, self._timestamp
            )
        numeric = kind.kind in _INTEGERS or kind.kind in ("float", "double", "decimal")

        def read(value: Any) -> Any:
            if value is None:
                return None
            if isinstance(value, dict | list):
                raise mismatch(f"For input string: {_compact(value)}") if self._open_x else RowError(WRONG_FORMAT)
            if numeric and not self._open_x and isinstance(value, str):
                raise mismatch(_NOT_NUMERIC)
            return convert(value)

        return read

    def _string(self, longest: int | None) -> Read:
        def read(value: Any) -> Any:
            if value is None:
                return None
            if isinstance(value, dict | list):
                if not self._open_x:
                    raise RowError(WRONG_FORMAT)
                value = _compact(_lowered(value) if self._lower else value)
            return (value if isinstance(value, str) else _text(value))[:longest]

        return read

    def _timestamp(self, value: Any) -> int:
        """Epoch nanoseconds."""
        if isinstance(value, bool):
            raise mismatch(f"For input string: {_quoted(value)}")
        for parse in self._formats:
            try:
                return _in_range(parse(_text(value)), value)
            except ValueError:
                continue
        if self._formats:
            raise mismatch(f"Timestamp format is invalid: {_quoted(value)}")
        if isinstance(value, str):
            match = _SPACED.fullmatch(value) or (_ISO.fullmatch(value) if self._open_x else None)
            if match is not None:
                return _in_range(_moment(match, value), value)
            if not self._open_x:
                raise mismatch("Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]")
        number = _number(value)
        if number and number.adjusted() > 20:
            raise mismatch(f"Value {_text(value)} is out of range for a timestamp.")
        unit = Decimal(10**6 if abs(number) >= _MILLIS_FROM else _NS)
        return _in_range(int(_EXACT.multiply(number, unit)), value)


def _has_decimal(kind: HiveType) -> bool:
    if isinstance(kind, Array):
        return _has_decimal(kind.item)
    if isinstance(kind, Map):
        return _has_decimal(kind.value) or _has_decimal(kind.key)
    if isinstance(kind, Struct):
        return any(_has_decimal(member) for _, member in kind.members)
    return kind.kind == "decimal"


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _java(value: Any) -> str:
    return _JAVA.get(type(value), "java.lang.Double")


def _text(value: Any) -> str:
    """A scalar as Java writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _quoted(value: Any) -> str:
    return f'"{_text(value)}"'


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=float)


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): _lowered(one) for key, one in value.items()}
    return [_lowered(one) for one in value] if isinstance(value, list) else value


def _integer(bits: int) -> Read:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def convert(value: Any) -> int:
        if isinstance(value, str):
            if not re.fullmatch(r"[+-]?\d{1,40}", value):
                raise mismatch(f"For input string: {_quoted(value)}")
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise mismatch(f"For input string: {_quoted(value)}")
        if not low <= value <= high:
            raise mismatch(f"Value out of range. Value:{_quoted(value)} Radix:10")
        return value

    return convert


def _decimal(precision: int, scale: int) -> Read:
    unit = Decimal(1).scaleb(-scale)

    def convert(value: Any) -> Decimal:
        number = _number(value)
        if number and number.adjusted() >= precision - scale:
            raise mismatch(f"Value {_text(value)} is out of range for decimal({precision},{scale}).")
        rounded = number.quantize(unit, context=_EXACT) if number.adjusted() > -100 else Decimal(0).scaleb(-scale)
        if rounded and rounded.adjusted() >= precision - scale:
            raise mismatch(f"Value {_text(value)} is out of range for decimal({precision},{scale}).")
        return rounded

    return convert


def _number(value: Any) -> Decimal:
    """Raises RowError for what is no finite number."""
    if not isinstance(value, bool):
        try:
            number = Decimal(_text(value).strip())
            if number.is_finite():
                return number
        except InvalidOperation:
            pass
    raise mismatch(f"For input string: {_quoted(value)}")


def _float(value: Any) -> float:
    if not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise mismatch(f"For input string: {_quoted(value)}")


def _boolean(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise mismatch(f"For input string: {_quoted(value)}")
    return value


def _date(value: Any) -> int:
    """Days since 1970."""
    match = _DATE.fullmatch(_text(value))
    try:
        if match is not None:
            return (date(int(match[1]), int(match[2]), int(match[3])) - _EPOCH).days
    except ValueError:
        pass
    raise mismatch(f"For input string: {_quoted(value)}")


def _moment(match: re.Match[str], value: Any) -> int:
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    try:
        days = (date(year, month, day) - _EPOCH).days
    except ValueError as error:
        raise mismatch(f"For input string: {_quoted(value)}") from error
    if hour > 23 or minute > 59 or second > 59:
        raise mismatch(f"For input string: {_quoted(value)}")
    return ((days * 24 + hour) * 60 + minute) * 60 * _NS + second * _NS + int((match[7] or "0").ljust(9, "0"))


def _in_range(nanoseconds: int, value: Any) -> int:
    if not -_NS_LIMIT <= nanoseconds < _NS_LIMIT:
        raise mismatch(f"Value {_text(value)} is out of range for a timestamp.")
    return nanoseconds
