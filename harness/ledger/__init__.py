"""The ledger: gives every record an identity, and proves from outside where each one ended."""

from harness.ledger.entry_points import (
    EntryPoint,
    FirehoseEntry,
    HttpEntry,
    KinesisEntry,
    Outgoing,
    aws_client,
    json_envelope,
)
from harness.ledger.identity import Tokens
from harness.ledger.ledger import Ledger
from harness.ledger.load import Step, bursts, ramp, steady
from harness.ledger.outcome import Outcome
from harness.ledger.report import LedgerBroken, Report, Sent
from harness.ledger.settle import ByClock, ByPolling, Settle, how_to_settle
from harness.sinks.fates import FATES, Fate

__all__ = [
    "FATES",
    "ByClock",
    "ByPolling",
    "EntryPoint",
    "Fate",
    "FirehoseEntry",
    "HttpEntry",
    "KinesisEntry",
    "Ledger",
    "LedgerBroken",
    "Outcome",
    "Outgoing",
    "Report",
    "Sent",
    "Settle",
    "Step",
    "Tokens",
    "aws_client",
    "bursts",
    "how_to_settle",
    "json_envelope",
    "ramp",
    "steady",
]
