"""Why an alarm is in its state, in AWS's words and as JSON (E2)."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from harness.emulator.services.cloudwatch.evaluation import Datapoint, Decision
from harness.emulator.services.cloudwatch.model import ALARM, INSUFFICIENT_DATA, Alarm

INITIAL = "Unchecked: Initial alarm creation"

_WORDS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_FILLED_AS = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


def stamp(seconds: float) -> str:
    """`2019-10-02T17:04:40.985+0000`"""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def text(alarm: Alarm, state: str, decision: Decision, breaching: list[Datapoint]) -> str:
    """The state reason. `breaching` are those of the used datapoints that breach."""
    if state == INSUFFICIENT_DATA:
        count = alarm.evaluation_periods
        return f"Insufficient Data: {_count(count)} {'was' if count == 1 else 'were'} unknown."
    filled = ""
    if decision.filled:
        noun = "datapoint was" if decision.filled == 1 else "datapoints were"
        filled = f"{decision.filled} missing {noun} treated as [{_FILLED_AS[alarm.treat_missing_data or '']}]"
    periods = alarm.evaluation_periods
    if not decision.used:
        return f"Threshold Crossed: no datapoints were received for {_periods(periods)} and {filled}."
    shown = breaching if state == ALARM else [point for point in decision.used if point not in breaching]
    if not shown:  # what is missing decides
        noun = "datapoint was" if len(decision.used) == 1 else "datapoints were"
        return f"Threshold Crossed: {len(decision.used)} {noun} received for {_periods(periods)} and {filled}."
    listed = ", ".join(f"{point.value} ({_moment(point.at)})" for point in reversed(shown))
    verb = ("was" if len(shown) == 1 else "were") + ("" if state == ALARM else " not")
    rule = f"{verb} {_WORDS[alarm.comparison]} the threshold ({alarm.threshold})"
    rest = f" and {filled}" if filled else ""
    if alarm.datapoints_to_alarm is None:
        return f"Threshold Crossed: {_count(len(shown))} [{listed}] {rule}{rest}."
    change = "OK -> ALARM" if state == ALARM else "ALARM -> OK"
    least = alarm.needed if state == ALARM else periods - alarm.needed + 1
    return (
        f"Threshold Crossed: {len(shown)} out of the last {periods} datapoints [{listed}] {rule}{rest} "
        f"(minimum {_count(least)} for {change} transition)."
    )


def data(alarm: Alarm, decision: Decision, now: float) -> str:
    """The state reason data."""
    start = {"startDate": stamp(decision.used[0].at)} if decision.used else {}
    members = {
        "version": "1.0",
        "queryDate": stamp(now),
        **start,
        **({} if alarm.statistic is None else {"statistic": alarm.statistic}),
        "period": alarm.period,
        "recentDatapoints": [point.value for point in decision.used],
        "threshold": alarm.threshold,
        "evaluatedDatapoints": [
            {
                "timestamp": stamp(point.at),
                **({} if point.samples is None else {"sampleCount": point.samples}),
                "value": point.value,
            }
            for point in reversed(decision.used)
        ],
    }
    if alarm.unit is not None:
        members["unit"] = alarm.unit
    return orjson.dumps(members).decode()


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%m/%y %H:%M:%S")


def _count(number: int) -> str:
    return f"{number} datapoint{'' if number == 1 else 's'}"


def _periods(number: int) -> str:
    return f"{number} period{'' if number == 1 else 's'}"
