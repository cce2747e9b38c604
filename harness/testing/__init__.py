"""What the pytest plugin's fixtures hand out, for annotations in tests."""

from harness.clients import Aws
from harness.testing.backup import Backup
from harness.testing.clock import Clock, NotSettled
from harness.testing.faults import Faults
from harness.testing.ledger import TestedLedger
from harness.testing.sink import EndpointSink, SinkFactory
from harness.testing.stack import Stack
from harness.testing.suite import Suite
from harness.testing.tokens import Tokens

__all__ = [
    "Aws",
    "Backup",
    "Clock",
    "EndpointSink",
    "Faults",
    "NotSettled",
    "SinkFactory",
    "Stack",
    "Suite",
    "TestedLedger",
    "Tokens",
]
