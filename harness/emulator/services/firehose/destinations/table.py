"""The kinds of destination that there are."""

from __future__ import annotations

from harness.emulator.services.firehose.destinations.destination import Destination
from harness.emulator.services.firehose.destinations.http_endpoint import HttpEndpoint
from harness.emulator.services.firehose.destinations.s3 import S3

_DESTINATIONS: tuple[Destination, ...] = (S3(), HttpEndpoint())

DESTINATIONS = {destination.kind: destination for destination in _DESTINATIONS}
"""Kind of a delivery stream → its destination."""
CONFIGURATIONS = {member: destination for destination in _DESTINATIONS for member in destination.configurations}
"""Member of CreateDeliveryStream, in snake case → the destination that it configures."""
UPDATES = {member: destination for destination in _DESTINATIONS for member in destination.updates}
"""Member of UpdateDestination, in snake case → the destination that it changes."""
