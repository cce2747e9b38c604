"""The timeline of one drill: records by state over virtual time as stacked steps, faults as bands and lanes.

Text stands beside the drawing as HTML, so that it keeps its size when the drawing is squeezed onto a phone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from harness.drills.reports.spans import span, ticks
from harness.drills.result import Moment, Result

STATES = {
    "delivered": "delivered",
    "processing-failed": "processing failed",
    "delivery-failed": "delivery failed",
    "dead-lettered": "dead-lettered",
    "dropped": "dropped",
    "expired": "expired",
    "buffered": "buffered",
    "unknown": "unknown to the sender",
    "refused": "refused",
    "throttled": "throttled",
    "flight": "in flight",
}
"""From the bottom of the stack to its top."""

_WIDTH, _HEIGHT = 1000.0, 100.0
_TAIL = 1.04  # the last state is drawn a little beyond the end, or it could not be seen
_NARROWEST = 0.4  # percent, so that a fault of a moment can be seen


def chart(result: Result) -> str:
    """The figure of a result; nothing when it was not played to its end."""
    end = max(result.virtual_seconds, 1.0) * _TAIL
    steps = _steps(result.timeline)
    top = max((sum(counts.values()) for _, counts in steps), default=0)
    if not top:
        return ""
    seen = [state for state in STATES if any(counts[state] for _, counts in steps)]
    drawing = "".join(_area(state, steps, end, top) for state in seen)
    bands = "".join(_band(left, width) for _, left, width, _ in _lanes(result, end))
    return (
        '<figure class="chart">'
        f'<div class="top">{top} records</div>'
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(result.drill.name)}: records by state over virtual time">{drawing}{bands}</svg>'
        f'<div class="axis">{_axis(end)}</div>{_lane_rows(result, end)}{legend(seen, steps[-1][1])}</figure>'
    )


def at_the_end(result: Result) -> dict[str, int]:
    """How many records ended in each state, from the bottom of the stack to its top."""
    steps = _steps(result.timeline)
    return {state: steps[-1][1][state] for state in STATES if steps and steps[-1][1][state]}


def legend(states: Iterable[str], counts: Mapping[str, int]) -> str:
    """What the colours mean, with numbers where there are some."""
    items = "".join(
        f'<li><i class="s-{state}"></i>{STATES[state]}'
        + (f" <b>{counts[state]}</b>" if counts.get(state) else "")
        + "</li>"
        for state in states
    )
    return f'<ul class="legend">{items}</ul>'


def _steps(timeline: Sequence[Moment]) -> list[tuple[float, Counter[str]]]:
    """The number of records in each state from each moment on."""
    now: Counter[str] = Counter()
    found: list[tuple[float, Counter[str]]] = []
    for moment in timeline:
        if moment.state == "sent":
            now["flight"] += moment.count
        else:
            now[moment.state] += moment.count
            # A record that was found in two fates leaves the flight but once.
            now["flight"] = max(0, now["flight"] - moment.count)
        if found and found[-1][0] == moment.time:
            found[-1] = (moment.time, now.copy())
        else:
            found.append((moment.time, now.copy()))
    return found


def _area(state: str, steps: Sequence[tuple[float, Counter[str]]], end: float, top: int) -> str:
    """One layer of the stack as a closed path of horizontal and vertical lines."""
    below = list(STATES)[: list(STATES).index(state)]
    upper: list[str] = []
    lower: list[str] = []
    for index, (moment, counts) in enumerate(steps):
        following = steps[index + 1][0] if index + 1 < len(steps) else end
        floor = sum(counts[each] for each in below)
        left, right = _x(moment, end), _x(max(following, moment), end)
        high, low = _y(floor + counts[state], top), _y(floor, top)
        upper += [f"{left:.2f},{high:.2f}", f"{right:.2f},{high:.2f}"]
        lower += [f"{left:.2f},{low:.2f}", f"{right:.2f},{low:.2f}"]
    points = " ".join([*upper, *reversed(lower)])
    return f'<polygon class="s-{state}" points="{points}"><title>{STATES[state]}</title></polygon>'


def _x(moment: float, end: float) -> float:
    return min(1.0, moment / end) * _WIDTH


def _y(count: float, top: int) -> float:
    return _HEIGHT - count / top * _HEIGHT


def _lanes(result: Result, end: float) -> list[tuple[str, float, float, int]]:
    """Id, left and width in percent, and count of each fault that has a place in time."""
    lanes = []
    for fault in result.faults:
        if fault.begins is None:
            continue
        left = min(fault.begins / end * 100, 100 - _NARROWEST)
        right = 100.0 if fault.ends is None else min(fault.ends / end * 100, 100.0)
        lanes.append((fault.id, left, max(_NARROWEST, right - left), fault.fired))
    return lanes


def _band(left: float, width: float) -> str:
    return f'<rect class="band" x="{left * 10:.2f}" y="0" width="{width * 10:.2f}" height="{_HEIGHT:g}"/>'


def _lane_rows(result: Result, end: float) -> str:
    return "".join(
        f'<div class="lane"><span class="bar" style="left:{left:.2f}%;width:{width:.2f}%"></span>'
        f'<span class="label">{escape(name)} <b>× {fired}</b></span></div>'
        for name, left, width, fired in _lanes(result, end)
    )


def _axis(end: float) -> str:
    over = end / _TAIL
    marks = ticks(over)
    # The end has its own label; a tick close to it would run into it.
    labels = [(moment / end * 100, label) for moment, label in marks if moment / end < 0.86]
    spans = "".join(f'<span style="left:{left:.2f}%">{escape(label)}</span>' for left, label in labels)
    return f'{spans}<span class="end">{escape(span(over))}</span>'
