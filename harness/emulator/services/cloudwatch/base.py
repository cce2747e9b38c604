"""What the CloudWatch operations share: tables, metric identities, errors, pages."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, TypeVar

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.metrics import Identity
from harness.emulator.service import Service
from harness.emulator.services.cloudwatch.model import Alarm, AlarmKey, AnyAlarm, CompositeAlarm, HistoryItem
from harness.emulator.store import Table
from harness.emulator.world import World
from harness.json_object import Json

T = TypeVar("T")


class CloudWatchBase(Service):
    """Tables and look-up. The operations are in the mixins beside this file."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.alarms: Table[AlarmKey, Alarm] = world.store.table("cloudwatch.alarms")
        self.composites: Table[AlarmKey, CompositeAlarm] = world.store.table("cloudwatch.composites")
        self.histories: Table[AlarmKey, list[HistoryItem]] = world.store.table("cloudwatch.histories")

    def alarms_of(self, call: Call) -> list[Alarm]:
        """The caller's alarms in this region, by name."""
        place = (call.account, call.region)
        return sorted((a for key, a in self.alarms.items() if key[:2] == place), key=lambda alarm: alarm.name)

    def composites_of(self, call: Call) -> list[CompositeAlarm]:
        """The caller's composite alarms in this region, by name."""
        place = (call.account, call.region)
        return sorted((a for key, a in self.composites.items() if key[:2] == place), key=lambda alarm: alarm.name)

    def named(self, call: Call, names: list[str]) -> list[AnyAlarm]:
        """The caller's alarms of either kind with these names."""
        return [each for each in (*self.alarms_of(call), *self.composites_of(call)) if each.name in names]

    def table_of(self, alarm: AnyAlarm) -> Table[AlarmKey, Any]:
        """Where an alarm of this kind is kept."""
        return self.composites if isinstance(alarm, CompositeAlarm) else self.alarms

    def refuse_other_kind(self, call: Call, name: str, others: Table[AlarmKey, Any]) -> None:
        """Raises ValidationError where an alarm of the other kind has the name."""
        if (call.account, call.region, name) in others:  # text unsure
            raise validation(f"An alarm of another type with the name {name} already exists.")


def identity(call: Call, namespace: str, name: str, dimensions: list[Json] | None) -> Identity:
    """The metric that a caller means. Dimension sets are exact (E2)."""
    return (call.account, call.region, namespace, name, dimension_pairs(dimensions))


def dimension_pairs(dimensions: list[Json] | None) -> tuple[tuple[str, str], ...]:
    """By name."""
    return tuple(sorted((dimension["Name"], dimension["Value"]) for dimension in dimensions or ()))


def dimensions_of(metric: Identity) -> list[Json]:
    return [{"Name": name, "Value": value} for name, value in metric[4]]


def invalid(message: str) -> AwsError:
    """InvalidParameterValue."""
    return AwsError("InvalidParameterValue", message)


def combination(message: str) -> AwsError:
    """InvalidParameterCombination."""
    return AwsError("InvalidParameterCombination", message)


def validation(message: str) -> AwsError:
    """ValidationError: what alarms answer to values that do not go together."""
    return AwsError("ValidationError", message)


def page(items: list[T], size: int, token: str | None) -> tuple[list[T], str | None]:
    """A page of `items`, and the token of the next one. Raises InvalidNextToken."""
    first = 0
    if token is not None:
        try:
            first = int(urlsafe_b64decode(token))
        except ValueError:
            raise AwsError("InvalidNextToken", f"Invalid nextToken: {token}") from None
    rest = first + size
    following = urlsafe_b64encode(str(rest).encode()).decode() if rest < len(items) else None
    return items[first:rest], following


def without_nothing(members: Json) -> Json:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}
