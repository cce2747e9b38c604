"""What the rest of the emulator must know of CloudWatch."""

from __future__ import annotations

from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.service_descriptor import ANYTHING, Resource, ServiceDescriptor

_ALARM = Resource(("AlarmName", "AlarmNames"), "alarm:")


def _actions(asked: Asked) -> list[RequiredAction]:
    namespace = asked.text("Namespace")
    facts = {"cloudwatch:namespace": namespace} if asked.operation == "PutMetricData" and namespace else {}
    alarms = [asked.text("AlarmName")] if asked.text("AlarmName") else asked.texts("AlarmNames")
    action = f"cloudwatch:{asked.operation}"
    if alarms:
        return [RequiredAction(action, asked.arn(_ALARM.prefix + name)) for name in alarms]
    if "Dashboard" in asked.operation and asked.text("DashboardName"):
        return [
            RequiredAction(action, f"arn:aws:cloudwatch::{asked.call.account}:dashboard/{asked.text('DashboardName')}")
        ]
    return [RequiredAction(action, asked.text("ResourceARN") or ANYTHING, facts)]


DESCRIPTOR = ServiceDescriptor(
    name="cloudwatch",
    protocol="query",
    targets=("GraniteServiceVersion20100801",),
    signing=("monitoring",),
    hosts=("monitoring",),
    version="2010-08-01",
    provider="CloudWatch",
    rank=0,
    resource=_ALARM,
    actions=_actions,
)
