"""What an API call demands: IAM actions and the ARNs that they are about."""

from __future__ import annotations

from collections.abc import Callable

from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.permissions.actions.functions import lambda_
from harness.emulator.permissions.actions.gateway import apigateway
from harness.emulator.permissions.actions.identities import cloudformation, iam, sts
from harness.emulator.permissions.actions.images import ecr
from harness.emulator.permissions.actions.keys import kms, secretsmanager, ssm
from harness.emulator.permissions.actions.messaging import events, sns, sqs
from harness.emulator.permissions.actions.monitoring import cloudwatch, logs
from harness.emulator.permissions.actions.roles import passed_roles
from harness.emulator.permissions.actions.s3 import s3
from harness.emulator.permissions.actions.streams import firehose, kinesis
from harness.emulator.permissions.actions.tables import dynamodb, dynamodbstreams, glue

SERVICES: dict[str, Callable[[Asked], list[RequiredAction]]] = {
    "apigateway": apigateway,
    "apigatewayv2": apigateway,
    "cloudformation": cloudformation,
    "cloudwatch": cloudwatch,
    "dynamodb": dynamodb,
    "dynamodbstreams": dynamodbstreams,
    "ecr": ecr,
    "events": events,
    "firehose": firehose,
    "glue": glue,
    "iam": iam,
    "kinesis": kinesis,
    "kms": kms,
    "lambda": lambda_,
    "logs": logs,
    "s3": s3,
    "secretsmanager": secretsmanager,
    "sns": sns,
    "sqs": sqs,
    "ssm": ssm,
    "sts": sts,
}


def required_actions(asked: Asked) -> list[RequiredAction]:
    """Everything that must be allowed, in AWS's order of checking. Raises NotEmulated for a service or operation whose
    permissions nobody here knows."""
    known = SERVICES.get(asked.call.service)
    if known is None:
        raise NotEmulated("iam", f"the permission check of {asked.call.service}")
    return [*known(asked), *passed_roles(asked)]
