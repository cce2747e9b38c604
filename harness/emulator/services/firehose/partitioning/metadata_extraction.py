"""MetadataExtraction: partition keys from a record's JSON by a jq query (A13)."""

from __future__ import annotations

_NESTED = {"(": ")", "[": "]", "{": "}"}


class ExtractionError(ValueError):
    """The query does not compile, or gives no keys for a record; the text says why."""


def query_keys(query: str) -> set[str] | None:
    """The keys that an object construction `{a: .x, "b": .y}` names; None for a query of another form."""
    text = query.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    keys: set[str] = set()
    entries = _entries(text[1:-1])
    if entries is None:
        return None
    for entry in entries:
        name = entry.partition(":")[0].strip()
        if name.startswith('"') and name.endswith('"'):
            name = name[1:-1]
        if not name or (not name.isidentifier() and entry.strip()[0] != '"'):
            return None
        keys.add(name)
    return keys


def _entries(text: str) -> list[str] | None:
    """The text between commas that stand outside of strings and brackets; None when a bracket closes too soon."""
    entries = [""]
    closers: list[str] = []
    quoted = False
    index = 0
    while index < len(text):
        char = text[index]
        if quoted and char == "\\":
            entries[-1] += text[index : index + 2]
            index += 2
            continue
        if char == '"':
            quoted = not quoted
        elif not quoted and char in _NESTED:
            closers.append(_NESTED[char])
        elif not quoted and closers and char == closers[-1]:
            closers.pop()
        elif not quoted and char in _NESTED.values():
            return None
        if char == "," and not quoted and not closers:
            entries.append("")
        else:
            entries[-1] += char
        index += 1
    return entries
