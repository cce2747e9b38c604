"""iot (seeds 001 and 003): every malformed answer that a transform can give (A9). Its records are never lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from harness.drills.catalogue.expectations import error_codes
from harness.drills.drill import Drill, Holds, Send, Wait, rule
from harness.drills.systems.iot import BUCKET, ERRORS, TRANSFORM_CALLS, iot
from harness.ledger import Fate

_SENT, _AFTER = 20, 10


class _Answer(NamedTuple):
    kind: str
    title: str
    failed: int
    code: str
    times: int = 1


_ANSWERS = [
    _Answer("not-json", "an answer that is not JSON fails the whole batch", _SENT, "Lambda_JsonProcessingException"),
    _Answer("no-records", "an answer without records fails the whole batch", _SENT, "Lambda_MissingRecordId"),
    _Answer("empty-list", "an empty list of records fails the whole batch", _SENT, "Lambda_MissingRecordId"),
    _Answer("missing-ids", "the record that the answer leaves out fails", 1, "Lambda_MissingRecordId"),
    _Answer("duplicate-ids", "the record that is answered twice fails", 1, "Lambda_DuplicatedRecordId"),
    _Answer("unknown-ids", "a record answered under an unknown id fails", 1, "Lambda_MissingRecordId"),
    _Answer("invalid-result", "a result that is none fails the whole batch", _SENT, "Lambda_FunctionError"),
    _Answer("bad-base64", "data that is not base64 fails the whole batch", _SENT, "Lambda_FunctionError"),
    _Answer("null-data", "a record that is Ok without data fails", 1, "Lambda_InvalidReturnFormat"),
    _Answer("all-processing-failed", "every record fails on its own", _SENT, "Lambda_ProcessingFailedStatus"),
    _Answer("over-6mb", "an answer over 6 MB fails all four attempts", _SENT, "Lambda_FunctionError", times=4),
]


def _drill(answer: _Answer) -> Drill:
    fates: Mapping[Fate, int] = {"processing-failed": answer.failed, "delivered": _SENT + _AFTER - answer.failed}
    which: Mapping[Fate, Holds] = {
        "processing-failed": lambda sent: sent.number < answer.failed,
        "delivered": lambda sent: sent.number >= answer.failed,
    }
    return Drill(
        name=f"iot-answer-{answer.kind}",
        title=f"A malformed answer of the transform: {answer.title}",
        system="iot",
        proves=("003 contract validation", f"transform-answer {answer.kind}"),
        topology=iot,
        faults=[rule("answer", "transform-answer", TRANSFORM_CALLS, {"count": answer.times}, answer=answer.kind)],
        plan=[Send(_SENT), Wait(90), Send(_AFTER)],
        fates=fates,
        which=which,
        also=error_codes(BUCKET, ERRORS, **{answer.code: answer.failed}),
    )


DRILLS = [
    *(_drill(answer) for answer in _ANSWERS),
    Drill(
        name="iot-answer-all-dropped",
        title="The transform drops a whole batch by mistake: nothing of it is anywhere but in the source backup",
        system="iot",
        proves=("001 Dropped", "transform-answer all-dropped"),
        topology=iot,
        faults=[rule("answer", "transform-answer", TRANSFORM_CALLS, {"count": 1}, answer="all-dropped")],
        plan=[Send(_SENT), Wait(90), Send(_AFTER)],
        fates={"dropped": _SENT, "delivered": _AFTER},
        which={"dropped": lambda sent: sent.number < _SENT, "delivered": lambda sent: sent.number >= _SENT},
    ),
]
