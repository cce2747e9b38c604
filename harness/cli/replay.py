"""`harness replay`: send again what lies in error objects and backups."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.backup import BackupReader
from harness.cli.aws_endpoint import EndpointUrl, chosen_endpoint
from harness.cli.options import Port, default_port
from harness.cli.show import console
from harness.problem import Problem
from harness.provision.workspace import Workspace

_QUIET_SECONDS = 10.0


def replay(
    source: Annotated[str, typer.Argument(help="Where the saved records are: s3://bucket/prefix.")],
    to: Annotated[str, typer.Option("--to", help="firehose:NAME, kinesis:NAME, or a URL to POST to.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what is there, by error code.")] = False,
    resend_unknown: Annotated[
        bool, typer.Option("--resend-unknown", help="Send those again of which nobody knows; they may arrive twice.")
    ] = False,
    lines: Annotated[
        bool, typer.Option("--lines", help="Records of source backups that are not JSON end with a newline.")
    ] = False,
    journal: Annotated[
        Path | None, typer.Option(help="Remembers what was sent. Default: one per bucket, in .harness/replay.")
    ] = None,
    endpoint_url: EndpointUrl = "",
    port: Port = default_port,
) -> None:
    """Send the original records again, each at most once, however often this is run. Exit code 1 when some were not."""
    from botocore.exceptions import BotoCoreError, ClientError

    from harness.ledger.entry_points import aws_client

    bucket, prefix = _source(source)
    if not dry_run and not to:
        raise Problem("Name the target with --to firehose:NAME, kinesis:NAME or a URL; or look first: --dry-run.")
    endpoint = chosen_endpoint(endpoint_url, port)
    path = journal or Workspace.find().home / "replay" / f"{bucket}.jsonl"
    reader = BackupReader(aws_client("s3", endpoint), bucket, prefix, by_line=lines)
    try:
        if dry_run:
            _tell(reader, path)
        else:
            _send(reader, to, endpoint, path, resend_unknown)
    except (ClientError, BotoCoreError) as error:
        raise Problem(f"s3://{bucket}/{prefix} cannot be read: {error}") from None


def _source(text: str) -> tuple[str, str]:
    place = urlsplit(text)
    if place.scheme != "s3" or not place.netloc:
        raise Problem(f"{text!r} is no place in S3; use s3://bucket/prefix.")
    return place.netloc, text.removeprefix(f"s3://{place.netloc}").removeprefix("/")


def _tell(reader: BackupReader, journal: Path) -> None:
    from harness.replay import states, summarise

    rows = summarise(reader, states(journal))
    for row in rows:
        notes = [f"{row.records} records", f"{row.size} bytes"]
        if row.oldest is not None and row.newest is not None:
            notes.append(f"arrived {_moment(row.oldest)} to {_moment(row.newest)}")
        if row.before:
            notes.append(f"{row.before} sent before")
        if row.unknown:
            notes.append(f"{row.unknown} unknown")
        console.print(f"{row.code}: {', '.join(notes)}")
        if row.message:
            console.print(f"    such as: {row.message}")
    console.print(f"{sum(row.records for row in rows)} records in {reader.objects} objects; nothing was sent")
    _tell_unreadable(reader)


def _send(reader: BackupReader, to: str, endpoint: str | None, path: Path, resend_unknown: bool) -> None:
    from harness.ledger.entry_points import aws_client
    from harness.ledger.named import entry_named
    from harness.replay import Journal, Replay

    entry = entry_named(to, lambda service: aws_client(service, endpoint))
    with Journal(path) as journal, _progress(reader) as progress:
        run = Replay(entry, journal, resend_unknown, progress=lambda tally: progress(tally.sent))
        try:
            run.run(reader)
        finally:
            tally = run.tally
            console.print(
                f"{tally.sent} sent, {tally.before} sent before, {tally.unknown} unknown, {tally.throttled} throttled, "
                f"{tally.refused} refused, {tally.undivided} undivided; journal: {path}"
            )
            for reason, count in tally.reasons.most_common():
                console.print(f"    {count} × {reason}")
    _tell_unreadable(reader)
    if tally.unknown:
        console.print("Unknown records may or may not have been taken; --resend-unknown sends them again.")
    if tally.undivided:
        console.print("Undivided contents are not JSON and may be several records; if newlines end them: --lines.")
    if not tally.complete or reader.unreadable:
        raise typer.Exit(1)


def _tell_unreadable(reader: BackupReader) -> None:
    for sentence in reader.unreadable:
        console.print(f"    unreadable: {sentence}")


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def _progress(reader: BackupReader) -> Iterator[Callable[[int], None]]:
    """A live line on a terminal, a line every ten seconds of a long run elsewhere."""
    if not console.is_terminal:
        told = time.monotonic()

        def tell(sent: int) -> None:
            nonlocal told
            if time.monotonic() - told >= _QUIET_SECONDS:
                told = time.monotonic()
                console.print(f"  … {sent} records sent, {reader.objects} objects read")

        yield tell
        return
    from harness.backup.objects import keys_below

    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as live:
        total = sum(1 for _ in keys_below(reader.s3, reader.bucket, reader.prefix))
        task = live.add_task("objects", total=total)
        yield lambda sent: live.update(task, completed=reader.objects, description=f"{sent} records sent, objects")
