"""What alarms are made of. Everything here is plain data that pickles: it lives in the store."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.emulator.metrics import Identity
from harness.json_object import Json

AlarmKey = tuple[str, str, str]
"""(account, region, alarm name)"""

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"


@dataclass(slots=True)
class State:
    """A state, why (text and JSON), and since when it is so and when it was last said, in epoch seconds."""

    value: str
    reason: str
    reason_data: str | None
    updated: float
    transitioned: float


@dataclass(slots=True, kw_only=True)
class AnyAlarm:
    """What metric alarms and composite alarms have in common."""

    account: str
    region: str
    name: str
    state: State
    configured: float
    description: str | None = None
    actions_enabled: bool = True
    ok_actions: list[str] = field(default_factory=list)
    alarm_actions: list[str] = field(default_factory=list)
    insufficient_data_actions: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> AlarmKey:
        return (self.account, self.region, self.name)

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{self.name}"

    @property
    def all_actions(self) -> list[str]:
        return [*self.ok_actions, *self.alarm_actions, *self.insufficient_data_actions]

    def actions_for(self, state: str) -> list[str]:
        return {OK: self.ok_actions, ALARM: self.alarm_actions}.get(state, self.insufficient_data_actions)


@dataclass(slots=True, kw_only=True)
class Alarm(AnyAlarm):
    """An alarm on a metric, or on metric math: then `queries` are its metric data queries, and metric and statistic are
    None. `period` is in seconds; `statistic` is `Average` or `p90`."""

    metric: Identity | None
    statistic: str | None
    period: int
    evaluation_periods: int
    comparison: str
    threshold: float
    queries: list[Json] = field(default_factory=list)
    unit: str | None = None
    datapoints_to_alarm: int | None = None
    treat_missing_data: str | None = None
    low_sample_count: str | None = None

    @property
    def is_extended(self) -> bool:
        """Whether the statistic is a percentile."""
        return self.statistic is not None and self.statistic.startswith("p")

    @property
    def needed(self) -> int:
        """How many datapoints must breach: M of N."""
        return self.datapoints_to_alarm or self.evaluation_periods


@dataclass(slots=True, kw_only=True)
class CompositeAlarm(AnyAlarm):
    """An alarm on other alarms, by a rule such as `ALARM(a) AND NOT OK(b)`."""

    rule: str


@dataclass(slots=True)
class HistoryItem:
    """One line of an alarm's history. `kind`: ConfigurationUpdate, StateUpdate or Action; `data` is JSON."""

    name: str
    kind: str
    when: float
    summary: str
    data: str
    alarm_type: str = "MetricAlarm"
