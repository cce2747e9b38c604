"""What happened to alarms: configuration, states, actions (E2)."""

from __future__ import annotations

import orjson

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch.base import CloudWatchBase, page, without_nothing
from harness.emulator.services.cloudwatch.model import AnyAlarm, CompositeAlarm, HistoryItem, State
from harness.json_object import Json

KEPT_SECONDS = 30 * 86400
MOST_ITEMS = 1000
"""Items kept of one alarm; AWS keeps all of 30 days."""


class HistoryOperations(CloudWatchBase):
    """An alarm's history outlives the alarm."""

    @operation
    def describe_alarm_history(
        self,
        call: Call,
        *,
        alarm_name: str | None = None,
        alarm_types: list[str] | None = None,
        history_item_type: str | None = None,
        start_date: float | None = None,
        end_date: float | None = None,
        max_records: int = 100,
        next_token: str | None = None,
        scan_by: str = "TimestampDescending",
    ) -> Json:
        """Newest first unless asked otherwise."""
        items: list[HistoryItem] = []
        for key, history in self.histories.items():
            if key[:2] == (call.account, call.region) and alarm_name in (None, key[2]):
                items += history
        items = [
            item
            for item in items
            if history_item_type in (None, item.kind)
            and (start_date is None or item.when >= start_date)
            and (end_date is None or item.when <= end_date)
            and (not alarm_types or item.alarm_type in alarm_types)
        ]
        items.sort(key=lambda item: item.when)
        if scan_by != "TimestampAscending":
            items.reverse()
        shown, following = page(items, max_records, next_token)
        return without_nothing({"AlarmHistoryItems": [_item(item) for item in shown], "NextToken": following})

    def note(self, alarm: AnyAlarm, kind: str, summary: str, data: Json) -> None:
        """Add an item, now."""
        now = self.world.clock.now()
        history = [item for item in self.histories.get(alarm.key) or [] if item.when > now - KEPT_SECONDS]
        alarm_type = "CompositeAlarm" if isinstance(alarm, CompositeAlarm) else "MetricAlarm"
        history.append(HistoryItem(alarm.name, kind, now, summary, orjson.dumps(data).decode(), alarm_type))
        self.histories.put(alarm.key, history[-MOST_ITEMS:])

    def note_state(self, alarm: AnyAlarm, old: State, new: State) -> None:
        """A change of state."""
        data = {"version": "1.0", "oldState": _state(old), "newState": _state(new)}
        self.note(alarm, "StateUpdate", f"Alarm updated from {old.value} to {new.value}", data)


def _state(state: State) -> Json:
    members: Json = {"stateValue": state.value, "stateReason": state.reason}
    if state.reason_data is not None:
        try:
            members["stateReasonData"] = orjson.loads(state.reason_data)
        except orjson.JSONDecodeError:
            members["stateReasonData"] = state.reason_data
    return members


def _item(item: HistoryItem) -> Json:
    return {
        "AlarmName": item.name,
        "AlarmType": item.alarm_type,
        "Timestamp": item.when,
        "HistoryItemType": item.kind,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }
