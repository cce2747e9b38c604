"""Composite alarms: alarms on the states of other alarms (E2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch import reasons
from harness.emulator.services.cloudwatch.base import validation, without_nothing
from harness.emulator.services.cloudwatch.model import ALARM, INSUFFICIENT_DATA, OK, AnyAlarm, CompositeAlarm, State
from harness.emulator.services.cloudwatch.tags import checked
from harness.emulator.services.cloudwatch.watch import Watch
from harness.json_object import Json

MOST_ALARMS = 100
"""Alarms that one rule may name."""
MOST_NESTED = 100
_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z_]+)(?=\s*[()]|\s|$)|(?P<mark>[()])|\"(?P<quoted>[^\"]*)\")")
_NAME = re.compile(r"\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^()\"]+?))\s*\)")

StateOf = Callable[[str], str | None]
"""The state of an alarm by name; None where there is none."""


class RuleError(Exception):
    """The rule can't be parsed; the text says why."""


@dataclass(frozen=True)
class Rule:
    """A parsed rule. `names`: the alarms in it, in order."""

    names: tuple[str, ...]
    holds: Callable[[StateOf], bool]


def parse(text: str) -> Rule:
    """A rule: `ALARM(name)`, `OK(name)`, `INSUFFICIENT_DATA(name)`, TRUE, FALSE, AND, OR, NOT, parentheses. A name may
    be an ARN and may be quoted. Raises RuleError."""
    return _Parser(text).rule()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._names: list[str] = []

    def rule(self) -> Rule:
        holds = self._any()
        if self._text[self._at :].strip():
            raise RuleError(f"Unexpected {self._text[self._at :].strip()[:20]}")
        if len(set(self._names)) > MOST_ALARMS:
            raise RuleError(f"More than {MOST_ALARMS} alarms")
        return Rule(tuple(dict.fromkeys(self._names)), holds)

    def _peek(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        return (found["word"] or found["mark"] or "") if found else ""

    def _take(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise RuleError(f"Unexpected {self._text[self._at :].strip()[:20] or 'end'}")
        self._at = found.end()
        return found["word"] or found["mark"] or ""

    def _any(self) -> Callable[[StateOf], bool]:
        parts = [self._all()]
        while self._peek() == "OR":
            self._take()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda state_of: any(part(state_of) for part in parts)

    def _all(self) -> Callable[[StateOf], bool]:
        parts = [self._one()]
        while self._peek() == "AND":
            self._take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda state_of: all(part(state_of) for part in parts)

    def _one(self) -> Callable[[StateOf], bool]:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise RuleError("Nested too deeply")
        try:
            return self._operand()
        finally:
            self._depth -= 1

    def _operand(self) -> Callable[[StateOf], bool]:
        word = self._take()
        if word == "NOT":
            negated = self._one()
            return lambda state_of: not negated(state_of)
        if word == "(":
            inner = self._any()
            if self._take() != ")":
                raise RuleError("A parenthesis is not closed")
            return inner
        if word in ("TRUE", "FALSE"):
            constant = word == "TRUE"
            return lambda state_of: constant
        if word not in (ALARM, OK, INSUFFICIENT_DATA) or self._take() != "(":
            raise RuleError(f"Unexpected {word}")
        found = _NAME.match(self._text, self._at)
        if found is None:
            raise RuleError(f"{word} without the name of an alarm")
        self._at = found.end()
        name = found["quoted"] or found["plain"] or ""
        name = name.partition(":alarm:")[2] or name
        self._names.append(name)
        return lambda state_of: state_of(name) == word


class CompositeOperations(Watch):
    """They are evaluated when an alarm that their rule names changes its state, and when they are put."""

    @operation
    async def put_composite_alarm(
        self,
        call: Call,
        *,
        alarm_name: str,
        alarm_rule: str,
        alarm_description: str | None = None,
        actions_enabled: bool = True,
        ok_actions: list[str] | None = None,
        alarm_actions: list[str] | None = None,
        insufficient_data_actions: list[str] | None = None,
        tags: list[Json] | None = None,
    ) -> None:
        """Make a composite alarm, or configure it anew: then its state and its tags stay. Raises ValidationError."""
        self.refuse_other_kind(call, alarm_name, self.alarms)
        found = self.composites.get((call.account, call.region, alarm_name))
        now = self.world.clock.now()
        alarm = CompositeAlarm(
            account=call.account,
            region=call.region,
            name=alarm_name,
            rule=alarm_rule,
            state=found.state if found else State(INSUFFICIENT_DATA, reasons.INITIAL, None, now, now),
            configured=now,
            description=alarm_description,
            actions_enabled=actions_enabled,
            ok_actions=ok_actions or [],
            alarm_actions=alarm_actions or [],
            insufficient_data_actions=insufficient_data_actions or [],
            tags=found.tags if found else checked({pair["Key"]: pair["Value"] for pair in tags or ()}),
        )
        self.check_actions(alarm.all_actions)
        self._check_rule(alarm)
        self.composites.put(alarm.key, alarm)
        kind = "Update" if found else "Create"
        data = {"version": "1.0", "type": kind, f"{kind.lower()}dAlarm": described(alarm)}
        self.note(alarm, "ConfigurationUpdate", f'Alarm "{alarm_name}" {kind.lower()}d', data)
        await self._evaluate_rule(alarm, None)

    async def state_changed(self, alarm: AnyAlarm) -> None:
        for other in self.composites.values():
            if other.key[:2] == alarm.key[:2] and alarm.name in parse(other.rule).names:
                await self._evaluate_rule(other, alarm)

    async def _evaluate_rule(self, alarm: CompositeAlarm, because: AnyAlarm | None) -> None:
        """`because`: the alarm whose change set it off."""
        rule = parse(alarm.rule)
        value = ALARM if rule.holds(self._state_of(alarm)) else OK
        if value == alarm.state.value:
            return
        reason = f"{alarm.arn} was created and its alarm rule evaluates to {value}"
        if because is not None:
            when = datetime.fromtimestamp(because.state.updated, UTC).strftime("%A %d %B, %Y %H:%M:%S UTC")
            reason = f"{because.arn} transitioned to {because.state.value} at {when}"
        await self.change_state(alarm, value, reason, orjson.dumps({"triggeringAlarms": self._told(because)}).decode())

    def _told(self, because: AnyAlarm | None) -> list[Json]:
        if because is None:
            return []
        state = {"value": because.state.value, "timestamp": reasons.stamp(because.state.updated)}
        return [{"arn": because.arn, "state": state}]

    def _state_of(self, alarm: AnyAlarm) -> StateOf:
        def state_of(name: str) -> str | None:
            found = self._find(alarm, name)
            return found.state.value if found else None

        return state_of

    def _find(self, alarm: AnyAlarm, name: str) -> AnyAlarm | None:
        """The alarm of that name beside this one."""
        key = (alarm.account, alarm.region, name)
        return self.alarms.get(key) or self.composites.get(key)

    def _check_rule(self, alarm: CompositeAlarm) -> None:
        """Raises ValidationError for what is no rule, names no alarm, or leads back to the alarm (texts unsure)."""
        try:
            rule = parse(alarm.rule)
        except RuleError as error:
            raise validation(f"AlarmRule is invalid: {error}") from None
        for name in rule.names:
            if self._find(alarm, name) is None:
                raise validation(f"AlarmRule contains an alarm that does not exist: {name}")
        if alarm.name in self._behind(alarm, rule.names, set()):
            raise validation(f"AlarmRule creates a cycle: {alarm.name}")

    def _behind(self, alarm: AnyAlarm, names: tuple[str, ...], seen: set[str]) -> Iterator[str]:
        """Every alarm that these depend on, they included."""
        for name in names:
            if name in seen:
                continue
            seen.add(name)
            yield name
            if (found := self.composites.get((alarm.account, alarm.region, name))) is not None:
                yield from self._behind(alarm, parse(found.rule).names, seen)


def described(alarm: CompositeAlarm) -> Json:
    """The alarm as DescribeAlarms shows it."""
    return without_nothing(
        {
            "ActionsEnabled": alarm.actions_enabled,
            "AlarmActions": alarm.alarm_actions,
            "AlarmArn": alarm.arn,
            "AlarmConfigurationUpdatedTimestamp": alarm.configured,
            "AlarmDescription": alarm.description,
            "AlarmName": alarm.name,
            "AlarmRule": alarm.rule,
            "InsufficientDataActions": alarm.insufficient_data_actions,
            "OKActions": alarm.ok_actions,
            "StateReason": alarm.state.reason,
            "StateReasonData": alarm.state.reason_data,
            "StateUpdatedTimestamp": alarm.state.updated,
            "StateValue": alarm.state.value,
            "StateTransitionedTimestamp": alarm.state.transitioned,
        }
    )
