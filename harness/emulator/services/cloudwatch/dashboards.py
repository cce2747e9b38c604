"""Dashboards: checked, stored and read back; nothing is drawn here (kept, docs/kept.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch.base import CloudWatchBase, invalid, page, without_nothing
from harness.emulator.store import Table
from harness.emulator.world import World
from harness.json_object import Json

DASHBOARD = "Dashboard"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_WIDGETS = ("metric", "text", "log", "alarm", "explorer", "custom")
_PAGE = 1000


@dataclass(slots=True)
class Dashboard:
    """`body` is JSON as it was given; `modified` epoch seconds."""

    account: str
    name: str
    body: str
    modified: float

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudwatch::{self.account}:dashboard/{self.name}"


class DashboardOperations(CloudWatchBase):
    """Dashboards belong to an account, whatever the region."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.dashboards: Table[tuple[str, str], Dashboard] = world.store.table("cloudwatch.dashboards")

    @operation
    def put_dashboard(self, call: Call, *, dashboard_name: str, dashboard_body: str) -> Json:
        """Raises InvalidParameterValue for the name, InvalidParameterInput for the body (texts unsure)."""
        if _NAME.fullmatch(dashboard_name) is None:
            raise invalid(f"The value {dashboard_name} for field DashboardName contains invalid characters.")
        problems = _problems(dashboard_body)
        if problems:
            listed = [{"dataPath": path, "message": message} for path, message in problems]
            count = "1 validation error" if len(problems) == 1 else f"{len(problems)} validation errors"
            raise AwsError(
                "InvalidParameterInput",
                f"The dashboard body is invalid, there are {count}: {orjson.dumps(listed).decode()}",
                members={
                    "dashboardValidationMessages": [{"DataPath": path, "Message": text} for path, text in problems]
                },
            )
        dashboard = Dashboard(call.account, dashboard_name, dashboard_body, self.world.clock.now())
        self.keep(call, dashboard.arn, {DASHBOARD: True})
        self.dashboards.put((call.account, dashboard_name), dashboard)
        return {"DashboardValidationMessages": []}

    @operation
    def get_dashboard(self, call: Call, *, dashboard_name: str) -> Json:
        """Raises ResourceNotFound."""
        dashboard = self._found(call, dashboard_name)
        return {"DashboardArn": dashboard.arn, "DashboardBody": dashboard.body, "DashboardName": dashboard.name}

    @operation
    def list_dashboards(
        self, call: Call, *, dashboard_name_prefix: str | None = None, next_token: str | None = None
    ) -> Json:
        """By name."""
        found = sorted(
            (
                each
                for (account, name), each in self.dashboards.items()
                if account == call.account and name.startswith(dashboard_name_prefix or "")
            ),
            key=lambda each: each.name,
        )
        shown, following = page(found, _PAGE, next_token)
        entries = [
            {
                "DashboardName": each.name,
                "DashboardArn": each.arn,
                "LastModified": each.modified,
                "Size": len(each.body.encode()),
            }
            for each in shown
        ]
        return without_nothing({"DashboardEntries": entries, "NextToken": following})

    @operation
    def delete_dashboards(self, call: Call, *, dashboard_names: list[str]) -> None:
        """All of them, or none. Raises ResourceNotFound."""
        for dashboard in [self._found(call, name) for name in dashboard_names]:
            self.dashboards.delete((call.account, dashboard.name))
            self.world.kept.forget(self.name, dashboard.arn)

    def _found(self, call: Call, name: str) -> Dashboard:
        dashboard = self.dashboards.get((call.account, name))
        if dashboard is None:
            raise AwsError("ResourceNotFound", f"Dashboard {name} does not exist", 404)
        return dashboard


def _problems(body: str) -> list[tuple[str, str]]:
    """Where the body is wrong and why."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [("", "The dashboard body is not valid JSON")]
    if not isinstance(parsed, dict):
        return [("", "Should be object")]
    widgets = parsed.get("widgets")
    if not isinstance(widgets, list):
        return [("", 'Should have required property "widgets"')]
    found: list[tuple[str, str]] = []
    for number, widget in enumerate(widgets):
        path = f"/widgets/{number}"
        if not isinstance(widget, dict):
            found.append((path, "Should be object"))
        elif widget.get("type") not in _WIDGETS:
            found.append((f"{path}/type", "Should be equal to one of the allowed values"))
        elif not isinstance(widget.get("properties"), dict):
            found.append((path, 'Should have required property "properties"'))
    return found
