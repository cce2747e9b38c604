"""What a change of an alarm's state sets off: an SNS message or a Lambda invocation (E2)."""

from __future__ import annotations

import logging

import orjson

from harness.emulator.call import Caller
from harness.emulator.errors import AwsError
from harness.emulator.services.cloudwatch.base import dimensions_of, validation
from harness.emulator.services.cloudwatch.history import HistoryOperations
from harness.emulator.services.cloudwatch.model import Alarm, AnyAlarm, CompositeAlarm, State
from harness.emulator.services.cloudwatch.reasons import stamp
from harness.json_object import Json

log = logging.getLogger(__name__)

SNS_PRINCIPAL = "cloudwatch.amazonaws.com"
LAMBDA_PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"

_REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "ca-central-1": "Canada (Central)",
    "sa-east-1": "South America (Sao Paulo)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-north-1": "EU (Stockholm)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
}
"""The long names that messages use; other regions go by their short one."""


class ActionOperations(HistoryOperations):
    """Actions run in the order of the list; one that fails is noted in the history and stops nothing."""

    def check_actions(self, actions: list[str]) -> None:
        """Raises ValidationError for what is no ARN, NotEmulated for other services than SNS and Lambda."""
        for arn in actions:
            parts = arn.split(":", 5)
            if len(parts) < 6 or parts[0] != "arn":
                raise validation(f"Invalid arn syntax: {arn}")
            if parts[2] not in ("sns", "lambda"):
                raise self.refuse(f"the action {arn}")

    async def run_actions(self, alarm: AnyAlarm, old: State, new: State) -> None:
        """The actions of the state that the alarm came into."""
        for arn in alarm.actions_for(new.value):
            error = await self._run(arn, alarm, old, new)
            data = {
                "actionState": "Failed" if error else "Succeeded",
                "stateUpdateTimestamp": round(new.updated * 1000),
                "notificationResource": arn,
                "error": error,
            }
            summary = f"Failed to execute action {arn}" if error else f"Successfully executed action {arn}"
            self.note(alarm, "Action", summary, data)

    async def _run(self, arn: str, alarm: AnyAlarm, old: State, new: State) -> str | None:
        """Why it failed; None for success."""
        caller = Caller(alarm.account, alarm.region)
        try:
            if arn.split(":")[2] == "sns":
                caller = caller.on_behalf(SNS_PRINCIPAL, source_arn=alarm.arn)
                name = _REGIONS.get(alarm.region, alarm.region)
                subject = f'{new.value}: "{alarm.name}" in {name}'
                params: Json = {"TopicArn": arn, "Subject": subject[:100], "Message": message(alarm, old, new)}
                await self.call("sns", "Publish", params, caller)
            else:
                caller = caller.on_behalf(LAMBDA_PRINCIPAL, source_arn=alarm.arn)
                params = {"FunctionName": arn, "InvocationType": "Event", "Payload": event(alarm, old, new)}
                await self.call("lambda", "Invoke", params, caller)
        except AwsError as error:
            log.warning("an action of the alarm %s failed: %s", alarm.name, error)
            return str(error.message or error.code)
        return None


def message(alarm: AnyAlarm, old: State, new: State) -> str:
    """The text of the SNS message: JSON."""
    members: Json = {"AlarmName": alarm.name, "AlarmDescription": alarm.description}
    if isinstance(alarm, CompositeAlarm):
        members["AlarmRule"] = alarm.rule
    members |= {
        "AWSAccountId": alarm.account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured),
        "NewStateValue": new.value,
        "NewStateReason": new.reason,
        "StateChangeTime": stamp(new.updated),
        "Region": _REGIONS.get(alarm.region, alarm.region),
        "AlarmArn": alarm.arn,
        "OldStateValue": old.value,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    }
    if isinstance(alarm, Alarm):
        members["Trigger"] = _trigger(alarm)
    return orjson.dumps(members).decode()


def _trigger(alarm: Alarm) -> Json:
    trigger: Json = {}
    if alarm.metric is not None and alarm.statistic is not None:
        trigger |= {"MetricName": alarm.metric[3], "Namespace": alarm.metric[2]}
        if alarm.is_extended:
            trigger |= {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": alarm.statistic}
        else:
            statistic = "SAMPLE_COUNT" if alarm.statistic == "SampleCount" else alarm.statistic.upper()
            trigger |= {"StatisticType": "Statistic", "Statistic": statistic}
        trigger["Unit"] = alarm.unit
        trigger["Dimensions"] = [{"value": value, "name": name} for name, value in alarm.metric[4]]
    trigger |= {"Period": alarm.period, "EvaluationPeriods": alarm.evaluation_periods}
    if alarm.datapoints_to_alarm is not None:
        trigger["DatapointsToAlarm"] = alarm.datapoints_to_alarm
    trigger |= {
        "ComparisonOperator": alarm.comparison,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.low_sample_count or "",
    }
    if alarm.queries:
        trigger["Metrics"] = [_told(query) for query in alarm.queries]
    return trigger


def _told(query: Json) -> Json:
    """A metric data query in a message: dimensions have small names there."""
    stat = query.get("MetricStat")
    if stat is None:
        return query
    pairs = [{"value": each["Value"], "name": each["Name"]} for each in stat["Metric"].get("Dimensions", ())]
    return query | {"MetricStat": stat | {"Metric": stat["Metric"] | {"Dimensions": pairs}}}


def event(alarm: AnyAlarm, old: State, new: State) -> bytes:
    """The event that a function gets."""
    configuration: Json = {}
    if alarm.description is not None:
        configuration["description"] = alarm.description
    if isinstance(alarm, CompositeAlarm):
        configuration["alarmRule"] = alarm.rule
    elif isinstance(alarm, Alarm):
        configuration["metrics"] = _metrics(alarm)
    return orjson.dumps(
        {
            "source": "aws.cloudwatch",
            "alarmArn": alarm.arn,
            "accountId": alarm.account,
            "time": stamp(new.updated),
            "region": alarm.region,
            "alarmData": {
                "alarmName": alarm.name,
                "state": _state(new),
                "previousState": _state(old),
                "configuration": configuration,
            },
        }
    )


def _state(state: State) -> Json:
    members = {"value": state.value, "reason": state.reason, "timestamp": stamp(state.updated)}
    return members if state.reason_data is None else {**members, "reasonData": state.reason_data}


def _metrics(alarm: Alarm) -> list[Json]:
    """What a function is told of the metrics of an alarm."""
    if alarm.metric is not None:
        pairs = {entry["Name"]: entry["Value"] for entry in dimensions_of(alarm.metric)}
        metric = {"namespace": alarm.metric[2], "name": alarm.metric[3], "dimensions": pairs}
        stat: Json = {"metric": metric, "period": alarm.period, "stat": alarm.statistic}
        return [{"id": "m1", "metricStat": stat, "returnData": True}]
    found: list[Json] = []
    for query in alarm.queries:
        told: Json = {"id": query["Id"]}
        if "Expression" in query:
            told["expression"] = query["Expression"]
        else:
            stat = query["MetricStat"]
            named = stat["Metric"]
            pairs = {entry["Name"]: entry["Value"] for entry in named.get("Dimensions", ())}
            metric = {"namespace": named.get("Namespace"), "name": named.get("MetricName"), "dimensions": pairs}
            told["metricStat"] = {"metric": metric, "period": stat["Period"], "stat": stat["Stat"]}
        if "Label" in query:
            told["label"] = query["Label"]
        found.append(told | {"returnData": query.get("ReturnData", True)})
    return found
