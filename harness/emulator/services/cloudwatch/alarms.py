"""Metric alarms: put, describe, delete, switch, set (E2). Anomaly detection is refused by name."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch import composite, reasons, statistics, tags
from harness.emulator.services.cloudwatch.base import (
    combination,
    dimensions_of,
    identity,
    page,
    validation,
    without_nothing,
)
from harness.emulator.services.cloudwatch.evaluation import COMPARISONS, TREATMENTS
from harness.emulator.services.cloudwatch.metric_queries import MetricQueries
from harness.emulator.services.cloudwatch.model import INSUFFICIENT_DATA, Alarm, AnyAlarm, CompositeAlarm, State
from harness.json_object import Json

_DAY, _HOUR = 86400, 3600
_REQUIRED = {
    "Namespace": "namespace",
    "Period": "period",
    "EvaluationPeriods": "evaluation_periods",
    "Threshold": "threshold",
    "ComparisonOperator": "comparison_operator",
}


class AlarmOperations(composite.CompositeOperations):
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
        metrics: list[Json] | None = None,
        tags: list[Json] | None = None,
    ) -> None:
        """Make an alarm, or configure it anew: then its state and its tags stay. Raises ValidationError."""
        given = {
            "namespace": namespace,
            "period": period,
            "evaluation_periods": evaluation_periods,
            "threshold": threshold,
            "comparison_operator": comparison_operator,
        }
        if metrics:
            alone: Json = {"MetricName": metric_name, "Namespace": namespace, "Statistic": statistic, "Period": period}
            alone |= {"ExtendedStatistic": extended_statistic, "Dimensions": dimensions, "Unit": unit}
            if beside := [name for name, value in alone.items() if value is not None]:  # text unsure
                raise validation(f"{beside[0]} must not be specified when Metrics is specified.")
            period = given["period"] = self._math_period(metrics)
            given["namespace"] = ""
        elif metric_name is None:  # text unsure
            raise validation("One of MetricName and Metrics is required.")
        for member, name in _REQUIRED.items():
            if given[name] is None:
                raise AwsError("MissingParameter", f"The parameter {member} is required.")
        assert period is not None and evaluation_periods is not None
        assert threshold is not None and comparison_operator is not None
        if comparison_operator not in COMPARISONS:
            raise self.refuse(f"ComparisonOperator {comparison_operator}")
        _check_periods(period, evaluation_periods, datapoints_to_alarm)
        _check_treatment(treat_missing_data, evaluate_low_sample_count_percentile, extended_statistic)
        self.refuse_other_kind(call, alarm_name, self.composites)
        found = self.alarms.get((call.account, call.region, alarm_name))
        now = self.world.clock.now()
        alarm = Alarm(
            account=call.account,
            region=call.region,
            name=alarm_name,
            metric=None if metrics else identity(call, namespace or "", metric_name or "", dimensions),
            statistic=None if metrics else self._statistic(statistic, extended_statistic),
            queries=metrics or [],
            period=period,
            evaluation_periods=evaluation_periods,
            comparison=comparison_operator,
            threshold=float(threshold),
            state=found.state if found else State(INSUFFICIENT_DATA, reasons.INITIAL, None, now, now),
            configured=now,
            description=alarm_description,
            unit=unit,
            datapoints_to_alarm=datapoints_to_alarm,
            treat_missing_data=treat_missing_data,
            low_sample_count=evaluate_low_sample_count_percentile,
            actions_enabled=actions_enabled,
            ok_actions=ok_actions or [],
            alarm_actions=alarm_actions or [],
            insufficient_data_actions=insufficient_data_actions or [],
            tags=found.tags if found else _tags(tags),
        )
        self.check_actions(alarm.all_actions)
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
        """Metric alarms by name, then composite alarms, if they are asked for."""
        if alarm_names and alarm_name_prefix is not None:
            raise combination("AlarmNames and AlarmNamePrefix are mutually exclusive.")  # text unsure
        wanted = alarm_types or ["MetricAlarm"]
        candidates: list[AnyAlarm] = []
        if "MetricAlarm" in wanted:
            candidates += self.alarms_of(call)
        if "CompositeAlarm" in wanted:
            candidates += self.composites_of(call)
        alarms = [
            alarm
            for alarm in candidates
            if (not alarm_names or alarm.name in alarm_names)
            and alarm.name.startswith(alarm_name_prefix or "")
            and state_value in (None, alarm.state.value)
            and (action_prefix is None or any(arn.startswith(action_prefix) for arn in alarm.all_actions))
        ]
        shown, following = page(alarms, max_records, next_token)
        return without_nothing(
            {
                "MetricAlarms": [described(alarm) for alarm in shown if isinstance(alarm, Alarm)],
                "CompositeAlarms": [composite.described(each) for each in shown if isinstance(each, CompositeAlarm)],
                "NextToken": following,
            }
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
        for alarm in self.named(call, alarm_names):
            self.table_of(alarm).delete(alarm.key)
            self.note(
                alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted', {"version": "1.0", "type": "Delete"}
            )

    @operation
    async def set_alarm_state(
        self, call: Call, *, alarm_name: str, state_value: str, state_reason: str, state_reason_data: str | None = None
    ) -> None:
        """Until the next evaluation. Raises ResourceNotFound."""
        found = self.named(call, [alarm_name])
        if not found:
            raise AwsError("ResourceNotFound", "", 404)
        await self.change_state(found[0], state_value, state_reason, state_reason_data)

    @operation
    def enable_alarm_actions(self, call: Call, *, alarm_names: list[str]) -> None:
        """Names that are no alarms are passed over."""
        self._switch_actions(call, alarm_names, True)

    @operation
    def disable_alarm_actions(self, call: Call, *, alarm_names: list[str]) -> None:
        """States go on to change; nothing is set off."""
        self._switch_actions(call, alarm_names, False)

    def _switch_actions(self, call: Call, names: list[str], enabled: bool) -> None:
        for alarm in self.named(call, names):
            alarm.actions_enabled = enabled
            self.table_of(alarm).put(alarm.key, alarm)

    def _math_period(self, metrics: list[Json]) -> int:
        """The seconds of the periods of the query that returns data. Raises ValidationError."""
        queries = MetricQueries.read(metrics, "Metrics")
        returned = [query["Id"] for query in metrics if query.get("ReturnData", True)]
        if len(returned) != 1:  # text unsure
            raise validation("Exactly one element of the metrics list should return data.")
        for name in queries.metrics():
            self.check_statistic(metrics_stat(queries.queries[name]), "Metrics.MetricStat.Stat")
        return queries.period(returned[0])

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
            "MetricName": alarm.metric[3] if alarm.metric else None,
            "Namespace": alarm.metric[2] if alarm.metric else None,
            "Statistic": None if alarm.is_extended else alarm.statistic,
            "ExtendedStatistic": alarm.statistic if alarm.is_extended else None,
            "Dimensions": dimensions_of(alarm.metric) if alarm.metric else [],
            "Period": alarm.period if alarm.metric else None,
            "Metrics": alarm.queries or None,
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


def metrics_stat(query: Json) -> str:
    """The statistic of a query that is no expression."""
    return str(query["MetricStat"]["Stat"])
