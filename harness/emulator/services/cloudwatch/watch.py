"""Alarms are evaluated when the clock says so: every minute, every ten seconds, or every hour (E2)."""

from __future__ import annotations

import logging

from harness.emulator.clock import Timer
from harness.emulator.errors import AwsError
from harness.emulator.services.cloudwatch import reasons, statistics
from harness.emulator.services.cloudwatch.actions import ActionOperations
from harness.emulator.services.cloudwatch.evaluation import COMPARISONS, EXTRA_PERIODS, Datapoint, decide
from harness.emulator.services.cloudwatch.metric_math import Series
from harness.emulator.services.cloudwatch.metric_queries import MetricQueries
from harness.emulator.services.cloudwatch.model import Alarm, AnyAlarm, State
from harness.emulator.services.cloudwatch.series import SeriesOperations
from harness.emulator.world import World
from harness.json_object import Json

log = logging.getLogger(__name__)

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_FAST = 10
"""Alarms with a period below a minute are evaluated so often."""


class Watch(ActionOperations, SeriesOperations):
    """One housekeeping timer for all alarms, at the borders of minutes; there is none while there is no alarm.

    A period longer than a minute is a window that moves on every minute, so a datapoint does not wait for its border.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._timer: Timer | None = None

    def watch(self) -> None:
        """See to it that the next evaluation is due; called when alarms come or change."""
        alarms = self.alarms.values()
        if not alarms:
            return
        step = _FAST if any(alarm.period < _MINUTE for alarm in alarms) else _MINUTE
        due = (int(self.world.clock.now()) // step + 1) * step
        if self._timer is not None:
            if self._timer.when <= due:
                return
            self._timer.cancel()
        self._timer = self.world.clock.call_at(due, self._tick, name="cloudwatch alarms", data=False)

    def watch_anew(self) -> None:
        """`watch` after the clock has forgotten all timers."""
        self._timer = None
        self.watch()

    async def _tick(self) -> None:
        assert self._timer is not None
        now = int(self._timer.when)
        self.watch_anew()
        for alarm in self.alarms.values():
            if now % _step(alarm) == 0 and self.alarms.get(alarm.key) is alarm:
                await self._evaluate(alarm, now)

    async def _evaluate(self, alarm: Alarm, now: int) -> None:
        compare = COMPARISONS[alarm.comparison]

        def breaches(value: float) -> bool:
            return compare(value, alarm.threshold)

        points = self._points(alarm, now)
        newest = next((point for point in reversed(points) if point is not None), None)
        if alarm.low_sample_count == "ignore" and newest is not None and (newest.samples or 0) < _significant(alarm):
            return
        treatment = alarm.treat_missing_data or "missing"
        decision = decide(points, breaches, alarm.evaluation_periods, alarm.needed, treatment)
        if decision.state in (None, alarm.state.value):
            return
        assert decision.state is not None
        breaching = [point for point in decision.used if breaches(point.value)]
        reason = reasons.text(alarm, decision.state, decision, breaching)
        await self.change_state(alarm, decision.state, reason, reasons.data(alarm, decision, self.world.clock.now()))

    async def change_state(self, alarm: AnyAlarm, value: str, reason: str, reason_data: str | None) -> None:
        """Bring an alarm into a state; actions run if it is another one than before."""
        old, now = alarm.state, self.world.clock.now()
        changed = value != old.value
        alarm.state = State(value, reason, reason_data, now, now if changed else old.transitioned)
        self.table_of(alarm).put(alarm.key, alarm)
        if changed:
            self.note_state(alarm, old, alarm.state)
            if alarm.actions_enabled:
                await self.run_actions(alarm, old, alarm.state)
            await self.state_changed(alarm)

    async def state_changed(self, alarm: AnyAlarm) -> None:
        """An alarm has come into another state: what depends on it follows."""

    def _points(self, alarm: Alarm, now: int) -> list[Datapoint | None]:
        """The evaluation range that ends now, oldest first."""
        count = alarm.evaluation_periods + EXTRA_PERIODS
        start = now - count * alarm.period
        points: list[Datapoint | None] = [None] * count
        if alarm.metric is None:
            for at, number in self._math(alarm, start, now).items():
                points[(at - start) // alarm.period] = Datapoint(at, number, None)
            return points
        assert alarm.statistic is not None
        buckets = self.world.metrics.buckets(alarm.metric, start, now, alarm.unit)
        whole = statistics.by_period([("", at, bucket) for _, at, bucket in buckets], start, alarm.period)
        for (at, _), bucket in whole.items():
            value = statistics.value(bucket, alarm.statistic)
            if value is not None:
                points[(at - start) // alarm.period] = Datapoint(at, value, bucket.count)
        return points

    def _math(self, alarm: Alarm, start: int, now: int) -> Series:
        """The series of an alarm on metric math. An expression that can't be evaluated has no data."""

        def series_of(stat: Json, first: int) -> Series:
            return self.series(alarm.account, alarm.region, stat, first, now)

        try:
            lines = MetricQueries.read(alarm.queries, "Metrics").evaluate(series_of, lambda period: start, now)
        except AwsError as error:
            log.info("the alarm %s can't be evaluated: %s", alarm.name, error.message)
            return {}
        return lines[0].series if len(lines) == 1 else {}


def _step(alarm: Alarm) -> int:
    if alarm.period < _MINUTE:
        return _FAST
    return _HOUR if alarm.period * alarm.evaluation_periods > _DAY else _MINUTE


def _significant(alarm: Alarm) -> float:
    """The samples that a percentile needs: 10 on its rarer side."""
    wanted = (statistics.percentile(alarm.statistic or "") or 0.0) / 100
    rarer = min(wanted, 1 - wanted)
    return 10 / rarer if rarer else 1
