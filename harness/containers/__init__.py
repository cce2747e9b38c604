"""The edge with LocalStack as its upstream, in containers of a test's own (docs/localstack.md).

    with LocalStackWithEdge() as running:
        s3 = boto3.client("s3", endpoint_url=running.url, …)

Needs the extra `containers` (docker, testcontainers) and a Docker daemon on this machine.
"""

from harness.containers.faults import ContainerFaults
from harness.containers.pair import LocalStackWithEdge

__all__ = ["ContainerFaults", "LocalStackWithEdge"]
