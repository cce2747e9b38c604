"""The attack in its short form (docs/reliability.md; `make attack` is the long one). Each test is a fixed round."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.hostile.attack.findings import Report
from tests.hostile.attack.judge import complaints
from tests.hostile.attack.message import Answer, Request
from tests.hostile.attack.process import tracebacks
from tests.hostile.attack.rounds import play

SEED = 12


def attacked(part: str, number: int, folder: Path, scale: float) -> Report:
    report = Report(SEED)
    play(part, SEED, number, folder, report, scale=scale)
    return report


@pytest.mark.emulator_only
@pytest.mark.parametrize("number", range(3))
def test_requests_made_wrong(tmp_path: Path, number: int) -> None:
    report = attacked("wire", number, tmp_path, 0.15)
    assert sum(report.sent.values()) == 300
    assert not report.failed, report.as_text()


@pytest.mark.emulator_only
@pytest.mark.parametrize(("part", "scale"), [("kills", 0.25), ("damage", 0.08)])
def test_state_folders(tmp_path: Path, part: str, scale: float) -> None:
    report = attacked(part, 0, tmp_path, scale)
    assert not report.failed, report.as_text()


@pytest.mark.emulator_only
@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process, and /proc, are there on Linux alone")
@pytest.mark.parametrize("part", ["disk", "host"])
def test_the_host(tmp_path: Path, part: str) -> None:
    report = attacked(part, 0, tmp_path, 1.0)
    assert not report.failed, report.as_text()


KINESIS = Request("kinesis", "ListStreams", "json", "POST", "/")
STS = Request("sts", "GetCallerIdentity", "query", "POST", "/")
ID = {"x-amzn-requestid": "1", "content-type": "application/x-amz-json-1.1"}


@pytest.mark.parametrize(
    ("request_", "answer", "kinds"),
    [
        (KINESIS, Answer(400, ID, b'{"__type": "A", "message": "m"}'), []),
        (KINESIS, Answer(501, ID, b'{"__type": "NotEmulated"}'), []),
        (KINESIS, Answer(200, ID, b'{"StreamNames": [], "HasMoreStreams": false}'), []),
        (KINESIS, Answer(200, ID, b'{"StreamNames": [NaN]}'), ["shape"]),
        (KINESIS, Answer(200, {}, b'{"StreamNames": []}'), ["shape"]),
        (KINESIS, Answer(400, ID, b"<Error/>"), ["shape"]),
        (KINESIS, Answer(500, ID, b'{"__type": "InternalFailure"}'), ["failure"]),
        (STS, Answer(403, ID, b"<E><Error><Code>A</Code></Error><RequestId>1</RequestId></E>"), []),
        (STS, Answer(400, ID, b"<E><Error><Code>\x01</Code></Error><RequestId>1</RequestId></E>"), ["shape"]),
        (STS, Answer(404, ID, b"<!doctype html>"), ["shape"]),
    ],
)
def test_the_judge(request_: Request, answer: Answer, kinds: list[str]) -> None:
    assert [kind for kind, _ in complaints(request_, answer)] == kinds


def test_tracebacks_are_told_apart_by_their_place() -> None:
    def raised(place: str, error: str) -> str:
        ours = f'  File "/x/harness/emulator/{place}.py", line 1, in work\n    f()\n'
        return f'Traceback (most recent call last):\n{ours}  File "/l/b/re.py", line 2, in f\n    x\n{error}\n'

    chained = f"{raised('a', 'KeyError: 1')}\nDuring handling of the above exception, another exception occurred:\n\n"
    log = f"1 ERROR one\n{raised('a', 'ValueError: x')}2 ERROR two\n{chained}{raised('b', 'TypeError: y')}3 INFO\n"
    places = [place for place, _ in tracebacks(log)]
    assert places == ["a.py work · l/b/re.py f · ValueError", "b.py work · l/b/re.py f · TypeError"]
