"""What the containers of this target are made of: images, ports, environment, the split of services.

`docker-compose.yml` and `docs/localstack.md` say the same; `tests/unit/test_compose_file.py` compares them.
"""

from __future__ import annotations

from harness.version import VERSION

LOCALSTACK_VERSION = "4.14.0"
"""The last one with an open image; newer ones want a token (`LOCALSTACK_AUTH_TOKEN`)."""
LOCALSTACK_IMAGE = f"localstack/localstack:{LOCALSTACK_VERSION}"
OFFLINE_IMAGE = f"pipeline-harness/localstack:{LOCALSTACK_VERSION}"
"""Built by `make localstack-image` from PyPI packages, for machines that cannot pull."""
EDGE_IMAGE = f"pipeline-harness/edge:{VERSION}"
"""Built by `make image` from the Dockerfile. Its entry point listens on all addresses of the container."""

PORT = 4566
"""Of the edge and of LocalStack, each inside its own container."""
EDGE_HEALTH = "/_harness/health"
LOCALSTACK_HEALTH = "/_localstack/health"
LOCALSTACK_ALIAS = "localstack"
"""LocalStack's name on the containers' network."""
UPSTREAM = f"http://{LOCALSTACK_ALIAS}:{PORT}"

NATIVE = ("firehose", "kinesis", "lambda", "apigateway", "apigatewayv2", "cloudwatch", "cloudformation")
"""Served by the edge. CloudWatch because the metrics of the others are there, CloudFormation because it makes resources
on its own side only."""
NATIVE_OFFLINE = (*NATIVE, "dynamodb")
"""With the offline image: LocalStack's DynamoDB is a Java program that is not in its PyPI packages."""

LOCALSTACK_ENVIRONMENT = {
    "DISABLE_EVENTS": "1",  # it tells nobody that it runs
    "SKIP_SSL_CERT_DOWNLOAD": "1",
    "SQS_ENDPOINT_STRATEGY": "off",  # queue URLs are http://host/account/name: Terraform takes no other form
}
PASSED_THROUGH = ("LOCALSTACK_AUTH_TOKEN", "PERSISTENCE", "DEBUG")
"""Variables of the user's environment that LocalStack gets when they are set."""


def native_for(image: str) -> str:
    """The value of `--native` for an edge in front of this LocalStack image."""
    return ",".join(NATIVE_OFFLINE if image == OFFLINE_IMAGE else NATIVE)
