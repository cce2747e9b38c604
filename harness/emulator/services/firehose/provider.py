"""Amazon Data Firehose, native: the twelve operations, and pipelines that really deliver."""

from __future__ import annotations

from harness.emulator.services.firehose.encryption import Encryption
from harness.emulator.services.firehose.held import HeldRecords
from harness.emulator.services.firehose.lifecycle import Lifecycle
from harness.emulator.services.firehose.source.direct_put import Puts
from harness.emulator.services.firehose.tags import Tags
from harness.emulator.services.firehose.update import Updates


class Firehose(Lifecycle, Updates, Puts, Tags, Encryption, HeldRecords):
    """Delivery streams from Direct PUT or Kinesis to S3 or an HTTP endpoint, through an optional Lambda processor."""

    async def start(self) -> None:
        self.pipelines.clear()
        self.quotas.clear()
        for stream in self.streams.values():
            self.open(stream)
            self.await_encryption(stream)

    async def stop(self) -> None:
        self.pipelines.clear()
        await self.endpoint_client.close()
        await self.jq.close()
