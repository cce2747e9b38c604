"""UpdateDestination (A15)."""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation_with
from harness.emulator.services.firehose.base import FirehoseBase
from harness.emulator.services.firehose.conversion.batch import check_schema
from harness.emulator.services.firehose.destinations.table import UPDATES
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.model import DESTINATION_ID, DeliveryStream
from harness.json_object import Json


class Updates(FirehoseBase):
    """The version rises only when something changed."""

    @operation_with(*UPDATES)
    async def update_destination(
        self,
        call: Call,
        *,
        delivery_stream_name: str,
        current_delivery_stream_version_id: str,
        destination_id: str,
        **updates: Json,
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
        given = {member: update for member, update in updates.items() if update}
        if not given:
            raise invalid("At least one destination or source configuration update must be provided")
        if len(given) > 1:
            raise invalid("Exactly one destination configuration is supported for a Firehose")
        ((member, update),) = given.items()
        kind = UPDATES[member]
        change = kind.update if kind is self.destination(stream) else kind.replace
        destination = change(stream.destination, update, self.world.outbound)
        await check_schema(self, replace(stream, destination=destination))
        await self.check_query(destination)
        _check_version(stream, current_delivery_stream_version_id)
        self._store(stream, kind.kind, destination)
        self.metrics(stream.key).call("UpdateDeliveryStream", self.world.clock.now())

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
