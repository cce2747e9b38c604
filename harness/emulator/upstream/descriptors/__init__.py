"""What the rest of the emulator must know of the services that are behind: moto's, and what an endpoint may have."""

from __future__ import annotations

from harness.emulator.service_descriptor import ServiceDescriptor
from harness.emulator.upstream.descriptors.identities import IAM, STS
from harness.emulator.upstream.descriptors.images import ECR
from harness.emulator.upstream.descriptors.keys import KMS, SECRETSMANAGER, SSM
from harness.emulator.upstream.descriptors.logs import LOGS
from harness.emulator.upstream.descriptors.messaging import EVENTS, SNS, SQS
from harness.emulator.upstream.descriptors.s3 import S3
from harness.emulator.upstream.descriptors.tables import DYNAMODB, DYNAMODBSTREAMS, GLUE

BY_MOTO = (DYNAMODB, DYNAMODBSTREAMS, ECR, EVENTS, GLUE, IAM, KMS, LOGS, S3, SECRETSMANAGER, SNS, SQS, SSM, STS)
"""What moto serves in this process."""

_AT_AN_ENDPOINT = (
    ServiceDescriptor(name="stepfunctions", protocol="json", targets=("AWSStepFunctions",), signing=("states",)),
    ServiceDescriptor(
        name="resourcegroupstaggingapi",
        protocol="json",
        targets=("ResourceGroupsTaggingAPI_20170126",),
        signing=("tagging",),
    ),
    ServiceDescriptor(name="ses", protocol="query", signing=("ses", "email")),
)
"""What only an endpoint behind may have."""

DESCRIPTORS = (*BY_MOTO, *_AT_AN_ENDPOINT)
