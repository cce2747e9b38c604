"""StartDeliveryStreamEncryption and StopDeliveryStreamEncryption (A16)."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.firehose.base import FirehoseBase
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.kms_key import key_problem
from harness.emulator.services.firehose.model import DIRECT_PUT, DeliveryStream
from harness.json_object import Json

MAX_CHANGES = 25
WINDOW_SECONDS = 24 * 3600.0


def new_encryption(given: Json | None) -> Json:
    """An enabled configuration; the key is owned by AWS unless one is given. Raises InvalidArgumentException."""
    given = given or {"KeyType": "AWS_OWNED_CMK"}
    if given["KeyType"] == "CUSTOMER_MANAGED_CMK" and not given.get("KeyARN"):
        raise invalid("KeyARN is required when KeyType is CUSTOMER_MANAGED_CMK.")
    if given["KeyType"] == "AWS_OWNED_CMK" and given.get("KeyARN"):
        raise invalid("KeyARN must not be given when KeyType is AWS_OWNED_CMK.")
    return {**given, "Status": "ENABLED"}


class Encryption(FirehoseBase):
    """Server-side encryption of Direct PUT streams: states and limits; records are not really encrypted."""

    @operation
    async def start_delivery_stream_encryption(
        self,
        call: Call,
        *,
        delivery_stream_name: str,
        delivery_stream_encryption_configuration_input: Json | None = None,
    ) -> None:
        stream = self._changeable(call, delivery_stream_name)
        encryption = new_encryption(delivery_stream_encryption_configuration_input)
        await self._change_encryption(stream, encryption, "ENABLING")

    @operation
    async def stop_delivery_stream_encryption(self, call: Call, *, delivery_stream_name: str) -> None:
        stream = self._changeable(call, delivery_stream_name)
        if stream.encryption["Status"] == "DISABLED":
            return
        await self._change_encryption(stream, {"Status": "DISABLED"}, "DISABLING")

    def _changeable(self, call: Call, name: str) -> DeliveryStream:
        stream = self.find(call, name)
        if stream.type != DIRECT_PUT:
            raise invalid("Server-side encryption is only supported for delivery streams of type DirectPut.")
        if stream.status != "ACTIVE":
            raise AwsError(
                "ResourceInUseException", f"Firehose {name} under account {call.account} is in {stream.status} state."
            )
        if stream.encryption["Status"] in ("ENABLING", "DISABLING"):
            status = stream.encryption["Status"]
            raise AwsError("ResourceInUseException", f"The encryption of firehose {name} is in {status} status.")
        since = self.world.clock.now() - WINDOW_SECONDS
        stream.encryption_changes = [at for at in stream.encryption_changes if at > since]
        if len(stream.encryption_changes) >= MAX_CHANGES:
            raise AwsError(
                "LimitExceededException",
                f"The encryption of firehose {name} can be started and stopped {MAX_CHANGES} times in 24 hours.",
            )
        return stream

    async def _change_encryption(self, stream: DeliveryStream, end: Json, passing: str) -> None:
        now = self.world.clock.now()
        stream.encryption_changes.append(now)
        stream.encryption = {**end, "Status": passing}
        self.streams.put(stream.key, stream)
        if self.world.transition_seconds > 0:
            stream.encryption_changes_at = now + self.world.transition_seconds
            self.await_encryption(stream)
        else:
            await self._end_encryption(stream)

    def await_encryption(self, stream: DeliveryStream) -> None:
        """Set the timer for an encryption change that is passing."""
        if stream.encryption_changes_at is None:
            return
        name = f"firehose {stream.name}: {stream.encryption['Status']}"
        end = stream.encryption_changes_at
        self.world.clock.call_at(end, lambda: self._end_encryption(stream), name=name, data=False)

    async def _end_encryption(self, stream: DeliveryStream) -> None:
        encryption = stream.encryption
        problem = await key_problem(self, stream, encryption) if encryption["Status"] == "ENABLING" else None
        if self.streams.get(stream.key) is not stream or stream.encryption is not encryption:
            return
        stream.encryption_changes_at = None
        if problem is not None:
            stream.encryption = {**encryption, "Status": "ENABLING_FAILED", "FailureDescription": problem.failure()}
        elif encryption["Status"] == "ENABLING":
            stream.encryption = {**encryption, "Status": "ENABLED"}
        else:
            stream.encryption = {"Status": "DISABLED"}
        self.streams.put(stream.key, stream)
