"""An HTTP endpoint as destination (A14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.outbound import Outbound
from harness.emulator.services.firehose.buffer import Limits, hinted
from harness.emulator.services.firehose.destinations.destination import Delivery
from harness.emulator.services.firehose.destinations.http_configuration import describe_http, new_http, update_http
from harness.emulator.services.firehose.destinations.http_delivery import MAX_RECORDS, HttpDelivery
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.partitioning.configuration import is_partitioned
from harness.emulator.services.firehose.processing.configuration import check_processing_update
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.pipeline import Pipeline


class HttpEndpoint:
    """Failed records, or all, go to the S3 settings inside its own."""

    kind = "http"
    configurations: tuple[str, ...] = ("http_endpoint_destination_configuration",)
    updates: tuple[str, ...] = ("http_endpoint_destination_update",)

    def create(self, given: Json, outbound: Outbound) -> Json:
        return new_http(given, outbound)

    def update(self, stored: Json, update: Json, outbound: Outbound) -> Json:
        new = update_http(stored, update, outbound)
        check_processing_update(stored, new)
        return new

    def replace(self, former: Json, update: Json, outbound: Outbound) -> Json:
        if is_partitioned(former):
            raise invalid("A Firehose with Dynamic Partitioning can only deliver to Amazon S3.")
        return new_http({**update, "S3Configuration": update.get("S3Update")}, outbound)

    def describe(self, stored: Json) -> Json:
        return describe_http(stored)

    def s3(self, stored: Json) -> Json:
        settings: Json = stored["S3DestinationDescription"]
        return settings

    def backup(self, stored: Json) -> Json:
        return self.s3(stored)

    def address(self, stored: Json) -> str:
        url: str = stored["EndpointConfiguration"]["Url"]
        return url

    def limits(self, stored: Json) -> Limits:
        return hinted(stored["BufferingHints"], MAX_RECORDS)

    def needs_received(self, stored: Json) -> bool:
        return True

    def delivery(self, pipeline: Pipeline) -> Delivery:
        return HttpDelivery(pipeline)
