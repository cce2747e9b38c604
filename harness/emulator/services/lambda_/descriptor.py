"""What the rest of the emulator must know of Lambda: functions, their versions and aliases, event source mappings,
layers."""

from __future__ import annotations

import re

from harness.emulator.call import Call
from harness.emulator.call_members import CallMembers
from harness.emulator.errors import AwsError
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.service_descriptor import ANYTHING, ServiceDescriptor

_ACTIONS = {
    "GetLayerVersionByArn": "GetLayerVersion",
    "Invoke": "InvokeFunction",
    "InvokeAsync": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
}
"""Operation → action, where the names differ."""


def _names(asked: CallMembers) -> list[str]:
    """A function's name, its ARN, and both with the qualifier."""
    call, params = asked.call, asked.params
    text = params.get("FunctionName")
    if not isinstance(text, str):
        return [value for key in ("EventSourceArn", "UUID") if isinstance(value := params.get(key), str)]
    name, _, qualifier = text.rpartition("function:")[2].partition(":")
    qualifier = params.get("Qualifier") or qualifier
    names = [name, f"arn:aws:lambda:{call.region}:{call.account}:function:{name}"]
    return names + [f"{each}:{qualifier}" for each in names] if qualifier else names


def _actions(asked: Asked) -> list[RequiredAction]:
    action = f"lambda:{_ACTIONS.get(asked.operation, asked.operation)}"
    uuid = asked.text("UUID")
    if uuid:
        return [RequiredAction(action, asked.arn(f"event-source-mapping:{uuid}"))]
    function = asked.text("FunctionName")
    if "EventSourceMapping" in asked.operation:
        facts = {"lambda:FunctionArn": _function_arn(asked, function)} if function else {}
        return [RequiredAction(action, ANYTHING, facts)]
    if function:
        qualifier = asked.text("Qualifier")
        if asked.operation in ("GetAlias", "UpdateAlias", "DeleteAlias", "CreateAlias"):
            qualifier = ""
        return [RequiredAction(action, _function_arn(asked, function, qualifier))]
    layer = asked.text("LayerName")
    if layer:
        version = asked.params.get("VersionNumber")
        arn = asked.named(layer, "layer:")
        return [RequiredAction(action, arn if version is None else f"{arn}:{version}")]
    return [RequiredAction(action, asked.text("Resource", "Arn") or ANYTHING)]


def _function_arn(asked: CallMembers, given: str, qualifier: str = "") -> str:
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


def _unassumable(role: str) -> AwsError:
    text = "The role defined for the function cannot be assumed by Lambda."
    return AwsError("InvalidParameterValueException", text, members={"Type": "User"})


def _is_own_call(call: Call) -> bool:
    """A mapping invokes its function as Lambda itself, and looks up the URL of its queue."""
    if (call.service, call.operation) == ("sqs", "GetQueueUrl"):
        return True
    return call.operation == "Invoke" and ":event-source-mapping:" in (call.caller.source_arn or "")


DESCRIPTOR = ServiceDescriptor(
    name="lambda",
    protocol="rest",
    hosts=("lambda",),
    paths=re.compile(
        r"/20\d\d-\d\d-\d\d/(functions|event-source-mappings|layers|tags|account-settings|code-signing-configs)\b"
    ),
    provider="Lambda",
    is_here_by_default=True,
    names=_names,
    actions=_actions,
    principal="lambda.amazonaws.com",
    passes_roles=frozenset(("CreateFunction", "UpdateFunctionConfiguration")),
    unassumable=_unassumable,
    is_own_call=_is_own_call,
    answer_seconds={"Invoke": 301.0},  # Firehose gives a function 5 minutes (A9)
    namespace="AWS/Lambda",
)
