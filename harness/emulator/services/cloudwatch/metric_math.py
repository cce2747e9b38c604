"""Metric math: expressions over time series (E2, "Metric math"). Nothing here knows time, the store or requests.

An expression is parsed once and evaluated over what its names stand for. A value is a number, a series (first second of
a period → value; a period without data is absent) or several series, which a function such as SUM makes one of.
"""

from __future__ import annotations

import math
import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias

Series: TypeAlias = dict[int, float]
Labelled: TypeAlias = list[tuple[str, Series]]
"""Several series with their labels."""
Value: TypeAlias = float | Series | Labelled

MOST_NESTED = 30
MOST_DATAPOINTS = 100_800
"""Periods of an expression: the datapoints that one GetMetricData returns at most."""
_REFUSED = ("ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "SEARCH", "SERVICE_QUOTA")
"""Functions that AWS has and that look at more than the request's series."""


class MathError(Exception):
    """The expression can't be parsed or evaluated; the text says why."""


class MathNotEmulated(Exception):
    """The expression uses a function that is not emulated; the text is its name."""


class Query(NamedTuple):
    """What an expression is evaluated over: the series of metrics by id (with labels), the results of other expressions
    by id, and the periods of `period` seconds from `start` to `end`."""

    metrics: Mapping[str, tuple[str, Series]]
    results: Mapping[str, Value]
    period: int
    start: int
    end: int

    @property
    def times(self) -> range:
        """The first second of each period. Raises MathError for too many."""
        times = range(self.start, self.end, self.period)
        if len(times) > MOST_DATAPOINTS:
            raise MathError(f"More than {MOST_DATAPOINTS:,} periods")
        return times


@dataclass(frozen=True)
class Expression:
    """A parsed expression. `names` are the ids that it uses; `uses_all`: METRICS(), which takes every metric."""

    names: frozenset[str]
    uses_all: bool
    _run: Callable[[Query], Value]

    def evaluate(self, query: Query) -> Value:
        """Raises MathError."""
        return self._run(query)


_Node: TypeAlias = Callable[[Query], Value]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<text>'[^']*'|\"[^\"]*\")|(?P<mark>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]!]))"
)
_LEVELS: tuple[dict[str, Callable[[float, float], float]], ...] = (
    {"||": lambda a, b: float(bool(a) or bool(b)), "OR": lambda a, b: float(bool(a) or bool(b))},
    {"&&": lambda a, b: float(bool(a) and bool(b)), "AND": lambda a, b: float(bool(a) and bool(b))},
    {
        "==": lambda a, b: float(a == b),
        "!=": lambda a, b: float(a != b),
        "<=": lambda a, b: float(a <= b),
        ">=": lambda a, b: float(a >= b),
        "<": lambda a, b: float(a < b),
        ">": lambda a, b: float(a > b),
    },
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv},
)
"""Operators by precedence, the loosest first. `^` binds tighter, from the right."""


@lru_cache(maxsize=1000)
def parse(text: str) -> Expression:
    """Raises MathError for what is no expression, MathNotEmulated for a function that is not emulated."""
    return _Parser(text).expression()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0
        self._names: set[str] = set()
        self._uses_all = False

    def expression(self) -> Expression:
        node = self._level(0)
        if self._at < len(self._tokens):
            raise MathError(f"Unexpected {self._tokens[self._at]}")
        return Expression(frozenset(self._names), self._uses_all, node)

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str) -> bool:
        if self._next() != wanted:
            return False
        self._at += 1
        return True

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise MathError(f"Expected {wanted} instead of {self._next() or 'the end'}")

    def _level(self, level: int) -> _Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self._level(level + 1)
        while (sign := self._next()) in _LEVELS[level]:
            self._at += 1
            node = _pairwise(_LEVELS[level][sign], node, self._level(level + 1))
        return node

    def _unary(self) -> _Node:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise MathError("The expression is nested too deeply")
        try:
            if self._take("-"):
                return _each(operator.neg, self._unary())
            if self._take("!"):
                return _each(lambda value: float(not value), self._unary())
            base = self._primary()
            return _pairwise(_power, base, self._unary()) if self._take("^") else base
        finally:
            self._depth -= 1

    def _primary(self) -> _Node:
        token = self._next()
        self._at += 1
        if token == "(":
            node = self._level(0)
            self._expect(")")
            return node
        if token == "[":
            return _array(self._list("]"))
        if token[:1].isdigit() or token[:1] == ".":
            number = float(token)
            return lambda query: number
        if not token[:1].isalpha():
            raise MathError(f"Unexpected {token or 'end'}")
        if token.isupper() and self._take("("):
            return self._call(token)
        self._names.add(token)
        return lambda query: _named(query, token)

    def _call(self, name: str) -> _Node:
        if name in _REFUSED:
            raise MathNotEmulated(name)
        if name == "METRICS":
            self._uses_all = True
            part = self._text() if self._next()[:1] in "'\"" and self._next() else ""
            self._expect(")")
            return lambda query: [found for each, found in query.metrics.items() if part in each]
        if name == "FILL" or name == "SORT":
            return self._with_words(name)
        function = _FUNCTIONS.get(name)
        if function is None:
            raise MathError(f"Unknown function {name}")
        arguments = self._list(")")
        if not function.least <= len(arguments) <= function.most:
            raise MathError(f"Wrong number of arguments of {name}")
        return function.made(arguments)

    def _with_words(self, name: str) -> _Node:
        """Functions that take words beside values: FILL(m, REPEAT), SORT(m, AVG, DESC, 3)."""
        first = self._level(0)
        self._expect(",")
        if name == "FILL":
            word = self._next()
            if word in ("REPEAT", "LINEAR"):
                self._at += 1
                self._expect(")")
                return _filled(first, word)
            other = self._level(0)
            self._expect(")")
            return _filled(first, other)
        by = self._word("AVG", "MAX", "MIN", "SUM")
        self._expect(",")
        order = self._word("ASC", "DESC")
        limit: _Node | None = self._level(0) if self._take(",") else None
        self._expect(")")
        return _sorted(first, by, order, limit)

    def _word(self, *words: str) -> str:
        word = self._next()
        if word not in words:
            raise MathError(f"Expected one of {', '.join(words)} instead of {word or 'the end'}")
        self._at += 1
        return word

    def _text(self) -> str:
        text = self._next()
        self._at += 1
        return text[1:-1]

    def _list(self, end: str) -> list[_Node]:
        if self._take(end):
            return []
        found = [self._level(0)]
        while self._take(","):
            found.append(self._level(0))
        self._expect(end)
        return found


def _tokens(text: str) -> Iterator[str]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise MathError(f"Unexpected {text[at:].lstrip()[:1]}")
        yield found[found.lastgroup or 0]
        at = found.end()


# -- values -----------------------------------------------------------------------------------------------------


def _named(query: Query, name: str) -> Value:
    if name in query.metrics:
        return query.metrics[name][1]
    return query.results[name]


def _each(function: Callable[[float], float], node: _Node) -> _Node:
    def run(query: Query) -> Value:
        return _mapped(function, node(query))

    return run


def _mapped(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, dict):
        return _finite({at: function(each) for at, each in value.items()})
    if isinstance(value, list):
        return [(label, _finite({at: function(each) for at, each in series.items()})) for label, series in value]
    return function(value)


def _finite(series: Series) -> Series:
    """A result that is no number is no datapoint."""
    return {at: value for at, value in series.items() if math.isfinite(value)}


def _safe(function: Callable[..., float]) -> Callable[..., float]:
    def run(*values: float) -> float:
        try:
            return function(*values)
        except (ArithmeticError, ValueError):
            return math.nan

    return run


def _power(base: float, exponent: float) -> float:
    result = base**exponent
    return result if isinstance(result, float) else math.nan


def _pairwise(function: Callable[[float, float], float], left: _Node, right: _Node) -> _Node:
    """An operator. Two series are joined where both have data."""
    safe = _safe(function)

    def run(query: Query) -> Value:
        return _joined(safe, left(query), right(query))

    return run


def _joined(function: Callable[[float, float], float], a: Value, b: Value) -> Value:
    if isinstance(a, list):
        if isinstance(b, list):
            if len(a) != len(b):
                raise MathError("Arrays of different lengths")
            pairs = zip(a, b, strict=True)
            return [(label, _both(function, one, other)) for (label, one), (_, other) in pairs]
        return [(label, _both(function, series, b)) for label, series in a]
    if isinstance(b, list):
        return [(label, _both(function, a, series)) for label, series in b]
    if isinstance(a, dict) or isinstance(b, dict):
        return _both(function, a, b)
    return function(a, b)


def _both(function: Callable[[float, float], float], a: float | Series, b: float | Series) -> Series:
    if isinstance(a, dict):
        if isinstance(b, dict):
            return _finite({at: function(value, b[at]) for at, value in a.items() if at in b})
        return _finite({at: function(value, b) for at, value in a.items()})
    assert isinstance(b, dict)
    return _finite({at: function(a, value) for at, value in b.items()})


def _array(nodes: Sequence[_Node]) -> _Node:
    def run(query: Query) -> Value:
        found: Labelled = []
        for number, node in enumerate(nodes):
            value = node(query)
            if isinstance(value, list):
                found += value
            else:
                found.append((f"{number}", _as_series(value, query)))
        return found

    return run


def _as_series(value: float | Series, query: Query) -> Series:
    return value if isinstance(value, dict) else dict.fromkeys(query.times, value)


def _a_series(value: Value, function: str) -> Series:
    if not isinstance(value, dict):
        raise MathError(f"{function} takes a time series")
    return value


def _an_array(value: Value, function: str) -> Labelled:
    if not isinstance(value, list):
        raise MathError(f"{function} takes an array of time series")
    return value


def _a_number(value: Value, function: str) -> float:
    if isinstance(value, (dict, list)):
        raise MathError(f"{function} takes a number there")
    return value


# -- functions --------------------------------------------------------------------------------------------------


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "DATAPOINT_COUNT": lambda values: float(len(values)),
    "MAX": max,
    "MIN": min,
    "STDDEV": _deviation,
    "SUM": math.fsum,
}
"""Of the values of one series: a number. Of several series: a series, period by period."""


class _Function(NamedTuple):
    least: int
    most: int
    made: Callable[[list[_Node]], _Node]


def _aggregate(name: str) -> _Function:
    function = _AGGREGATES[name]

    def made(arguments: list[_Node]) -> _Node:
        def run(query: Query) -> Value:
            values = [argument(query) for argument in arguments]
            if len(values) > 1:  # MAX(m1, m2), MAX(m1, 5)
                several: Labelled = [("", _as_series(one, query)) for one in values if not isinstance(one, list)]
                return _by_time(function, several)
            value = values[0]
            if isinstance(value, list):
                return _by_time(function, value)
            if isinstance(value, dict):
                return function(list(value.values())) if value else (0.0 if name == "DATAPOINT_COUNT" else math.nan)
            return function([value])

        return run

    return _Function(1, 100 if name in ("MAX", "MIN") else 1, made)


def _by_time(function: Callable[[Sequence[float]], float], several: Labelled) -> Series:
    times = sorted({at for _, series in several for at in series})
    return {at: function([series[at] for _, series in several if at in series]) for at in times}


def _scalar(function: Callable[[float], float]) -> _Function:
    safe = _safe(function)
    return _Function(1, 1, lambda arguments: _each(safe, arguments[0]))


def _along(name: str, function: Callable[[list[tuple[int, float]]], Series]) -> _Function:
    """A function of a series from its beginning to its end."""

    def one(series: Series) -> Series:
        return function(sorted(series.items()))

    def made(arguments: list[_Node]) -> _Node:
        def run(query: Query) -> Value:
            value = arguments[0](query)
            if isinstance(value, list):
                return [(label, one(series)) for label, series in value]
            return one(_a_series(value, name))

        return run

    return _Function(1, 1, made)


def _steps(function: Callable[[int, float], float]) -> Callable[[list[tuple[int, float]]], Series]:
    """From one datapoint to the next: seconds and difference."""

    def run(points: list[tuple[int, float]]) -> Series:
        return {at: function(at - before, value - last) for (before, last), (at, value) in pairwise(points)}

    return run


def _running(points: list[tuple[int, float]]) -> Series:
    total, found = 0.0, {}
    for at, value in points:
        total += value
        found[at] = total
    return found


def _of_time(function: Callable[[int], float]) -> _Function:
    """A function of the periods' times."""

    def made(arguments: list[_Node]) -> _Node:
        def run(query: Query) -> Value:
            value = arguments[0](query)
            series = _as_series(value, query) if not isinstance(value, list) else dict.fromkeys(query.times, 0.0)
            return {at: function(at) for at in series}

        return run

    return _Function(1, 1, made)


def _date(part: Callable[[datetime], int]) -> Callable[[int], float]:
    return lambda at: float(part(datetime.fromtimestamp(at, UTC)))


def _if(arguments: list[_Node]) -> _Node:
    def run(query: Query) -> Value:
        condition, chosen = arguments[0](query), arguments[1](query)
        other: Value = arguments[2](query) if len(arguments) > 2 else {}
        if isinstance(condition, list) or isinstance(chosen, list) or isinstance(other, list):
            raise MathError("IF takes no arrays")
        if not isinstance(condition, dict):
            return chosen if condition else other
        found: Series = {}
        for at, value in condition.items():
            which = chosen if value else other
            if not isinstance(which, dict):
                found[at] = which
            elif at in which:
                found[at] = which[at]
        return found

    return run


def _filled(node: _Node, by: str | _Node) -> _Node:
    """FILL: each period without data gets a value."""

    def one(series: Series, query: Query, filler: Value | None) -> Series:
        if isinstance(filler, (dict, float)):
            return {
                at: series.get(at, filler.get(at, math.nan) if isinstance(filler, dict) else filler)
                for at in query.times
                if at in series or not isinstance(filler, dict) or at in filler
            }
        known = sorted(series.items())
        found: Series = {}
        moments = [at for at, _ in known]
        for at in query.times:
            place = bisect_left(moments, at)
            if at in series:
                found[at] = series[at]
            elif place and by == "REPEAT":
                found[at] = known[place - 1][1]
            elif 0 < place < len(known):
                (left, low), (right, high) = known[place - 1], known[place]
                found[at] = low + (high - low) * (at - left) / (right - left)
        return found

    def run(query: Query) -> Value:
        value = node(query)
        filler = None if isinstance(by, str) else by(query)
        if isinstance(value, list):
            return [(label, one(series, query, filler)) for label, series in value]
        return one(_a_series(value, "FILL"), query, filler)

    return run


def _sorted(node: _Node, by: str, order: str, limit: _Node | None) -> _Node:
    def run(query: Query) -> Value:
        several = _an_array(node(query), "SORT")
        filled = [item for item in several if item[1]]
        empty = [item for item in several if not item[1]]
        filled.sort(key=lambda item: _AGGREGATES[by](list(item[1].values())), reverse=order == "DESC")
        most = int(_a_number(limit(query), "SORT")) if limit is not None else len(several)
        return (filled + empty)[:most]

    return run


def _picked(name: str, index: int) -> _Function:
    def made(arguments: list[_Node]) -> _Node:
        def run(query: Query) -> Value:
            several = _an_array(arguments[0](query), name)
            return several[index][1] if several else {}

        return run

    return _Function(1, 1, made)


def _slice(arguments: list[_Node]) -> _Node:
    def run(query: Query) -> Value:
        several = _an_array(arguments[0](query), "SLICE")
        bounds = [int(_a_number(argument(query), "SLICE")) for argument in arguments[1:]]
        if len(bounds) == 1:
            return several[: bounds[0]]
        return several[bounds[0] : bounds[1]]

    return run


def _remove_empty(arguments: list[_Node]) -> _Node:
    return lambda query: [item for item in _an_array(arguments[0](query), "REMOVE_EMPTY") if item[1]]


def _metric_count(arguments: list[_Node]) -> _Node:
    return lambda query: float(len(_an_array(arguments[0](query), "METRIC_COUNT")))


def _time_series(arguments: list[_Node]) -> _Node:
    return lambda query: _as_series(_a_number(arguments[0](query), "TIME_SERIES"), query)


def _period(arguments: list[_Node]) -> _Node:
    return lambda query: float(query.period)


_FUNCTIONS: dict[str, _Function] = {
    **{name: _aggregate(name) for name in _AGGREGATES},
    "ABS": _scalar(abs),
    "CEIL": _scalar(lambda value: float(math.ceil(value))),
    "FLOOR": _scalar(lambda value: float(math.floor(value))),
    "LOG": _scalar(math.log),
    "LOG10": _scalar(math.log10),
    "DIFF": _along("DIFF", _steps(lambda seconds, difference: difference)),
    "DIFF_TIME": _along("DIFF_TIME", _steps(lambda seconds, difference: float(seconds))),
    "RATE": _along("RATE", _steps(lambda seconds, difference: difference / seconds)),
    "RUNNING_SUM": _along("RUNNING_SUM", _running),
    "EPOCH": _of_time(float),
    "MINUTE": _of_time(_date(lambda when: when.minute)),
    "HOUR": _of_time(_date(lambda when: when.hour)),
    "DAY": _of_time(_date(lambda when: when.isoweekday())),
    "DATE": _of_time(_date(lambda when: when.day)),
    "MONTH": _of_time(_date(lambda when: when.month)),
    "YEAR": _of_time(_date(lambda when: when.year)),
    "FIRST": _picked("FIRST", 0),
    "LAST": _picked("LAST", -1),
    "IF": _Function(2, 3, _if),
    "METRIC_COUNT": _Function(1, 1, _metric_count),
    "PERIOD": _Function(1, 1, _period),
    "REMOVE_EMPTY": _Function(1, 1, _remove_empty),
    "SLICE": _Function(2, 3, _slice),
    "TIME_SERIES": _Function(1, 1, _time_series),
}
