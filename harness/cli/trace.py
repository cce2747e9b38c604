"""`harness trace`: where a record went."""

from __future__ import annotations

import datetime
import json
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from harness.cli.options import Port, default_port, running_target
from harness.cli.show import console
from harness.json_object import Json

_GOOD = ("delivered", "copy")
_OPEN = ("buffered", "read-by-nobody")
_IDS = ("attempt", "request_id", "invocation_id", "sequence_number", "record")


def trace(
    record: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A Kinesis sequence number, a Firehose RecordId, the request id of an API's answer, an S3 object "
            "(s3://bucket/key), or a text in the data of a record that is still held.",
        ),
    ],
    port: Port = default_port,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer of the admin API as it is.")] = False,
) -> None:
    """Show every hop of a record and where it ended."""
    answer = running_target(port).admin.trace(record)
    if as_json:
        console.print(json.dumps(answer, indent=2))
        return
    for one in answer.get("matches", [answer]):
        _show(one)
    if answer.get("forgotten"):
        console.print(f"{answer['forgotten']:,} older hops were forgotten: the beginning may be missing.", style="dim")


def _show(journey: Json) -> None:
    name = journey.get("object") or journey.get("sequence_number") or ""
    console.print(Text(f"{journey['kind']} {name}".rstrip(), style="bold"))
    hops = journey["hops"]
    if hops:
        began = hops[0]["time"]
        start = datetime.datetime.fromtimestamp(began, datetime.UTC).isoformat(timespec="milliseconds")
        console.print(f"from {start}", style="dim")
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for hop in hops:
            table.add_row(f"+{hop['time'] - began:.3f} s", hop["service"], hop["event"], _text(hop))
        console.print(table)
    if not journey["fates"]:
        console.print("fate: unknown", style="bold yellow")
    for fate in journey["fates"]:
        colour = "green" if fate["fate"] in _GOOD else "yellow" if fate["fate"] in _OPEN else "red"
        line = Text("fate: ").append(fate["fate"], style=f"bold {colour}")
        for label, member in (("in", "where"), ("by", "by"), ("because:", "why"), ("error", "code")):
            if fate.get(member):
                line.append(f" {label} {fate[member]}")
        console.print(line)


def _text(hop: Json) -> Text:
    text = Text(hop["text"])
    details = [f"{name.replace('_', ' ')} {hop[name]}" for name in _IDS if name in hop]
    if details:
        text.append(f"  ({', '.join(details)})", style="dim")
    if hop.get("faults"):
        text.append(f"  fault: {', '.join(hop['faults'])}", style="bold red")
    return text
