"""What a replay would send: records by error code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.backup.reader import BackupRecord
from harness.replay.journal import RecordId, State

SOURCE_BACKUP = "(source backup)"
UNDIVIDED = "(not JSON, may be several records)"


@dataclass(slots=True)
class Row:
    """Records of one error code. `oldest` and `newest` arrival in epoch seconds, None where no record tells.
    `before` and `unknown`: as an earlier run left them."""

    code: str
    records: int = 0
    size: int = 0
    before: int = 0
    unknown: int = 0
    oldest: float | None = None
    newest: float | None = None
    message: str = ""


def summarise(records: Iterable[BackupRecord], journal: Mapping[RecordId, State]) -> list[Row]:
    """One row per error code, most records first."""
    rows: dict[str, Row] = {}
    for saved in records:
        record = saved.record
        code = record.code or (SOURCE_BACKUP if record.divided else UNDIVIDED)
        row = rows.setdefault(code, Row(code, message=record.message or ""))
        row.records += 1
        row.size += len(record.data)
        state = journal.get((saved.object_id, record.line), "new")
        row.before += state == "done"
        row.unknown += state == "unknown"
        if record.arrival is not None:
            row.oldest = record.arrival if row.oldest is None else min(row.oldest, record.arrival)
            row.newest = record.arrival if row.newest is None else max(row.newest, record.arrival)
    return sorted(rows.values(), key=lambda row: (-row.records, row.code))
