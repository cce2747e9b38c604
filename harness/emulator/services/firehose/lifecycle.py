"""CreateDeliveryStream, DeleteDeliveryStream, DescribeDeliveryStream, ListDeliveryStreams (A1, A2, A4)."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation, operation_with
from harness.emulator.services.firehose.base import FirehoseBase
from harness.emulator.services.firehose.conversion.batch import check_schema
from harness.emulator.services.firehose.destinations.table import CONFIGURATIONS
from harness.emulator.services.firehose.encryption import new_encryption
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.kms_key import key_problem
from harness.emulator.services.firehose.model import DESTINATION_ID, DIRECT_PUT, KINESIS, DeliveryStream, Key
from harness.emulator.services.firehose.pipeline import Pipeline
from harness.emulator.services.firehose.source.kinesis import begin
from harness.emulator.services.firehose.tags import new_tags
from harness.json_object import Json

_RECORD_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_RECORD_ID_LENGTH = 204


class Lifecycle(FirehoseBase):
    """Delivery streams come and go; `world.transition_seconds` is how long that takes."""

    @operation_with(*CONFIGURATIONS)
    async def create_delivery_stream(
        self,
        call: Call,
        *,
        delivery_stream_name: str,
        delivery_stream_type: str = DIRECT_PUT,
        direct_put_source_configuration: Json | None = None,
        kinesis_stream_source_configuration: Json | None = None,
        delivery_stream_encryption_configuration_input: Json | None = None,
        tags: list[Json] | None = None,
        **configurations: Json,
    ) -> Json:
        key = Key(call.account, call.region, delivery_stream_name)
        self._refuse_duplicate(key)
        if len(configurations) != 1:
            raise invalid("Exactly one destination configuration is supported for a Firehose")
        ((member, given),) = configurations.items()
        destination = CONFIGURATIONS[member]
        rng = self.world.rng
        now = self.world.clock.now()
        stream = DeliveryStream(
            account=call.account,
            region=call.region,
            name=delivery_stream_name,
            arn=f"arn:aws:firehose:{call.region}:{call.account}:deliverystream/{delivery_stream_name}",
            type=delivery_stream_type,
            status="ACTIVE",
            created=now,
            kind=destination.kind,
            destination=destination.create(given, self.world.outbound),
            record_id_prefix=self.world.random_token(_RECORD_ID_LENGTH, _RECORD_ID_ALPHABET),
            record_id_base=f"496{rng.randrange(10**43):043d}",
            source=_source(delivery_stream_type, kinesis_stream_source_configuration, now),
            throughput_hint=direct_put_source_configuration,
            tags=new_tags({}, tags or []),
        )
        if delivery_stream_encryption_configuration_input is not None:
            if stream.type != DIRECT_PUT:
                raise invalid("Server-side encryption is only supported for delivery streams of type DirectPut.")
            stream.encryption = new_encryption(delivery_stream_encryption_configuration_input)
            problem = await key_problem(self, stream, stream.encryption)
            if problem is not None:
                stream.failure = problem.failure()
                stream.encryption = {
                    **stream.encryption,
                    "Status": "ENABLING_FAILED",
                    "FailureDescription": stream.failure,
                }
        await check_schema(self, stream)
        await self.check_query(stream.destination)
        checkpoints = await begin(self, stream) if stream.type == KINESIS else {}
        # Somebody else may have taken the name while others were asked.
        self._refuse_duplicate(key)
        for shard_id, checkpoint in checkpoints.items():
            self.checkpoints.put((*key, shard_id), checkpoint)
        if stream.failure is not None:
            stream.status = "CREATING_FAILED"
        if self.world.transition_seconds > 0:
            stream.status = "CREATING"
            stream.changes_at = now + self.world.transition_seconds
        self.streams.put(key, stream)
        self.open(stream)
        return {"DeliveryStreamARN": stream.arn}

    @operation
    def delete_delivery_stream(
        self, call: Call, *, delivery_stream_name: str, allow_force_delete: bool = False
    ) -> None:
        # AllowForceDelete matters for KMS grants that can't be retired only; that failure does not happen here.
        stream = self.find(call, delivery_stream_name)
        if stream.status == "DELETING":
            return
        if stream.status == "CREATING":
            raise AwsError(
                "ResourceInUseException",
                f"Firehose {stream.name} under account {call.account} cannot be deleted in CREATING state",
            )
        pipeline = self.pipelines.pop(stream.key, None)
        if pipeline is not None:
            pipeline.close()
        self.numbers.delete(stream.key)
        if self.world.transition_seconds > 0:
            stream.status = "DELETING"
            stream.changes_at = self.world.clock.now() + self.world.transition_seconds
            self.streams.put(stream.key, stream)
            self.await_change(stream)
        else:
            self._gone(stream)

    def _gone(self, stream: DeliveryStream) -> None:
        self.streams.delete(stream.key)
        self.quotas.pop(stream.key, None)
        self.forget_metrics(stream.key)

    @operation
    def describe_delivery_stream(
        self,
        call: Call,
        *,
        delivery_stream_name: str,
        limit: int | None = None,
        exclusive_start_destination_id: str | None = None,
    ) -> Json:
        # A stream has one destination: paging members make no difference.
        stream = self.find(call, delivery_stream_name)
        self.metrics(stream.key).call("DescribeDeliveryStream", self.world.clock.now())
        destination = self.destination(stream).describe(stream.destination)
        description: Json = {
            "DeliveryStreamName": stream.name,
            "DeliveryStreamARN": stream.arn,
            "DeliveryStreamStatus": stream.status,
            "DeliveryStreamType": stream.type,
            "VersionId": str(stream.version),
            "CreateTimestamp": stream.created,
            "Destinations": [{"DestinationId": DESTINATION_ID, **destination}],
            "HasMoreDestinations": False,
        }
        if stream.type == DIRECT_PUT:
            description["DeliveryStreamEncryptionConfiguration"] = dict(stream.encryption)
        if stream.failure is not None:
            description["FailureDescription"] = dict(stream.failure)
        if stream.updated is not None:
            description["LastUpdateTimestamp"] = stream.updated
        if stream.source is not None:
            description["Source"] = {"KinesisStreamSourceDescription": dict(stream.source)}
        elif stream.throughput_hint is not None:
            description["Source"] = {"DirectPutSourceDescription": dict(stream.throughput_hint)}
        return {"DeliveryStreamDescription": description}

    @operation
    def list_delivery_streams(
        self,
        call: Call,
        *,
        limit: int = 10,
        delivery_stream_type: str | None = None,
        exclusive_start_delivery_stream_name: str = "",
    ) -> Json:
        self.metrics(Key(call.account, call.region, "")).call("ListDeliveryStreams", self.world.clock.now())
        names = sorted(
            stream.name
            for stream in self.streams.values()
            if (stream.account, stream.region) == (call.account, call.region)
            and stream.name > exclusive_start_delivery_stream_name
            and delivery_stream_type in (None, stream.type)
        )
        return {"DeliveryStreamNames": names[:limit], "HasMoreDeliveryStreams": len(names) > limit}

    # -- states -----------------------------------------------------------------------------------------------

    def open(self, stream: DeliveryStream) -> None:
        """Run a stream that is in the store: its pipeline, and the end of a state that is passing."""
        if stream.status != "DELETING":
            pipeline = self.pipelines[stream.key] = Pipeline(self, stream.key)
            pipeline.start()
        self.await_change(stream)

    def await_change(self, stream: DeliveryStream) -> None:
        """Set the timer for the end of a state that is passing."""
        if stream.changes_at is not None:
            name = f"firehose {stream.name}: {stream.status}"
            self.world.clock.call_at(stream.changes_at, lambda: self._change(stream), name=name, data=False)

    def _change(self, stream: DeliveryStream) -> None:
        if self.streams.get(stream.key) is not stream:
            return
        stream.changes_at = None
        if stream.status == "DELETING":
            self._gone(stream)
        else:
            stream.status = "ACTIVE" if stream.failure is None else "CREATING_FAILED"
            self.streams.put(stream.key, stream)

    def _refuse_duplicate(self, key: Key) -> None:
        if key in self.streams:
            raise AwsError(
                "ResourceInUseException", f"Firehose {key.name} under accountId {key.account} already exists"
            )


def _source(stream_type: str, given: Json | None, now: float) -> Json | None:
    """The source as stored. Reading starts at the full millisecond: arrival times have no more."""
    if stream_type == KINESIS:
        if given is None:
            raise invalid("KinesisStreamSourceConfiguration is required for KinesisStreamAsSource.")
        return {**given, "DeliveryStartTimestamp": int(now * 1000) / 1000}
    if stream_type != DIRECT_PUT:
        # The source blocks of the other types are not emulated.
        raise AwsError("NotEmulated", f"firehose: DeliveryStreamType {stream_type} is not emulated.", 501)
    if given is not None:
        raise invalid("KinesisStreamSourceConfiguration is only allowed for KinesisStreamAsSource.")
    return None
