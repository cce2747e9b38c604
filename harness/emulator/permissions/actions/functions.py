"""Lambda: functions, their versions and aliases, event source mappings, layers."""

from __future__ import annotations

from harness.emulator.permissions.actions.asked import ANYTHING, Asked, RequiredAction

_ACTIONS = {
    "Invoke": "InvokeFunction",
    "InvokeAsync": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
}
"""Operation → action, where the names differ."""


def lambda_(asked: Asked) -> list[RequiredAction]:
    action = f"lambda:{_ACTIONS.get(asked.operation, asked.operation)}"
    return [_demand(asked, action)]


def _demand(asked: Asked, action: str) -> RequiredAction:
    uuid = asked.text("UUID")
    if uuid:
        return RequiredAction(action, asked.arn(f"event-source-mapping:{uuid}"))
    function = asked.text("FunctionName")
    if "EventSourceMapping" in asked.operation:
        facts = {"lambda:FunctionArn": function_arn(asked, function)} if function else {}
        return RequiredAction(action, ANYTHING, facts)
    if function:
        qualifier = asked.text("Qualifier")
        if asked.operation in ("GetAlias", "UpdateAlias", "DeleteAlias", "CreateAlias"):
            qualifier = ""
        return RequiredAction(action, function_arn(asked, function, qualifier))
    layer = asked.text("LayerName")
    if layer:
        version = asked.params.get("VersionNumber")
        arn = asked.named(layer, "layer:")
        return RequiredAction(action, arn if version is None else f"{arn}:{version}")
    return RequiredAction(action, asked.text("Resource", "Arn") or ANYTHING)


def function_arn(asked: Asked, given: str, qualifier: str = "") -> str:
    """The ARN of a function from any of the forms of its name (C1)."""
    if given.startswith("arn:"):
        arn = given
    else:
        name = given.rpartition("function:")[2]
        account = given.partition(":function:")[0] if ":function:" in given else asked.call.account
        arn = f"arn:aws:lambda:{asked.call.region}:{account}:function:{name}"
    if qualifier and arn.count(":") == 6:
        return f"{arn}:{qualifier}"
    return arn
