"""Whether a restart finds the state that was there: by the store's rows, and by every read operation of the models."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.error
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError

from harness.emulator.snapshot import Snapshot
from harness.emulator.store import Store
from tests.hostile.attack.judge import parsed
from tests.hostile.attack.message import Connection, Cut, NotAnswered
from tests.hostile.attack.models import BEHIND, NATIVE, operation_model, protocols, serialise, service_model
from tests.hostile.attack.pool import Pool
from tests.hostile.attack.process import Emulator, tracebacks
from tests.hostile.attack.run import Run
from tests.unit.test_journal_world import found_by_a_restart, rows

_READS = re.compile(r"(List|Describe|Get|Head)[A-Z]")
# Answers that are new each time, or measure the calls themselves.
_NEW_EACH_TIME = {
    "GetShardIterator", "GetRandomPassword", "GetSessionToken", "GetFederationToken", "GetRecords", "GetMetricData",
    "GetMetricStatistics", "ListMetrics", "GetParametersForImport", "GetAccessToken", "GetMetricWidgetImage",
    "GetCredentialReport", "GetDeployablePatchSnapshotForInstance",
}  # fmt: skip
_DROPPED = (
    "responsemetadata", "nexttoken", "next_token", "location", "position", "marker", "nextmarker", "requestid",
    "lastprocessingresult",
)  # fmt: skip
_OF_AWS = "arn:aws:iam::aws:"
_PROGRESS = ("metrics.", "trace")
"""Tables of what was measured: the running minute is not kept (docs/architecture.md)."""


def check_state(run: Run, emulator: Emulator, pool: Pool, state: Path) -> None:
    """Take a snapshot, kill, compare the store with the snapshot's; restart, compare what can be read."""
    run.report.counts["state comparisons"] += 1
    try:
        emulator.admin("POST", "clock/settle", {"max_seconds": 600})
        emulator.admin("PUT", "snapshots/attacked")
    except (OSError, urllib.error.HTTPError) as error:
        told = error.read().decode("utf-8", "replace") if isinstance(error, urllib.error.HTTPError) else ""
        run.found("state", "snapshot", f"no snapshot after the round: {error} {told}")
        for place, end in tracebacks(emulator.said()):
            run.found("traceback", place, f"snapshot: …{end}")
        return
    before = observed(emulator, pool)
    emulator.end()
    emulator.said()
    _compare_stores(run, emulator.snapshots, state)
    again = Emulator(run.folder, run.emulator_seed, state=state, snapshots=emulator.snapshots)
    try:
        if not again.ready:
            run.found("state", "restart", f"no restart after the round: {again.said()[-600:]}")
            return
        after = observed(again, pool)
        for place, end in tracebacks(again.said()):
            run.found("traceback", place, f"restart: …{end}")
    finally:
        again.end()
    run.report.counts["reads compared"] += len(before)
    for name, value in before.items():
        if after.get(name) != value:
            run.found("state", name.partition(" {")[0], f"{name}: {_difference(value, after.get(name))}")


def _compare_stores(run: Run, snapshots: Path, state: Path) -> None:
    files = list(snapshots.glob("attacked*"))
    if not files:
        return
    store = Store()
    store.load(Snapshot.unpacked(files[0].read_bytes()).store)
    live, found = rows(store), rows(found_by_a_restart(state))
    for key in sorted({*live, *found}):
        if live.get(key) != found.get(key) and not key.startswith(_PROGRESS):
            table = key.partition(" ")[0]
            run.found("state", f"row of {table}", f"{key}: {_difference(live.get(key), found.get(key))}")


def observed(emulator: Emulator, pool: Pool) -> dict[str, str]:
    """Answers to all reads that need nothing, or names that the pool has."""
    link, found = Connection(emulator.port), {}
    for service in (*NATIVE, *BEHIND):
        for operation in service_model(service).operation_names:
            if not _READS.match(operation) or operation in _NEW_EACH_TIME:
                continue
            shape = operation_model(service, operation).input_shape
            needed = shape.required_members if shape is not None else []
            for params in pool.combinations(needed):
                with contextlib.suppress(BotoCoreError, ValueError, TypeError, AttributeError):
                    request = serialise(service, operation, protocols(service)[0], params)
                    found[f"{service} {operation} {json.dumps(params)}"] = _read(link, request)
    return found


def _read(link: Connection, request: Any) -> str:
    try:
        answer = link.send(request)
    except (Cut, NotAnswered) as problem:
        return f"{problem}"
    if answer is None or answer.status >= 300:
        return f"status {answer.status if answer else None}"
    try:
        return json.dumps(_kept(parsed(request, answer)), default=str, sort_keys=True)
    except Exception as error:
        return type(error).__name__


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        # moto makes the ids and times of AWS's own policies anew in each process.
        dropped = (*_DROPPED, "policyid", "updatedate") if str(value.get("Arn")).startswith(_OF_AWS) else _DROPPED
        return {str(key): _kept(below) for key, below in value.items() if str(key).lower() not in dropped}
    if isinstance(value, list):
        return [_kept(below) for below in value]
    return value


def _difference(live: Any, found: Any) -> str:
    one, other = str(live), str(found)
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, at - 80)
    return f"…{one[start : at + 160]} | after the restart …{other[start : at + 160]}"
