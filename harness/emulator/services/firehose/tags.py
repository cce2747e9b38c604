"""TagDeliveryStream, UntagDeliveryStream, ListTagsForDeliveryStream (A4)."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.firehose.base import FirehoseBase
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.model import DeliveryStream
from harness.json_object import Json

MAX_TAGS = 50


def new_tags(present: dict[str, str], added: list[Json]) -> dict[str, str]:
    """`present` with `added`; of duplicate keys the last value wins.

    Raises InvalidArgumentException for keys that AWS keeps for itself, LimitExceededException beyond 50.
    """
    tags = dict(present)
    for tag in added:
        if tag["Key"].lower().startswith("aws:"):
            raise invalid("Tag keys must not begin with aws:")
        tags[tag["Key"]] = tag.get("Value") or ""
    if len(tags) > MAX_TAGS:
        raise AwsError("LimitExceededException", f"A delivery stream can have up to {MAX_TAGS} tags.")
    return tags


class Tags(FirehoseBase):
    """Tags of delivery streams, listed in the order of their keys."""

    @operation
    def tag_delivery_stream(self, call: Call, *, delivery_stream_name: str, tags: list[Json]) -> None:
        stream = self._taggable(call, delivery_stream_name)
        stream.tags = new_tags(stream.tags, tags)
        self.streams.put(stream.key, stream)

    @operation
    def untag_delivery_stream(self, call: Call, *, delivery_stream_name: str, tag_keys: list[str]) -> None:
        stream = self._taggable(call, delivery_stream_name)
        stream.tags = {key: value for key, value in stream.tags.items() if key not in tag_keys}
        self.streams.put(stream.key, stream)

    @operation
    def list_tags_for_delivery_stream(
        self, call: Call, *, delivery_stream_name: str, exclusive_start_tag_key: str = "", limit: int = MAX_TAGS
    ) -> Json:
        stream = self.find(call, delivery_stream_name)
        keys = sorted(key for key in stream.tags if key > exclusive_start_tag_key)
        tags = [{"Key": key, "Value": stream.tags[key]} for key in keys[:limit]]
        return {"Tags": tags, "HasMoreTags": len(keys) > limit}

    def _taggable(self, call: Call, name: str) -> DeliveryStream:
        stream = self.find(call, name)
        if stream.status == "DELETING":
            raise AwsError(
                "ResourceInUseException", f"Firehose {name} under account {call.account} is in the DELETING state."
            )
        return stream
