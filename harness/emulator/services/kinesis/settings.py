"""Changing a stream's settings: retention, encryption, monitoring, mode, record size (B2, B6, B7, B11, B12)."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages
from harness.emulator.services.kinesis.base import KinesisBase
from harness.emulator.services.kinesis.model import SHARD_LEVEL_METRICS, Stream
from harness.json_object import Json

MIN_RETENTION, MAX_RETENTION = 24, 8760


class SettingsOperations(KinesisBase):
    """Each leaves the stream in UPDATING for the world's transition time; a change to what already is does not."""

    # -- retention (B6) ---------------------------------------------------------------------------------------

    @operation
    def increase_stream_retention_period(
        self,
        call: Call,
        *,
        retention_period_hours: int,
        stream_name: str | None = None,
        stream_arn: str | None = None,
    ) -> Json:
        """Keep records longer. What is already older than the former period is gone (B6)."""
        stream = self.find_active(call, stream_name, stream_arn)
        _check_retention(retention_period_hours)
        if retention_period_hours < stream.retention_hours:
            raise messages.invalid(
                f"Requested retention period ({retention_period_hours} hours) for stream {stream.name} can not be "
                f"shorter than existing retention period ({stream.retention_hours} hours). "
                "Use DecreaseRetentionPeriod API."
            )
        return self._set_retention(stream, retention_period_hours)

    @operation
    def decrease_stream_retention_period(
        self,
        call: Call,
        *,
        retention_period_hours: int,
        stream_name: str | None = None,
        stream_arn: str | None = None,
    ) -> Json:
        """Keep records shorter."""
        stream = self.find_active(call, stream_name, stream_arn)
        _check_retention(retention_period_hours)
        if retention_period_hours > stream.retention_hours:
            raise messages.invalid(
                f"Requested retention period ({retention_period_hours} hours) for stream {stream.name} can not be "
                f"longer than existing retention period ({stream.retention_hours} hours). "
                "Use IncreaseRetentionPeriod API."
            )
        return self._set_retention(stream, retention_period_hours)

    def _set_retention(self, stream: Stream, hours: int) -> Json:
        if hours != stream.retention_hours:
            self.change(stream, "UPDATING", "retention", hours)
        return {}

    def end_retention(self, stream: Stream, hours: int) -> None:
        now = self.world.clock.now()
        for shard in stream.shards.values():
            self.trim(stream, self.log(stream, shard), now)
        stream.retention_hours = hours

    # -- encryption (B11) -------------------------------------------------------------------------------------

    @operation
    def start_stream_encryption(
        self,
        call: Call,
        *,
        encryption_type: str,
        key_id: str,
        stream_name: str | None = None,
        stream_arn: str | None = None,
    ) -> Json:
        """Mark records put from now on as encrypted. The key is not used: data at rest stays as it came."""
        stream = self.find_active(call, stream_name, stream_arn)
        _check_encryption_type(encryption_type)
        if stream.key_id != key_id:
            self.check_daily(stream, stream.encryption_changes, 25)
            self.change(stream, "UPDATING", "encryption", key_id)
        return {}

    @operation
    def stop_stream_encryption(
        self,
        call: Call,
        *,
        encryption_type: str,
        key_id: str,
        stream_name: str | None = None,
        stream_arn: str | None = None,
    ) -> Json:
        """Records put from now on are plain."""
        stream = self.find_active(call, stream_name, stream_arn)
        _check_encryption_type(encryption_type)
        if stream.key_id is not None:
            self.check_daily(stream, stream.encryption_changes, 25)
            self.change(stream, "UPDATING", "encryption", None)
        return {}

    def end_encryption(self, stream: Stream, key_id: str | None) -> None:
        stream.key_id = key_id
        stream.was_encrypted = stream.was_encrypted or key_id is not None

    # -- monitoring (B12) -------------------------------------------------------------------------------------

    @operation
    def enable_enhanced_monitoring(
        self,
        call: Call,
        *,
        shard_level_metrics: list[str],
        stream_name: str | None = None,
        stream_arn: str | None = None,
    ) -> Json:
        """Add shard-level metrics; `ALL` is all seven."""
        stream = self.find_active(call, stream_name, stream_arn)
        return self._set_metrics(stream, set(stream.metrics) | _metrics(shard_level_metrics))

    @operation
    def disable_enhanced_monitoring(
        self,
        call: Call,
        *,
        shard_level_metrics: list[str],
        stream_name: str | None = None,
        stream_arn: str | None = None,
    ) -> Json:
        """Remove shard-level metrics."""
        stream = self.find_active(call, stream_name, stream_arn)
        return self._set_metrics(stream, set(stream.metrics) - _metrics(shard_level_metrics))

    def _set_metrics(self, stream: Stream, wanted: set[str]) -> Json:
        current = stream.metrics
        desired = tuple(metric for metric in SHARD_LEVEL_METRICS if metric in wanted)
        if desired != current:
            self.change(stream, "UPDATING", "metrics", desired)
        return {
            "StreamName": stream.name,
            "CurrentShardLevelMetrics": list(current),
            "DesiredShardLevelMetrics": list(desired),
            "StreamARN": stream.arn,
        }

    def end_metrics(self, stream: Stream, metrics: tuple[str, ...]) -> None:
        stream.metrics = metrics

    # -- mode and record size (B7, B2) ------------------------------------------------------------------------

    @operation
    def update_stream_mode(self, call: Call, *, stream_arn: str, stream_mode_details: Json) -> Json:
        """ON_DEMAND or PROVISIONED, twice in 24 hours; the shards stay."""
        stream = self.find_active(call, None, stream_arn)
        mode = stream_mode_details["StreamMode"]
        if mode != stream.mode:
            self.check_daily(stream, stream.mode_switches, 2)
            self.change(stream, "UPDATING", "mode", mode)
        return {}

    def end_mode(self, stream: Stream, mode: str) -> None:
        stream.mode = mode

    @operation
    def update_max_record_size(
        self, call: Call, *, max_record_size_in_ki_b: int, stream_arn: str | None = None
    ) -> Json:
        """How large a record may be, in KiB of data and partition key."""
        stream = self.find_active(call, None, stream_arn)
        if max_record_size_in_ki_b != stream.max_record_kib:
            self.change(stream, "UPDATING", "record_size", max_record_size_in_ki_b)
        return {}

    def end_record_size(self, stream: Stream, kib: int) -> None:
        stream.max_record_kib = kib


def _check_retention(hours: int) -> None:
    if hours < MIN_RETENTION:
        raise messages.invalid(
            f"Minimum allowed retention period is {MIN_RETENTION} hours. "
            f"Requested retention period ({hours} hours) is too short."
        )
    if hours > MAX_RETENTION:
        raise messages.invalid(
            f"Maximum allowed retention period is {MAX_RETENTION} hours. "
            f"Requested retention period ({hours} hours) is too long."
        )


def _check_encryption_type(encryption_type: str) -> None:
    if encryption_type != "KMS":  # text unsure
        raise messages.invalid(f"Encryption type must be KMS. Requested encryption type was {encryption_type}.")


def _metrics(names: list[str]) -> set[str]:
    return set(SHARD_LEVEL_METRICS) if "ALL" in names else set(names)
