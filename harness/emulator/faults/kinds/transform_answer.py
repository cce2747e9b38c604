"""transform-answer: a Lambda processor answers Firehose wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from harness.emulator.faults.arguments import argument, one_of
from harness.emulator.faults.fault import Fault, Hit
from harness.json_object import Json

_TOO_LARGE = {
    "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    "errorType": "Function.ResponseSizeTooLarge",
}


def _each(change: Callable[[Json], Json]) -> Callable[[list[Json]], bytes]:
    return lambda items: _answer([change(dict(item)) for item in items])


def _answer(items: list[Json]) -> bytes:
    return orjson.dumps({"records": items})


def _first(change: Callable[[Json], Json]) -> Callable[[list[Json]], bytes]:
    return lambda items: _answer([change(dict(item)) if i == 0 else item for i, item in enumerate(items)])


# What becomes of the list of records that the function answered. Words for what goes wrong: A9.
_ANSWERS: dict[str, Callable[[list[Json]], bytes]] = {
    "not-json": lambda items: b"<html>not JSON</html>",
    "no-records": lambda items: b'{"statusCode":200}',
    "empty-list": lambda items: _answer([]),
    "missing-ids": lambda items: _answer(items[1:]),
    "duplicate-ids": lambda items: _answer(items + items[:1]),
    "unknown-ids": _first(lambda item: {**item, "recordId": "0"}),
    "invalid-result": _first(lambda item: {**item, "result": "Fine"}),
    "bad-base64": _first(lambda item: {**item, "result": "Ok", "data": "?not base64?"}),
    "null-data": _first(lambda item: {**item, "result": "Ok", "data": None}),
    "all-processing-failed": _each(lambda item: {**item, "result": "ProcessingFailed"}),
    "all-dropped": _each(lambda item: {"recordId": item.get("recordId"), "result": "Dropped"}),
}
_OVER_6_MB = "over-6mb"


@dataclass(kw_only=True)
class TransformAnswer(Fault):
    """The function runs, but its answer to Firehose is malformed (A9): `answer` says how.

    `missing-ids`, `duplicate-ids`, `unknown-ids`, `invalid-result`, `bad-base64` and `null-data` spoil the first
    record only. An answer `over-6mb` never leaves Lambda: Firehose gets Lambda's own error and tries again.
    """

    calls = {"lambda": frozenset({"Invoke"})}

    answer: str = argument(one_of(*sorted((*_ANSWERS, _OVER_6_MB))))

    async def around(self, hit: Hit) -> Any:
        if hit.call.caller.service != "firehose.amazonaws.com":
            hit.missed()
            return await hit.proceed()
        result: Json = await hit.proceed()
        if result.get("FunctionError"):
            hit.missed()
            return result
        if self.answer == _OVER_6_MB:
            return {**result, "FunctionError": "Unhandled", "Payload": orjson.dumps(_TOO_LARGE)}
        return {**result, "Payload": _ANSWERS[self.answer](_records(result["Payload"]))}


def _records(payload: bytes) -> list[Json]:
    """The records of a proper answer; none of another one."""
    try:
        items = orjson.loads(payload)["records"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
