"""Which AWS a command talks to: the emulator, another endpoint, or AWS itself."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.options import running_target

EndpointUrl = Annotated[
    str,
    typer.Option(
        "--endpoint-url",
        envvar="AWS_ENDPOINT_URL",
        help="An AWS endpoint such as LocalStack's; `aws` is AWS itself. Default: the emulator on --port.",
    ),
]


def chosen_endpoint(endpoint_url: str, port: int) -> str | None:
    """The endpoint, None for AWS itself. Raises Problem when no emulator runs and nothing else was named."""
    if endpoint_url == "aws":
        return None
    return endpoint_url or running_target(port).endpoint_url
