"""Valid parameters out of the models' shapes, and hostile values to put in their place."""

from __future__ import annotations

import datetime
import random
from typing import Any

from botocore.model import Shape

from tests.hostile.attack.pool import Pool

_DEEP = 9  # from here on only required members, so that recursive shapes end
_FIRST_DAY = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"

HOSTILE_STRINGS = [
    "", " ", "\x00", "a\x00b", "\x01\x08\x1f", "\r\nX-Injected: 1", "\ud800", "\udfff\ud800", "\u202e\u200b", "\ufffe",
    "𝒳" * 300, "é" * 1100, "a" * 70_000, "a" * 300, "../../../etc/passwd", "..", "%00", "%zz", "%", "{", "}", "{bad",
    "[]", "null", "None", "true", "NaN", "1e999", "-1", "0", "99999999999999999999", "(a+)+$", "^(a|a)*b$", "[", "*",
    "${", "$input", "#set($a=", "$context.keySet()", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a", "]]>", "&amp",
    "arn:aws:", "arn:aws:kinesis:us-east-1:000000000000:stream/", "arn:aws:lambda:us-east-1:000000000000:function:",
    "arn:aws:sqs:us-east-1:000000000000:q:w:e", "arn::::::", ":" * 9, "/" * 9, "://", "http://[", "https://x:99999/",
    "2026-13-99T99:99:99Z", "1970", "-1e18", "9e18", "AAAA", "AA=A", "=", "é", "!{timestamp:",
    "!{partitionKeyFromQuery:",
    "rate(0 minutes)", "cron(* * * * * *)", "shardId-999999999999", "shardId-x", "$LATEST", "$.a[", "..[?(@", "🏳️‍🌈",
]  # fmt: skip
HOSTILE_NUMBERS = [
    0, -1, 1, 1.5, -0.0, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**30, 1e308, 1e-320,
    float("nan"), float("inf"), float("-inf"),
]  # fmt: skip


def hostile(rng: random.Random) -> Any:
    """Any value that JSON can carry, and some that it can't."""
    kind = rng.randrange(10)
    if kind < 5:
        return rng.choice(HOSTILE_STRINGS)
    if kind < 7:
        return rng.choice(HOSTILE_NUMBERS)
    if kind == 7:
        return rng.choice([None, True, False])
    if kind == 8:
        return rng.choice([[], [None], [[]], [{}], [1, "a", None], ["a"] * 2_000])
    return rng.choice([{}, {"": ""}, {"a": None}, {"__type": "x", "message": 1}, {"\x00": {"\ud800": 1}}])


class Values:
    def __init__(self, rng: random.Random, pool: Pool) -> None:
        self._rng = rng
        self._pool = pool

    def params(self, shape: Shape | None) -> dict[str, Any]:
        """Parameters of an operation with this input."""
        if shape is None:
            return {}
        found = self._structure(shape, 0)
        assert isinstance(found, dict)
        return found

    def of(self, shape: Shape, name: str, depth: int) -> Any:
        rng = self._rng
        known = self._pool.known(name, rng) if shape.type_name in ("string", "integer", "long") else None
        if known is not None and rng.random() < 0.85:
            return known
        maker = getattr(self, f"_{shape.type_name}", None)
        return maker(shape, depth) if maker is not None else "x"

    def _structure(self, shape: Shape, depth: int) -> Any:
        rng = self._rng
        if getattr(shape, "is_document_type", False):
            return {"a": [1, None, "b"]}
        names = list(shape.members)
        if getattr(shape, "is_tagged_union", False) and names:
            names = [rng.choice(names)]
            required = set(names)
        else:
            required = set(shape.required_members)
        if depth > _DEEP + 6:
            return {}
        chance = 0.0 if depth > _DEEP else (0.3 if depth == 0 else 0.2)
        chosen = [name for name in names if name in required or rng.random() < chance]
        return {name: self.of(shape.members[name], name, depth + 1) for name in chosen}

    def _list(self, shape: Shape, depth: int) -> Any:
        low = int(shape.metadata.get("min", 0))
        size = min(low + self._rng.choice([0, 1, 1, 2]), 12) if depth <= _DEEP else min(low, 2)
        name = shape.member.name
        return [self.of(shape.member, name, depth + 1) for _ in range(size)]

    def _map(self, shape: Shape, depth: int) -> Any:
        size = self._rng.choice([0, 1, 2]) if depth <= _DEEP else 0
        return {
            str(self.of(shape.key, shape.key.name, depth + 1)): self.of(shape.value, shape.value.name, depth + 1)
            for _ in range(size)
        }

    def _string(self, shape: Shape, depth: int) -> str:
        rng = self._rng
        if shape.enum:
            return str(rng.choice(shape.enum))
        low, high = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 40))
        size = rng.choice([low, max(low, 1), min(max(low, 8), high), min(high, max(low, 30))])
        pattern = shape.metadata.get("pattern", "")
        alphabet = "0123456789" if r"\d" in pattern and "a-z" not in pattern else _ALPHABET
        return "".join(rng.choices(alphabet, k=min(max(size, 1), 300)))

    def _integer(self, shape: Shape, depth: int) -> int:
        low = int(shape.metadata.get("min", 0))
        high = int(shape.metadata.get("max", low + 100))
        return self._rng.choice([low, high, min(high, low + 1), (low + high) // 2])

    _long = _integer

    def _float(self, shape: Shape, depth: int) -> float:
        return self._rng.choice([0.0, 1.0, 0.5, 100.0])

    _double = _float

    def _boolean(self, shape: Shape, depth: int) -> bool:
        return self._rng.random() < 0.5

    def _timestamp(self, shape: Shape, depth: int) -> datetime.datetime:
        return _FIRST_DAY + datetime.timedelta(seconds=self._rng.choice([0, 60, 3600, 86_400 * 30]))

    def _blob(self, shape: Shape, depth: int) -> bytes:
        return self._rng.choice([b"{}", b'{"a": 1}', b"", self._rng.randbytes(20), self._pool.package])
