"""The identity of a record: a token in its payload that survives what a pipeline does to it."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

Payload = Mapping[str, Any] | bytes | str

FIELD = "_ledger_id"
_TOKEN = re.compile(rb"hr-([0-9a-f]{8})-([0-9]{8})-([0-9a-f]{4})", re.IGNORECASE)
_MOST = 10**8


@dataclass(frozen=True)
class Tokens:
    """Tokens of one run, such as `hr-7f3a2b1c-00000042-9d1e`: run, number, check digits.

    Letters, digits and dashes only, so no JSON encoder escapes it; of fixed length, so it is found in records that
    nothing separates; case does not matter; a damaged one is not taken for another.
    """

    run: str

    @classmethod
    def of(cls, seed: int | None) -> Tokens:
        """The run of that seed; without one, a run that no other ledger has."""
        if seed is None:
            return cls(secrets.token_hex(4))
        return cls(hashlib.sha256(f"ledger {seed}".encode()).hexdigest()[:8])

    def token(self, number: int) -> str:
        if not 0 <= number < _MOST:
            raise ValueError(f"a ledger holds at most {_MOST} records")
        body = f"{self.run}-{number:08}"
        return f"hr-{body}-{_check(body)}"

    def mark(self, payload: Payload, number: int) -> bytes:
        """The bytes to send: a JSON object gets the member `_ledger_id`, text and bytes get the token after a space."""
        token = self.token(number)
        if isinstance(payload, Mapping):
            return json.dumps({**payload, FIELD: token}).encode()
        data = payload.encode() if isinstance(payload, str) else payload
        return data + b" " + token.encode() if data else token.encode()

    def find(self, content: bytes) -> Iterator[int]:
        """The numbers of this run's tokens in the content, one for each time it occurs."""
        for match in _TOKEN.finditer(content):
            run, number, check = (part.decode().lower() for part in match.groups())
            if run == self.run and check == _check(f"{run}-{number}"):
                yield int(number)


def _check(body: str) -> str:
    return f"{crc32(body.encode()) & 0xFFFF:04x}"
