"""`harness send`: put a few records in."""

from __future__ import annotations

import secrets
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.aws_endpoint import EndpointUrl, chosen_endpoint
from harness.cli.options import Port, default_port
from harness.cli.show import console
from harness.problem import Problem


def send(
    target: Annotated[str, typer.Argument(help="kinesis:NAME, firehose:NAME, or a URL to POST to.")],
    data: Annotated[str, typer.Option("--data", "-d", help="The record, or @FILE for the content of a file.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many times.")] = 1,
    key: Annotated[str, typer.Option(help="Partition key. Default: another one for every record.")] = "",
    endpoint_url: EndpointUrl = "",
    port: Port = default_port,
) -> None:
    """Send a record, or many. Exit code 1 unless all were taken."""
    from harness.ledger.batches import batches
    from harness.ledger.entry_points import Outgoing, aws_client
    from harness.ledger.named import entry_named

    needs_aws = not target.startswith(("http:", "https:"))
    endpoint = chosen_endpoint(endpoint_url, port) if needs_aws else None
    entry = entry_named(target, lambda service: aws_client(service, endpoint))
    content = _content(data)
    records = (Outgoing(content, key or secrets.token_hex(8)) for _ in range(count))
    outcomes = [outcome for batch in batches(entry, records, lambda record: record) for outcome in entry.deliver(batch)]
    told = Counter(outcome.status for outcome in outcomes)
    console.print(", ".join(f"{number} {status}" for status, number in told.items()))
    failures = Counter((each.code, each.message) for each in outcomes if each.status != "acknowledged")
    for (code, message), number in failures.most_common():
        console.print(f"    {number} × {code} {message}".rstrip())
    if failures:
        raise typer.Exit(1)


def _content(data: str) -> bytes:
    if not data.startswith("@"):
        return data.encode()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise Problem(f"{data[1:]} cannot be read: {error.strerror}") from None
