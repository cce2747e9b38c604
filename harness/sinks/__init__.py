"""Places where records end, read through public AWS APIs (and the emulator's admin API for its HTTP sinks)."""

from harness.sinks.base import Found, Reading, Sink
from harness.sinks.logs import LogGroup
from harness.sinks.objects import ErrorObjects, S3Objects
from harness.sinks.queue import DeadLetterQueue
from harness.sinks.requests import Collected, HttpSink, emulator_sink
from harness.sinks.stream import KinesisStream
from harness.sinks.table import DynamoDbTable

__all__ = [
    "Collected",
    "DeadLetterQueue",
    "DynamoDbTable",
    "ErrorObjects",
    "Found",
    "HttpSink",
    "KinesisStream",
    "LogGroup",
    "Reading",
    "S3Objects",
    "Sink",
    "emulator_sink",
]
