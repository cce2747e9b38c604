"""Metric alarms: put, describe, delete, switch, set (E2). Metric math and anomaly detection are refused by name."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch import reasons, statistics, tags
from harness.emulator.services.cloudwatch.base import (
    combination,
    dimensions_of,
    identity,
    page,
    validation,
    without_nothing,
)
from harness.emulator.services.cloudwatch.evaluation import COMPARISONS, TREATMENTS
from harness.emulator.services.cloudwatch.model import INSUFFICIENT_DATA, Alarm, State
from harness.emulator.services.cloudwatch.watch import Watch
from harness.json_object import Json

_DAY, _HOUR = 86400, 3600
_REQUIRED = {
    "Namespace": "namespace",
    "Period": "period",
    "EvaluationPeriods": "evaluation_periods",
    "Threshold": "threshold",
    "ComparisonOperator": "comparison_operator",
}


class AlarmOperations(Watch):
    """Alarms of the caller's account and region, by name."""

    @operation
    def put_metric_alarm(
        self,
        call: Call,
        *,
        alarm_name: str,
        alarm_description: str | None = None,
        actions_enabled: bool = True,
        ok_actions: list[str] | None = None,
        alarm_actions: list[str] | None = None,
        insufficient_data_actions: list[str] | None = None,
        metric_name: str | None = None,
        namespace: str | None = None,
        statistic: str | None = None,
        extended_statistic: str | None = None,
        dimensions: list[Json] | None = None,
        period: int | None = None,
        unit: str | None = None,
        evaluation_periods: int | None = None,
        datapoints_to_alarm: int | None = None,
        threshold: float | None = None,
        comparison_operator: str | None = None,
        treat_missing_data: str | None = None,
        evaluate_low_sample_count_percentile: str | None = None,
        tags: list[Json] | None = None,
    ) -> None:
        """Make an alarm, or configure it anew: then its state and its tags stay. Raises ValidationError."""
        if metric_name is None:  # text unsure
            raise validation("MetricName is required, as metric math is not emulated.")
        given = {
            "namespace": namespace,
            "period": period,
            "evaluation_periods": evaluation_periods,
            "threshold": threshold,
            "comparison_operator": comparison_operator,
        }
        for member, name in _REQUIRED.items():
            if given[name] is None:
                raise AwsError("MissingParameter", f"The parameter {member} is required.")
        assert namespace is not None and period is not None and evaluation_periods is not None
        assert threshold is not None and comparison_operator is not None
        if comparison_operator not in COMPARISONS:
            raise self.refuse(f"ComparisonOperator {comparison_operator}")
        _check_periods(period, evaluation_periods, datapoints_to_alarm)
        _check_treatment(treat_missing_data, evaluate_low_sample_count_percentile, extended_statistic)
        found = self.alarms.get((call.account, call.region, alarm_name))
        now = self.world.clock.now()
        alarm = Alarm(
            call.account,
            call.region,
            alarm_name,
            identity(call, namespace, metric_name, dimensions),
            self._statistic(statistic, extended_statistic),
            period,
            evaluation_periods,
            comparison_operator,
            float(threshold),
            found.state if found else State(INSUFFICIENT_DATA, reasons.INITIAL, None, now, now),
            now,
            alarm_description,
            unit,
            datapoints_to_alarm,
            treat_missing_data,
            evaluate_low_sample_count_percentile,
            actions_enabled,
            ok_actions or [],
            alarm_actions or [],
            insufficient_data_actions or [],
            found.tags if found else _tags(tags),
        )
        self.check_actions([*alarm.ok_actions, *alarm.alarm_actions, *alarm.insufficient_data_actions])
        self.alarms.put(alarm.key, alarm)
        kind = "Update" if found else "Create"
        data = {"version": "1.0", "type": kind, f"{kind.lower()}dAlarm": described(alarm)}
        self.note(alarm, "ConfigurationUpdate", f'Alarm "{alarm_name}" {kind.lower()}d', data)
        self.watch()

    @operation
    def describe_alarms(
        self,
        call: Call,
        *,
        alarm_names: list[str] | None = None,
        alarm_name_prefix: str | None = None,
        alarm_types: list[str] | None = None,
        state_value: str | None = None,
        action_prefix: str | None = None,
        max_records: int = 100,
        next_token: str | None = None,
    ) -> Json:
        """By name. There are no composite alarms."""
        if alarm_names and alarm_name_prefix is not None:
            raise combination("AlarmNames and AlarmNamePrefix are mutually exclusive.")  # text unsure
        alarms = [
            alarm
            for alarm in self.alarms_of(call)
            if (not alarm_names or alarm.name in alarm_names)
            and alarm.name.startswith(alarm_name_prefix or "")
            and state_value in (None, alarm.state.value)
            and (action_prefix is None or any(arn.startswith(action_prefix) for arn in _all_actions(alarm)))
            and (not alarm_types or "MetricAlarm" in alarm_types)
        ]
        shown, following = page(alarms, max_records, next_token)
        return without_nothing(
            {"MetricAlarms": [described(alarm) for alarm in shown], "CompositeAlarms": [], "NextToken": following}
        )

    @operation
    def describe_alarms_for_metric(
        self,
        call: Call,
        *,
        metric_name: str,
        namespace: str,
        statistic: str | None = None,
        extended_statistic: str | None = None,
        dimensions: list[Json] | None = None,
        period: int | None = None,
        unit: str | None = None,
    ) -> Json:
        """The alarms on one metric."""
        metric = identity(call, namespace, metric_name, dimensions)
        wanted = statistic or extended_statistic
        return {
            "MetricAlarms": [
                described(alarm)
                for alarm in self.alarms_of(call)
                if alarm.metric == metric
                and wanted in (None, alarm.statistic)
                and period in (None, alarm.period)
                and unit in (None, alarm.unit)
            ]
        }

    @operation
    def delete_alarms(self, call: Call, *, alarm_names: list[str]) -> None:
        """Names that are no alarms are passed over."""
        for alarm in self._named(call, alarm_names):
            self.alarms.delete(alarm.key)
            self.note(
                alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted', {"version": "1.0", "type": "Delete"}
            )

    @operation
    async def set_alarm_state(
        self, call: Call, *, alarm_name: str, state_value: str, state_reason: str, state_reason_data: str | None = None
    ) -> None:
        """Until the next evaluation. Raises ResourceNotFound."""
        alarm = self.alarms.get((call.account, call.region, alarm_name))
        if alarm is None:
            raise AwsError("ResourceNotFound", "", 404)
        await self.change_state(alarm, state_value, state_reason, state_reason_data)

    @operation
    def enable_alarm_actions(self, call: Call, *, alarm_names: list[str]) -> None:
        """Names that are no alarms are passed over."""
        self._switch_actions(call, alarm_names, True)

    @operation
    def disable_alarm_actions(self, call: Call, *, alarm_names: list[str]) -> None:
        """States go on to change; nothing is set off."""
        self._switch_actions(call, alarm_names, False)

    def _switch_actions(self, call: Call, names: list[str], enabled: bool) -> None:
        for alarm in self._named(call, names):
            alarm.actions_enabled = enabled
            self.alarms.put(alarm.key, alarm)

    def _named(self, call: Call, names: list[str]) -> list[Alarm]:
        return [alarm for alarm in self.alarms_of(call) if alarm.name in names]

    def _statistic(self, statistic: str | None, extended: str | None) -> str:
        if (statistic is None) == (extended is None):  # text unsure
            raise validation("Exactly one of Statistic and ExtendedStatistic is required.")
        if statistic is not None:
            return statistic
        assert extended is not None
        if statistics.percentile(extended) is None:
            raise self.refuse(f"ExtendedStatistic {extended}")
        return extended


def described(alarm: Alarm) -> Json:
    """The alarm as DescribeAlarms shows it."""
    return without_nothing(
        {
            "AlarmName": alarm.name,
            "AlarmArn": alarm.arn,
            "AlarmDescription": alarm.description,
            "AlarmConfigurationUpdatedTimestamp": alarm.configured,
            "ActionsEnabled": alarm.actions_enabled,
            "OKActions": alarm.ok_actions,
            "AlarmActions": alarm.alarm_actions,
            "InsufficientDataActions": alarm.insufficient_data_actions,
            "StateValue": alarm.state.value,
            "StateReason": alarm.state.reason,
            "StateReasonData": alarm.state.reason_data,
            "StateUpdatedTimestamp": alarm.state.updated,
            "MetricName": alarm.metric[3],
            "Namespace": alarm.metric[2],
            "Statistic": None if alarm.is_extended else alarm.statistic,
            "ExtendedStatistic": alarm.statistic if alarm.is_extended else None,
            "Dimensions": dimensions_of(alarm.metric),
            "Period": alarm.period,
            "Unit": alarm.unit,
            "EvaluationPeriods": alarm.evaluation_periods,
            "DatapointsToAlarm": alarm.datapoints_to_alarm,
            "Threshold": alarm.threshold,
            "ComparisonOperator": alarm.comparison,
            "TreatMissingData": alarm.treat_missing_data,
            "EvaluateLowSampleCountPercentile": alarm.low_sample_count,
            "StateTransitionedTimestamp": alarm.state.transitioned,
        }
    )


def _check_periods(period: int, periods: int, needed: int | None) -> None:
    if period not in (10, 20, 30) and period % 60:
        raise validation("Period must be 10, 20, 30 or a multiple of 60.")  # text unsure
    limit, name = (7 * _DAY, "seven days") if period >= _HOUR else (_DAY, "a day")
    if period * periods > limit:
        raise validation(
            f"Metrics cannot be checked across more than {name} (EvaluationPeriods * Period must be <= {limit})."
        )
    if needed is not None and needed > periods:  # text unsure
        raise validation("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")


def _check_treatment(treatment: str | None, low_samples: str | None, extended: str | None) -> None:
    if treatment is not None and treatment not in TREATMENTS:  # text unsure
        raise validation(f"TreatMissingData must be one of [{', '.join(TREATMENTS)}].")
    if low_samples is None:
        return
    if low_samples not in ("evaluate", "ignore"):  # text unsure
        raise validation("EvaluateLowSampleCountPercentile must be one of [evaluate, ignore].")
    if extended is None:  # text unsure
        raise validation("EvaluateLowSampleCountPercentile is only for alarms on percentiles.")


def _tags(pairs: list[Json] | None) -> dict[str, str]:
    return tags.checked({pair["Key"]: pair["Value"] for pair in pairs or ()})


def _all_actions(alarm: Alarm) -> list[str]:
    return [*alarm.ok_actions, *alarm.alarm_actions, *alarm.insufficient_data_actions]
