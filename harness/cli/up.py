"""`harness up` and `harness down`."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from harness.cli.endpoints import curl_line, url_rows
from harness.cli.options import Port, default_port, environment, target_on
from harness.cli.show import Screen, console
from harness.problem import Problem
from harness.provision.bring_up import UpRequest, bring_up
from harness.provision.contract import UpResult
from harness.provision.workspace import Workspace
from harness.targets import refuse_unknown_target
from harness.targets.instance import shown_place
from harness.targets.kept import kept_at

DEFAULT_STACK = "full"
TERMINATED = 143
_IAM = ("off", "enforce")
_CLOCK = re.compile(r"real|manual|x\d+(\.\d+)?")


def up(
    port: Port = default_port,
    stack: Annotated[str | None, typer.Option(help="Name in terraform/stacks, or a folder.  [default: full]")] = None,
    no_stack: Annotated[bool, typer.Option("--no-stack", help="Only the emulator, nothing applied.")] = False,
    clock: Annotated[str | None, typer.Option(help="real, manual, or a rate such as x60.  [default: real]")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of ids, sequence numbers and faults.")] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Keep the emulator's state in this folder.")] = None,
    iam: Annotated[
        str | None, typer.Option(help="Whether IAM policies decide: off or enforce.  [default: off]")
    ] = None,
    upstream: Annotated[
        str | None, typer.Option(help="An AWS-compatible endpoint that takes all other services (docs/upstream.md).")
    ] = None,
    native: Annotated[
        str | None,
        typer.Option(help="With --upstream, the services that are served here: firehose,kinesis or all,-s3."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A host that HTTP deliveries may go to besides this machine. Repeatable."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="An origin whose pages may use the emulator (SECURITY.md). Repeatable."),
    ] = None,
    verify_signatures: Annotated[
        bool, typer.Option("--verify-signatures", help="Refuse what is not rightly signed (docs/signatures.md).")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse settings that would be kept without effect (docs/kept.md).")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Apply even where a warm start is possible.")] = False,
    target: Annotated[str, typer.Option(help="Where to run.")] = "embedded",
) -> None:
    """Start the emulator and apply a stack to it. Does nothing when both are there already."""
    _refuse_other_targets(target)
    if clock is not None and not _CLOCK.fullmatch(clock):
        raise Problem(f"--clock {clock} is not a clock; use real, manual, or a rate such as x60.")
    if iam is not None and iam not in _IAM:
        raise Problem(f"--iam {iam} is not a mode; use off or enforce.")
    if native is not None and upstream is None and target != "localstack":
        raise Problem("--native says what is not passed on; it needs --upstream.")
    if target == "localstack" and upstream is not None:
        raise Problem("--upstream is LocalStack where the target is localstack; leave it out.")
    if target == "localstack" and state_dir is not None:
        raise Problem("--state-dir has no effect on containers: their state is in volumes; leave it out.")
    if no_stack and stack is not None:
        raise Problem("--stack and --no-stack cannot be used together.")
    signal.signal(signal.SIGTERM, _terminated)
    began = time.monotonic()
    wanted = None if no_stack else stack or DEFAULT_STACK
    options = {
        "clock": clock,
        "seed": seed,
        "state_dir": str(state_dir.resolve()) if state_dir else None,
        "iam": iam,
        "upstream": upstream,
        "native": native,
        "allow_host": tuple(sorted(set(allow_host))) if allow_host else None,
        "allow_origin": tuple(sorted(set(allow_origin))) if allow_origin else None,
        "verify_signatures": verify_signatures or None,
        "strict": strict or None,
    }
    given = {name: value for name, value in options.items() if value is not None}
    request = UpRequest(port, wanted, fresh, target, given)
    result = bring_up(Workspace.find(), request, environment(), Screen())
    _show(result, time.monotonic() - began)


def down(
    port: Port = default_port,
    everything: Annotated[
        bool, typer.Option("--all", help="Every emulator that was started from this folder.")
    ] = False,
    target: Annotated[str, typer.Option(help="What to stop where no record tells.")] = "embedded",
) -> None:
    """Stop the emulator and every process it started, or remove its containers with their volumes."""
    _refuse_other_targets(target)
    workspace = Workspace.find()
    for each in workspace.known_ports() if everything else [port]:
        with workspace.lock(f"port {each}"):
            stopped = target_on(workspace, each, target).stop()
        if stopped or not everything:
            console.print(f"port {each}: {'stopped' if stopped else 'nothing was running'}")


def _refuse_other_targets(name: str) -> None:
    refuse_unknown_target(name)
    if name == "aws":
        raise Problem("There is nothing to start on aws; run tests there: pytest --harness-target=aws.")


def _terminated(signum: int, frame: FrameType | None) -> None:
    """Unwind on SIGTERM, so that what was started is stopped again; a second one must not break into that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(TERMINATED)


def _show(result: UpResult, seconds: float) -> None:
    instance = result.instance
    if result.outcome == "already running":
        what = f" with {result.stack.name}, unchanged" if result.stack else ""
        console.print(f"already running{what} ({shown_place(instance)})", style="bold green")
    else:
        what = f": {result.stack.name} {result.outcome}" if result.stack else ""
        console.print(f"ready in {seconds:.1f} s{what}", style="bold green")
    rows = [("AWS endpoint", instance.endpoint_url), ("admin", f"{instance.endpoint_url}/_harness/health")]
    if instance.sinks_url is not None:
        rows.append(("New Relic sink", f"{instance.sinks_url}/_harness/sinks"))
    rows += url_rows(result.outputs)
    width = max(len(name) for name, _ in rows)
    console.print()
    for name, url in rows:
        console.print(f"  {name:<{width}}  {url}")
    curl = curl_line(result.outputs)
    if curl:
        console.print("\nTry it:\n")
        console.print(f"  {curl}")
    if kept := kept_at(instance.endpoint_url):
        console.print()
    for line in kept:
        console.print(line, highlight=False, markup=False)
