"""All kinds of resources, in the order in which they can be removed."""

from __future__ import annotations

from harness.aws_resources.apigateway import ApiKeys, HttpApis, RestApis, UsagePlans
from harness.aws_resources.cloudformation import Stacks
from harness.aws_resources.cloudwatch import Alarms, CompositeAlarms, Dashboards, MetricStreams
from harness.aws_resources.dynamodb import Tables
from harness.aws_resources.events import Rules
from harness.aws_resources.firehose import DeliveryStreams
from harness.aws_resources.iam import Policies, Roles
from harness.aws_resources.kind import DescribedKind, ResourceKind
from harness.aws_resources.kinesis import DataStreams
from harness.aws_resources.kms import Aliases, Keys
from harness.aws_resources.lambda_ import EventSourceMappings, Functions, Layers
from harness.aws_resources.logs import LogGroups
from harness.aws_resources.s3 import Buckets
from harness.aws_resources.secretsmanager import Secrets
from harness.aws_resources.sns import Topics
from harness.aws_resources.sqs import Queues
from harness.aws_resources.ssm import Parameters

# What tells others of a change stands before those that hear of it.
DESCRIBED_KINDS: tuple[DescribedKind, ...] = (
    Rules(),
    Buckets(),
    Tables(),
    Topics(),
    Roles(),
    Policies(),
    Parameters(),
    Secrets(),
    Aliases(),
    Queues(),
    LogGroups(),
)
"""Those that can be brought back to what they were."""

# What uses or makes others stands before them; logs come after those that write them.
ALL_KINDS: tuple[ResourceKind, ...] = (
    Stacks(),
    EventSourceMappings(),
    DeliveryStreams(),
    UsagePlans(),
    ApiKeys(),
    RestApis(),
    HttpApis(),
    Functions(),
    Layers(),
    DataStreams(),
    CompositeAlarms(),
    Alarms(),
    Dashboards(),
    MetricStreams(),
    *DESCRIBED_KINDS,
    Keys(),
)
