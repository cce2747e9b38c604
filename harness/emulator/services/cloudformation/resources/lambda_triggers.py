"""AWS::Lambda::EventSourceMapping, AWS::Lambda::Permission and AWS::Lambda::EventInvokeConfig."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import TAGS, Structure
from harness.emulator.services.cloudformation.resources.simple import REF, simple
from harness.emulator.services.cloudformation.resources.tagging import Tagging
from harness.json_object import Json

_PERMISSION = Api(
    "lambda",
    "AddPermission",
    "Action",
    "EventSourceToken",
    "FunctionName",
    "FunctionUrlAuthType",
    "InvokedViaFunctionUrl",
    "Principal",
    "PrincipalOrgID",
    "SourceAccount",
    "SourceArn",
)


async def _permit(ctx: Context, props: Json) -> Created:
    statement = ctx.physical_name(100)
    await ctx.call("lambda", "AddPermission", {**_PERMISSION.params(props), "StatementId": statement})
    return Created(statement, {"Id": statement})


async def _forbid(ctx: Context, permission: Resource) -> None:
    params = {"FunctionName": permission.properties["FunctionName"], "StatementId": permission.physical_id}
    await ctx.call("lambda", "RemovePermission", params)


TYPES = (
    ResourceType(
        "AWS::Lambda::Permission",
        Structure(_PERMISSION.properties, ("Action", "FunctionName", "Principal")),
        _permit,
        None,
        _forbid,
        attributes=("Id",),
    ),
    simple(
        "AWS::Lambda::EventSourceMapping",
        Api(
            "lambda",
            "CreateEventSourceMapping",
            "BatchSize",
            "BisectBatchOnFunctionError",
            "DestinationConfig",
            "DocumentDBEventSourceConfig",
            "Enabled",
            "EventSourceArn",
            "FilterCriteria",
            "FunctionName",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "MaximumRecordAgeInSeconds",
            "MaximumRetryAttempts",
            "MetricsConfig",
            "ParallelizationFactor",
            "Queues",
            "ScalingConfig",
            "SelfManagedEventSource",
            "SourceAccessConfigurations",
            "StartingPosition",
            "StartingPositionTimestamp",
            "Topics",
            "TumblingWindowInSeconds",
            KmsKeyArn="KMSKeyArn",
        ),
        update="UpdateEventSourceMapping",
        delete="DeleteEventSourceMapping",
        key={"UUID": REF},
        ref="{UUID}",
        attributes={"EventSourceMappingArn": "{EventSourceMappingArn}", "Id": "{UUID}"},
        required=("FunctionName",),
        replaced_by=("EventSourceArn", "SelfManagedEventSource", "StartingPosition", "StartingPositionTimestamp"),
        reset={
            "BisectBatchOnFunctionError": False,
            "DestinationConfig": {"OnFailure": {}},
            "Enabled": True,
            "FilterCriteria": {},
            "FunctionResponseTypes": [],
            "MaximumBatchingWindowInSeconds": 0,
            "MaximumRecordAgeInSeconds": -1,
            "MaximumRetryAttempts": -1,
            "ParallelizationFactor": 1,
            "TumblingWindowInSeconds": 0,
        },
        shapes={"Tags": TAGS},
        tagging=Tagging("lambda", "TagResource", "UntagResource", "Resource"),
        tagged="{EventSourceMappingArn}",
    ),
    simple(
        "AWS::Lambda::EventInvokeConfig",
        Api(
            "lambda",
            "PutFunctionEventInvokeConfig",
            "DestinationConfig",
            "FunctionName",
            "MaximumEventAgeInSeconds",
            "MaximumRetryAttempts",
            "Qualifier",
        ),
        update="PutFunctionEventInvokeConfig",
        delete="DeleteFunctionEventInvokeConfig",
        key={"FunctionName": "FunctionName", "Qualifier": "Qualifier"},
        ref="{FunctionName}|{Qualifier}",
        required=("FunctionName", "Qualifier"),
        replaced_by=("FunctionName", "Qualifier"),
    ),
)
