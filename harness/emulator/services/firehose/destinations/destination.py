"""What a kind of destination is. A new one is a class in a file of this folder and a row in `table.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from harness.emulator.outbound import Outbound
from harness.emulator.services.firehose.buffer import Limits
from harness.emulator.services.firehose.model import Batch
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.pipeline import Pipeline


class Delivery(Protocol):
    """Deliveries of one delivery stream, with the settings as they are at each attempt."""

    async def attempt(self, batch: Batch) -> float | None:
        """One attempt; the pause before the next one in seconds, or None when the batch was taken or given up."""


class Destination(Protocol):
    """One kind of destination. `stored` is the destination of a delivery stream, in the shape of its description."""

    kind: str
    """What a delivery stream stores as its kind."""
    configurations: tuple[str, ...]
    """The members of CreateDeliveryStream that configure it, in snake case."""
    updates: tuple[str, ...]
    """The members of UpdateDestination that change it, in snake case."""

    def create(self, given: Json, outbound: Outbound) -> Json:
        """What is stored for a configuration. Raises InvalidArgumentException, NotEmulated."""

    def update(self, stored: Json, update: Json, outbound: Outbound) -> Json:
        """`update` merged into `stored`, which stays as it is (A15). Raises InvalidArgumentException, NotEmulated."""

    def replace(self, former: Json, update: Json, outbound: Outbound) -> Json:
        """What is stored after an update of a stream whose `former` destination was of another kind: nothing is
        merged, what a new one needs must be given. Raises InvalidArgumentException, NotEmulated."""

    def describe(self, stored: Json) -> Json:
        """The members that DescribeDeliveryStream shows for it."""

    def s3(self, stored: Json) -> Json:
        """The S3 settings by which failed records are written."""

    def backup(self, stored: Json) -> Json:
        """The S3 settings by which the source backup is written."""

    def address(self, stored: Json) -> str:
        """What entries of the error log name as the destination (A18)."""

    def limits(self, stored: Json) -> Limits:
        """When its buffer is flushed."""

    def needs_received(self, stored: Json) -> bool:
        """Whether a record's bytes as they arrived may be needed after processing."""

    def delivery(self, pipeline: Pipeline) -> Delivery:
        """Its deliveries for one delivery stream."""
