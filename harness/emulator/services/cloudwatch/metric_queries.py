"""Metric data queries: metrics and expressions over them, of one GetMetricData or of one alarm (E2, "Metric math")."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.emulator.errors import NotEmulated
from harness.emulator.services.cloudwatch.base import invalid, validation
from harness.emulator.services.cloudwatch.metric_math import (
    Expression,
    MathError,
    MathNotEmulated,
    Query,
    Series,
    Value,
    parse,
)
from harness.json_object import Json

MOST_QUERIES = 500
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")

SeriesOf = Callable[[Json, int], Series]
"""The series of a MetricStat, and when its periods begin (epoch seconds)."""


class Line(NamedTuple):
    """One line of a result: the query that it belongs to, its label, its datapoints."""

    query: Json
    label: str
    series: Series


@dataclass(frozen=True)
class MetricQueries:
    """Checked queries: `order` has the ids of the expressions so that each comes after those that it uses."""

    queries: dict[str, Json]
    expressions: dict[str, Expression]
    order: tuple[str, ...]

    @classmethod
    def read(cls, given: Sequence[Json], where: str) -> MetricQueries:
        """Raises InvalidParameterValue, ValidationError; NotEmulated for what is not emulated. `where` is the member
        that holds the queries."""
        queries: dict[str, Json] = {}
        expressions: dict[str, Expression] = {}
        for number, query in enumerate(given, 1):
            name = query["Id"]
            if _ID.fullmatch(name) is None:
                raise invalid(
                    f"The value {name} for parameter {where}.member.{number}.Id is not matching the expected pattern "
                    f"^{_ID.pattern}$."
                )
            if name in queries:
                raise invalid(f"The values for parameter id in {where} are not unique.")
            if "AccountId" in query:
                raise NotEmulated("cloudwatch", f"{where}.AccountId")
            if ("MetricStat" in query) == ("Expression" in query):
                raise invalid(
                    f"The parameters {where}.member.{number}.MetricStat and {where}.member.{number}.Expression are "
                    "mutually exclusive and one of them is required."
                )
            queries[name] = query
            if "Expression" in query:
                expressions[name] = _parsed(name, query["Expression"])
        return cls(queries, expressions, _ordered(queries, expressions))

    def period(self, name: str) -> int:
        """Seconds of a query's period: its own, or the longest of what it uses."""
        query = self.queries[name]
        if "MetricStat" in query:
            return int(query["MetricStat"]["Period"])
        if "Period" in query:
            return int(query["Period"])
        expression = self.expressions[name]
        used = {*expression.names, *(self.metrics() if expression.uses_all else ())}
        return max((self.period(each) for each in used), default=60)

    def metrics(self) -> list[str]:
        """The ids of the queries that are no expressions."""
        return [name for name in self.queries if name not in self.expressions]

    def evaluate(self, series_of: SeriesOf, start_of: Callable[[int], int], end: int) -> list[Line]:
        """The lines that are asked for (`ReturnData`), in the order of the queries. `start_of`: when the periods of so
        many seconds begin. Raises ValidationError."""
        metrics: dict[str, tuple[str, Series]] = {}
        for name in self.metrics():
            stat = self.queries[name]["MetricStat"]
            label = self.queries[name].get("Label", stat["Metric"].get("MetricName", name))
            metrics[name] = (label, series_of(stat, start_of(stat["Period"])))
        results: dict[str, Value] = {}
        for name in self.order:
            period = self.period(name)
            query = Query(metrics, results, period, start_of(period), end)
            try:
                results[name] = self.expressions[name].evaluate(query)
            except MathError as error:
                raise _wrong(name, str(error)) from None
        lines: list[Line] = []
        for name, asked in self.queries.items():
            if not asked.get("ReturnData", True):
                continue
            if name in metrics:
                lines.append(Line(asked, *metrics[name]))
            else:
                lines += _lines(name, asked, results[name])
        return lines


def _parsed(name: str, text: str) -> Expression:
    try:
        return parse(text)
    except MathError as error:
        raise _wrong(name, str(error)) from None
    except MathNotEmulated as function:
        raise NotEmulated("cloudwatch", f"the function {function} of metric math") from None


def _ordered(queries: dict[str, Json], expressions: dict[str, Expression]) -> tuple[str, ...]:
    """Raises ValidationError for names that are nothing, and for expressions that use each other."""
    order: list[str] = []
    under_way: set[str] = set()

    def visit(name: str) -> None:
        if name in order or name not in expressions:
            return
        if name in under_way:
            raise _wrong(name, "The expression uses itself")
        under_way.add(name)
        for used in sorted(expressions[name].names):
            if used not in queries:
                raise _wrong(name, f"Undefined variable {used}")
            visit(used)
        order.append(name)

    for name in expressions:
        visit(name)
    return tuple(order)


def _lines(name: str, asked: Json, value: Value) -> list[Line]:
    if isinstance(value, list):
        return [Line(asked, asked.get("Label", label or name), series) for label, series in value]
    if isinstance(value, dict):
        return [Line(asked, asked.get("Label", name), value)]
    raise _wrong(name, "The expression must return a time series, not a number")


def _wrong(name: str, why: str) -> Exception:
    return validation(f"Error in expression '{name}': {why}")  # text unsure
