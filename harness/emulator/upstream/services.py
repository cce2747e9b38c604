"""Which services the upstream takes."""

from __future__ import annotations

from typing import NamedTuple


class Served(NamedTuple):
    """moto's name of a service, and the name in the signature's scope."""

    moto: str
    scope: str


SERVED: dict[str, Served] = {
    "dynamodb": Served("dynamodb", "dynamodb"),
    "dynamodbstreams": Served("dynamodbstreams", "dynamodb"),
    "ecr": Served("ecr", "ecr"),
    "events": Served("events", "events"),
    "glue": Served("glue", "glue"),
    "iam": Served("iam", "iam"),
    "kms": Served("kms", "kms"),
    "logs": Served("logs", "logs"),
    "s3": Served("s3", "s3"),
    "secretsmanager": Served("secretsmanager", "secretsmanager"),
    "sns": Served("sns", "sns"),
    "sqs": Served("sqs", "sqs"),
    "ssm": Served("ssm", "ssm"),
    "sts": Served("sts", "sts"),
}
"""botocore's service name → what moto and the signature call it."""
