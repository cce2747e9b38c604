"""jq 1.6, which Firehose documents, on the library's jq 1.8, and the process that runs it (`jq_process.py`).

It is started by its path, and imports nothing of ours. A request is a marshalled (query, records, carefully), an answer
a JSON list of `{"keys": …}` or `{"error": …}`, one for each record; both stand behind their length. An answer holds all
records, or one, written before the next record begins, where it is asked for carefully. Without records the query is
only compiled, and one member says whether it does. A query that takes too long or too much memory ends the process.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import re
import resource
import signal
import struct
import sys
from functools import lru_cache
from typing import Any

import jq

SECONDS = 1.0
"""Processor time for one record: a loaded machine fails nobody's."""
MEMORY = 256 * 1024 * 1024
"""Bytes of address space."""
_LONGEST_ANSWER = 1024 * 1024
_LONGEST_ERROR = 4096

# Whoever calls one of these calls a name that is not defined: a definition that nobody calls is dropped unread. The
# query's own definitions hide them, as in jq 1.6.
_MISSING = ("abs", "add/1", "debug/1", "have_decnum", "have_literal_numbers", "ltrim", "pick/1", "rtrim", "scan/2",
            "skip/2", "toboolean", "trim", "trimstr/1")  # fmt: skip
_MARK = "_not_in_jq_1_6"


def _refusal(name: str) -> str:
    name, _, count = name.partition("/")
    parameters = ";".join("fg"[: int(count or 0)])
    head = f"({parameters})" if parameters else ""
    return f"def {name}{head}: {name}{_MARK}{head};"


# What jq 1.6 had and 1.8 has not, or has otherwise.
# A definition sees itself: what jq 1.8 has under the same name gets another name first.
_AS_1_6 = r"""
def env: {};
def input: error("No more inputs");
def inputs: empty;
def leaf_paths: paths(scalars);
def recurse_down: recurse;
def scalars_or_empty: select(type != "array" and type != "object");
def pow10: exp10;
def _tonumber: tonumber;
def _ltrimstr($x): ltrimstr($x);
def _rtrimstr($x): rtrimstr($x);
def _limit($n; f): limit($n; f);
def _fromjson: fromjson;
def _tojson: tojson;
def _tostring: tostring;
def _double:
  if type == "number" then . * 1 elif type == "array" or type == "object" then map_values(_double) else . end;
def tonumber:
  if type == "string" then (sub("^[ \t\r\n]+"; "") | sub("[ \t\r\n]+$"; "") | _tonumber * 1) else _tonumber end;
def ltrimstr($x): if type == "string" and ($x | type) == "string" then _ltrimstr($x) else . end;
def rtrimstr($x): if type == "string" and ($x | type) == "string" then _rtrimstr($x) else . end;
def limit($n; f): if $n <= 0 then f else _limit($n; f) end;
def last(f): reduce f as $x (null; $x);
def nth($n; f): if $n < 0 then error("Out of bounds negative array index") else last(limit($n + 1; f)) end;
def fromjson: _fromjson | _double;
def tojson: _double | _tojson;
def tostring: _double | _tostring;
"""
# The environment is empty.
_PRELUDE = (_AS_1_6 + "".join([_refusal(name) for name in _MISSING])).replace("\n", " ") + " {} as $ENV |"
_BOOLEANS = (
    'if type == "object" then map_values(if type == "boolean" then tostring else . end) '
    'else error("\\(type) (\\(.)) has no keys") end'
)
# Numbers that jq 1.8 would keep as they are written.
_WRITTEN = re.compile(rb"[0-9]{16}|[0-9][.eE]")
_PLACE = re.compile(r"line (\d+), column \d+")


def number_text(number: float) -> str:
    """A number as jq 1.6 prints it: a double's shortest digits."""
    number = float(number)
    if number == 0:
        return "-0" if str(number).startswith("-") else "0"
    if number in (float("inf"), float("-inf")):
        return "1.7976931348623157e+308" if number > 0 else "-1.7976931348623157e+308"
    mantissa, _, exponent = f"{abs(number)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) if whole != "0" else len(digits) - len(fraction) + int(exponent or 0)
    digits = digits.rstrip("0")
    sign = "-" if number < 0 else ""
    if point <= -4 or point > len(digits) + 15:
        head = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{head}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def explain(error: Exception) -> str:
    """jq's message, as of the query alone."""
    text = str(error).strip().replace(_MARK, "")
    if "jq: error" in text:
        # jq 1.8 adds the place in the program, which is not the query alone.
        text = "\n".join([line for line in text.splitlines() if line.startswith("jq: ")])
    return _PLACE.sub(r"line \1", text)


def check(query: str) -> None:
    """Raises ValueError when the query does not compile, standing alone."""
    jq.compile(f"{_PRELUDE} {query}")


@lru_cache(maxsize=64)
def _compiled(query: str, written: bool) -> Any:
    first = "_double | " if written else ""
    # The line feed ends a comment in the query.
    return jq.compile(f"{_PRELUDE} {first}({query}\n) | {_BOOLEANS}")


def keys_of(query: str, data: bytes) -> dict[str, Any]:
    """The partition keys that the query gives for one record. Raises ValueError."""
    text = data.decode()
    program = _compiled(query, _WRITTEN.search(data) is not None)
    results = program.input_text(text).all()
    if len(results) != 1:
        raise ValueError(f"the query gave {len(results)} results for one record")
    return {
        name: number_text(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
        for name, value in results[0].items()
    }


def _answer(query: str, data: bytes | None) -> bytes:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        if data is None:
            check(query)
            answer: dict[str, Any] = {"keys": {}}
        else:
            answer = {"keys": keys_of(query, data)}
    except (ValueError, RecursionError) as error:
        answer = {"error": explain(error)[:_LONGEST_ERROR]}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    text = json.dumps(answer).encode()
    return text if len(text) <= _LONGEST_ANSWER else b'{"error":"the result of the query is too large"}'


def _limit(kind: int, most: int) -> None:
    with contextlib.suppress(OSError, ValueError):  # macOS does not limit the address space
        resource.setrlimit(kind, (most, most))


def main() -> None:
    """Answer requests until the input ends."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_DATA, MEMORY)
    # jq does not come back to Python for a handler: the default, the end of the process, needs none.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(4):
        query, records, carefully = marshal.loads(source.read(struct.unpack("<I", head)[0]))
        made = (_answer(query, data) for data in records or [None])
        for together in ([one] for one in made) if carefully else [made]:
            text = b"[" + b",".join(together) + b"]"
            answers.write(struct.pack("<I", len(text)) + text)
            answers.flush()


if __name__ == "__main__":
    main()
