"""Shard iterators and page tokens: opaque, authenticated, valid for 300 seconds of virtual time (B4, B8).

The bytes are: 8 fixed ones (so that the base64 starts with `AAAAAAAAAAE`, as AWS's does), the fields, zeros up to 104
bytes, and a keyed BLAKE2b of 64: 168 bytes are 224 characters of base64 for names of usual length. The key is drawn
once per world and kept in the store, so iterators outlive a restart and those of another world are refused.
"""

from __future__ import annotations

import binascii
import itertools
import struct
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest

from harness.emulator.store import Table
from harness.emulator.world import World

VALID_SECONDS = 300

_HEAD = b"\0\0\0\0\0\0\0\1"
_FIELDS = struct.Struct(">8sBIQQIH")  # head, kind, counter, issued ms, position, shard index, length of the text
_BODY = 104
_MAC = 64
_ITERATOR, _PAGE = 1, 2


class BadToken(ValueError):
    """Not a token of this world, or of another kind."""


@dataclass(slots=True, frozen=True)
class Token:
    """`issued` is in epoch milliseconds; `text` names what the token walks over."""

    issued: int
    position: int
    shard_index: int
    text: str


class Tokens:
    """Makes and reads tokens. Each is different from all before it, as AWS's are."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table: Table[str, bytes] = world.store.table("kinesis.secrets")
        self._counter = itertools.count()

    def iterator(self, issued: float, scope: str, shard_index: int, position: int) -> str:
        """An iterator for a shard of the stream that `scope` names, at a position of the shard's log."""
        return self._seal(_ITERATOR, issued, scope, shard_index, position)

    def read_iterator(self, text: str) -> Token:
        """Raises BadToken. Says nothing about age."""
        return self._open(_ITERATOR, text)

    def page(self, issued: float, place: str) -> str:
        """A page token that carries `place`."""
        return self._seal(_PAGE, issued, place, 0, 0)

    def read_page(self, text: str) -> Token:
        """Raises BadToken. Says nothing about age."""
        return self._open(_PAGE, text)

    def _key(self) -> bytes:
        key = self._table.get("tokens")
        if key is None:
            key = self._world.rng.randbytes(32)
            self._table.put("tokens", key)
        return bytes(key)

    def _seal(self, kind: int, issued: float, text: str, shard_index: int, position: int) -> str:
        encoded = text.encode()
        count = next(self._counter) & 0xFFFFFFFF
        fields = _FIELDS.pack(_HEAD, kind, count, round(issued * 1000), position, shard_index, len(encoded))
        body = (fields + encoded).ljust(_BODY, b"\0")
        return b64encode(body + blake2b(body, key=self._key(), digest_size=_MAC).digest()).decode()

    def _open(self, kind: int, text: str) -> Token:
        try:
            raw = b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadToken(text) from error
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if len(body) < _BODY or not compare_digest(mac, blake2b(body, key=self._key(), digest_size=_MAC).digest()):
            raise BadToken(text)
        _, found, _, issued, position, shard_index, length = _FIELDS.unpack_from(body)
        if found != kind:
            raise BadToken(text)
        return Token(issued, position, shard_index, body[_FIELDS.size : _FIELDS.size + length].decode())
