"""EventBridge's rules on the default bus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.aws_resources.kind import ClientOf, Found, named
from harness.json_object import Json


class Rules:
    service, noun = "events", "rule"
    types = frozenset({"aws_cloudwatch_event_rule"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("events").get_paginator("list_rules").paginate():
            for each in page["Rules"]:
                yield named(each["Name"])

    def describe(self, client_of: ClientOf, id: str) -> Json:
        events = client_of("events")
        rule = events.describe_rule(Name=id)
        when = {part: rule.get(part) for part in ("EventPattern", "ScheduleExpression", "State")}
        return {**when, "targets": _targets(events, id)}

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """Targets that came later show as a difference."""

    def remove(self, client_of: ClientOf, id: str) -> None:
        events = client_of("events")
        if targets := _targets(events, id):
            events.remove_targets(Rule=id, Ids=targets)
        events.delete_rule(Name=id)


def _targets(events: Any, name: str) -> list[str]:
    return sorted(each["Id"] for each in events.list_targets_by_rule(Rule=name)["Targets"])
