"""What all parts of the Firehose service share: tables, look-ups, the pipelines that run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError
from harness.emulator.kinesis_consumer.checkpoint import Checkpoint
from harness.emulator.service import Service
from harness.emulator.services.firehose.destinations.destination import Destination
from harness.emulator.services.firehose.destinations.http_client import EndpointClient
from harness.emulator.services.firehose.destinations.table import DESTINATIONS
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.kms_key import KeyProblem, key_problem
from harness.emulator.services.firehose.metrics import DeliveryStreamMetrics
from harness.emulator.services.firehose.model import Batch, Buffer, DeliveryStream, Key
from harness.emulator.services.firehose.partitioning.jq_process import JqProcess
from harness.emulator.services.firehose.partitioning.metadata_extraction import ExtractionError
from harness.emulator.services.firehose.partitioning.partitions import extraction_query
from harness.emulator.services.firehose.source.quota import Quota
from harness.emulator.services.firehose.stage import Stage
from harness.emulator.store import Table
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.pipeline import Pipeline
    from harness.emulator.world import World

PRINCIPAL = "firehose.amazonaws.com"


class FirehoseBase(Service):
    """State in the store, pipelines beside it: a pipeline holds timers and tasks only and is rebuilt by `start`."""

    name: ClassVar[str] = "firehose"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.streams: Table[Key, DeliveryStream] = world.store.table("firehose.streams")
        self.buffers: Table[tuple[str, str, str, Stage], Buffer] = world.store.table("firehose.buffers")
        self.batches: Table[tuple[str, str, str, int], Batch] = world.store.table("firehose.batches")
        self.checkpoints: Table[tuple[str, str, str, str], Checkpoint] = world.store.table("firehose.checkpoints")
        self.numbers: Table[tuple[str, str, str], int] = world.store.table("firehose.record_numbers")
        """The number of a stream's next record. Put with a plain key: the journal writes it with each call, and a named
        tuple costs 14 % of a PutRecord there."""
        self.pipelines: dict[Key, Pipeline] = {}
        self.quotas: dict[Key, Quota] = {}
        """What Direct PUT streams may still take this second; empty while the world has no quotas."""
        self._metrics: dict[Key, DeliveryStreamMetrics] = {}
        self.endpoint_client = EndpointClient(world)
        self.jq = JqProcess()

    def find(self, call: Call, name: str) -> DeliveryStream:
        """The stream, for the control plane. Raises ResourceNotFoundException (A4)."""
        stream = self.streams.get(Key(call.account, call.region, name))
        if stream is None:
            raise AwsError("ResourceNotFoundException", f"Firehose {name} under account {call.account} not found.")
        return stream

    def destination(self, stream: DeliveryStream) -> Destination:
        """The kind of destination that the stream delivers to."""
        return DESTINATIONS[stream.kind]

    def metrics(self, key: Key) -> DeliveryStreamMetrics:
        """The metrics of a stream; with an empty name those of calls that name no stream."""
        found = self._metrics.get(key)
        if found is None:
            found = self._metrics[key] = DeliveryStreamMetrics(self.world, key)
        return found

    def forget_metrics(self, key: Key) -> None:
        """The stream is gone. What was measured stays with the metrics, for as long as those are kept."""
        self._metrics.pop(key, None)

    async def check_key(self, stream: DeliveryStream) -> KeyProblem | None:
        """What keeps an encrypted stream's records from being written or read now; it is counted."""
        if stream.encryption["Status"] != "ENABLED" or "KeyARN" not in stream.encryption:
            return None
        problem = await key_problem(self, stream, stream.encryption)
        if problem is not None:
            self.metrics(stream.key).add(problem.metric, 1)
        return problem

    async def check_query(self, destination: Json) -> None:
        """Raises InvalidArgumentException where jq does not take the destination's query."""
        query = extraction_query(destination)
        if query is None:
            return
        try:
            await self.jq.check(query)
        except ExtractionError as error:
            raise invalid(f"MetaDataExtraction JQ Query is invalid: {error}") from error

    def caller(self, stream: DeliveryStream, role: str) -> Caller:
        """Firehose calling another service for `role` (S3's, the processor's, the source's)."""
        return Caller(stream.account, stream.region).on_behalf(PRINCIPAL, role=role, source_arn=stream.arn)
