"""Tags of alarms."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch.base import CloudWatchBase, validation
from harness.emulator.services.cloudwatch.model import AnyAlarm
from harness.json_object import Json

MOST_TAGS = 50


class TagOperations(CloudWatchBase):
    """Alarms are the only resources here that have tags."""

    @operation
    def tag_resource(self, call: Call, *, resource_arn: str, tags: list[Json]) -> Json:
        """Raises ResourceNotFoundException."""
        alarm = self._tagged(call, resource_arn)
        alarm.tags = checked({**alarm.tags, **{tag["Key"]: tag["Value"] for tag in tags}})
        self.table_of(alarm).put(alarm.key, alarm)
        return {}

    @operation
    def untag_resource(self, call: Call, *, resource_arn: str, tag_keys: list[str]) -> Json:
        """Raises ResourceNotFoundException."""
        alarm = self._tagged(call, resource_arn)
        alarm.tags = {key: value for key, value in alarm.tags.items() if key not in tag_keys}
        self.table_of(alarm).put(alarm.key, alarm)
        return {}

    @operation
    def list_tags_for_resource(self, call: Call, *, resource_arn: str) -> Json:
        """Raises ResourceNotFoundException."""
        tags = self._tagged(call, resource_arn).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tagged(self, call: Call, arn: str) -> AnyAlarm:
        parts = arn.split(":", 6)
        if len(parts) < 7 or parts[2] != "cloudwatch":
            raise validation(f"Invalid resource ARN: {arn}")
        if parts[5] != "alarm":
            raise self.refuse(f"tags of {parts[5]}")
        found = [alarm for alarm in self.named(call, [parts[6]]) if alarm.arn == arn]
        if not found:
            raise AwsError(
                "ResourceNotFoundException",
                "Unknown",
                404,
                members={"ResourceType": "AWS::CloudWatch::Alarm", "ResourceId": arn},
            )
        return found[0]


def checked(tags: dict[str, str]) -> dict[str, str]:
    """Raises ValidationError for too many tags."""
    if len(tags) > MOST_TAGS:  # text unsure
        raise validation(f"The number of tags must not exceed {MOST_TAGS}.")
    return tags
