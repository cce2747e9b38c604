"""What alarms are made of. Everything here is plain data that pickles: it lives in the store."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.emulator.metrics import Identity

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


@dataclass(slots=True)
class Alarm:
    """A metric alarm. `period` is in seconds; `statistic` is `Average` or `p90`."""

    account: str
    region: str
    name: str
    metric: Identity
    statistic: str
    period: int
    evaluation_periods: int
    comparison: str
    threshold: float
    state: State
    configured: float
    description: str | None = None
    unit: str | None = None
    datapoints_to_alarm: int | None = None
    treat_missing_data: str | None = None
    low_sample_count: str | None = None
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
    def is_extended(self) -> bool:
        """Whether the statistic is a percentile."""
        return self.statistic.startswith("p")

    @property
    def needed(self) -> int:
        """How many datapoints must breach: M of N."""
        return self.datapoints_to_alarm or self.evaluation_periods

    def actions_for(self, state: str) -> list[str]:
        return {OK: self.ok_actions, ALARM: self.alarm_actions}.get(state, self.insufficient_data_actions)


@dataclass(slots=True)
class HistoryItem:
    """One line of an alarm's history. `kind`: ConfigurationUpdate, StateUpdate or Action; `data` is JSON."""

    name: str
    kind: str
    when: float
    summary: str
    data: str
