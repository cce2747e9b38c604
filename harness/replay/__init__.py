"""Sending again what Firehose or Lambda could not deliver."""

from harness.replay.journal import Journal, states
from harness.replay.resend import Replay, Tally
from harness.replay.summary import Row, summarise

__all__ = ["Journal", "Replay", "Row", "Tally", "states", "summarise"]
