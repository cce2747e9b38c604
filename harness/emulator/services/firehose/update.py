"""UpdateDestination (A15)."""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.outbound import Outbound
from harness.emulator.service import operation
from harness.emulator.services.firehose.base import FirehoseBase
from harness.emulator.services.firehose.conversion.batch import check_schema
from harness.emulator.services.firehose.destinations.http_configuration import new_http, update_http
from harness.emulator.services.firehose.destinations.s3_configuration import new_s3, update_s3
from harness.emulator.services.firehose.hints import invalid
from harness.emulator.services.firehose.model import DESTINATION_ID, DeliveryStream, Json
from harness.emulator.services.firehose.partitioning.configuration import is_partitioned, update_partitioning
from harness.emulator.services.firehose.processing.configuration import check_processing_update


class Updates(FirehoseBase):
    """The version rises only when something changed."""

    @operation
    async def update_destination(
        self,
        call: Call,
        *,
        delivery_stream_name: str,
        current_delivery_stream_version_id: str,
        destination_id: str,
        s3_destination_update: Json | None = None,
        extended_s3_destination_update: Json | None = None,
        http_endpoint_destination_update: Json | None = None,
    ) -> None:
        stream = self.find(call, delivery_stream_name)
        name = stream.name
        if stream.status != "ACTIVE":
            raise AwsError(
                "ResourceInUseException", f"Cannot update firehose: {name} when it is in {stream.status} status"
            )
        _check_version(stream, current_delivery_stream_version_id)
        if destination_id != DESTINATION_ID:
            raise invalid(f"Destination Id {destination_id} not found")
        s3 = extended_s3_destination_update if extended_s3_destination_update is not None else s3_destination_update
        updates = [
            u for u in (s3_destination_update, extended_s3_destination_update, http_endpoint_destination_update) if u
        ]
        if not updates:
            raise invalid("At least one destination or source configuration update must be provided")
        if len(updates) > 1:
            raise invalid("Exactly one destination configuration is supported for a Firehose")
        if http_endpoint_destination_update:
            self._store(stream, "http", _http(stream, http_endpoint_destination_update, self.world.outbound))
        else:
            assert s3 is not None
            destination = _s3(stream, s3)
            await check_schema(self, replace(stream, destination=destination))
            _check_version(stream, current_delivery_stream_version_id)
            self._store(stream, "s3", destination)
        self.measures(stream.key).call("UpdateDeliveryStream", self.world.clock.now())

    def _store(self, stream: DeliveryStream, kind: str, destination: Json) -> None:
        if (kind, destination) == (stream.kind, stream.destination):
            return
        stream.kind = kind
        stream.destination = destination
        stream.version += 1
        stream.updated = self.world.clock.now()
        self.streams.put(stream.key, stream)
        self.pipelines[stream.key].updated()


def _check_version(stream: DeliveryStream, given: str) -> None:
    if given != str(stream.version):
        raise AwsError(
            "ConcurrentModificationException",
            f"Cannot update firehose: {stream.name} since the current version id: {stream.version} and specified "
            f"version id: {given} do not match",
        )


def _s3(stream: DeliveryStream, update: Json) -> Json:
    if stream.kind == "s3":
        new = update_s3(stream.destination, update)
        check_processing_update(stream.destination, new)
        return new
    update_partitioning({}, update.get("DynamicPartitioningConfiguration") or {})
    # Another kind of destination: nothing is merged, what a new one needs must be given.
    return new_s3({**update, "S3BackupConfiguration": update.get("S3BackupUpdate")}, extended=True)


def _http(stream: DeliveryStream, update: Json, outbound: Outbound) -> Json:
    if stream.kind == "http":
        new = update_http(stream.destination, update, outbound)
        check_processing_update(stream.destination, new)
        return new
    if is_partitioned(stream.destination):
        raise invalid("A Firehose with Dynamic Partitioning can only deliver to Amazon S3.")
    return new_http({**update, "S3Configuration": update.get("S3Update")}, outbound)
