"""Column types of a Glue table, as Hive writes them: `array<struct<sku:string,qty:int>>`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

MAX_DEPTH = 32


class UnknownType(ValueError):
    """Not a type, or one that is not emulated; the text says which."""


@dataclass(slots=True, frozen=True)
class Scalar:
    """`kind` is Hive's name. `size` is the precision of decimals or the length of char and varchar (0: none)."""

    kind: str
    size: int = 0
    scale: int = 0


@dataclass(slots=True, frozen=True)
class Array:
    item: HiveType


@dataclass(slots=True, frozen=True)
class Map:
    key: Scalar
    value: HiveType


@dataclass(slots=True, frozen=True)
class Struct:
    members: tuple[tuple[str, HiveType], ...]


HiveType: TypeAlias = Scalar | Array | Map | Struct

_PLAIN = {
    "string": "string",
    "boolean": "boolean",
    "tinyint": "tinyint",
    "smallint": "smallint",
    "int": "int",
    "integer": "int",
    "bigint": "bigint",
    "float": "float",
    "double": "double",
    "date": "date",
    "timestamp": "timestamp",
}
_TOKEN = re.compile(r"\s*(?:(`(?:[^`]|``)*`)|([A-Za-z0-9_.\-]+)|(.))")


def parse_type(text: str) -> HiveType:
    """Raises UnknownType."""
    parser = _Parser(text)
    found = parser.type(0)
    parser.expect("")
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [m[1] or m[2] or m[3] for m in _TOKEN.finditer(text.strip())]
        self.at = 0

    def next(self) -> str:
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += 1
        return token

    def expect(self, wanted: str) -> None:
        if self.next() != wanted:
            raise self.problem()

    def problem(self) -> UnknownType:
        return UnknownType(f"column type {self.text}")

    def type(self, depth: int) -> HiveType:
        if depth > MAX_DEPTH:
            raise self.problem()
        name = self.next().lower()
        if name in _PLAIN:
            return Scalar(_PLAIN[name])
        if name in ("decimal", "numeric"):
            precision, scale = self.numbers(2, (10, 0))
            if not (1 <= precision <= 38 and scale <= precision):
                raise self.problem()
            return Scalar("decimal", precision, scale)
        if name in ("varchar", "char"):
            return Scalar(name, self.numbers(1, (0, 0))[0])
        if name == "array":
            self.expect("<")
            item = self.type(depth + 1)
            self.expect(">")
            return Array(item)
        if name == "map":
            self.expect("<")
            key = self.type(depth + 1)
            self.expect(",")
            value = self.type(depth + 1)
            self.expect(">")
            if not isinstance(key, Scalar):
                raise self.problem()
            return Map(key, value)
        if name == "struct":
            return Struct(self.members(depth))
        raise self.problem()

    def members(self, depth: int) -> tuple[tuple[str, HiveType], ...]:
        self.expect("<")
        members: list[tuple[str, HiveType]] = []
        while True:
            name = self.next()
            if name.startswith("`"):
                name = name[1:-1].replace("``", "`")
            elif not re.fullmatch(r"[A-Za-z0-9_.\-]+", name):
                raise self.problem()
            self.expect(":")
            members.append((name, self.type(depth + 1)))
            if len({known.lower() for known, _ in members}) < len(members):
                raise self.problem()
            end = self.next()
            if end == ">":
                return tuple(members)
            if end != ",":
                raise self.problem()

    def numbers(self, count: int, default: tuple[int, int]) -> tuple[int, int]:
        """`(10, 2)` behind a name, or nothing."""
        if self.at >= len(self.tokens) or self.tokens[self.at] != "(":
            return default
        self.next()
        values = [self.number()]
        while (end := self.next()) == ",":
            values.append(self.number())
        if end != ")" or len(values) > count:
            raise self.problem()
        return values[0], values[1] if len(values) > 1 else 0

    def number(self) -> int:
        text = self.next()
        if not text.isdigit():
            raise self.problem()
        return int(text)
