"""Creating, describing, listing, deleting streams (B1)."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages
from harness.emulator.services.kinesis.base import KinesisBase
from harness.emulator.services.kinesis.model import Shard, Stream
from harness.emulator.services.kinesis.tags import check_tags
from harness.emulator.services.kinesis.tokens import VALID_SECONDS, BadToken
from harness.json_object import Json

ON_DEMAND_SHARDS = 4
ON_DEMAND_STREAMS = 50
_BIG_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
_PAGE = 100


class StreamOperations(KinesisBase):
    """The life of a stream."""

    @operation
    def create_stream(
        self,
        call: Call,
        *,
        stream_name: str,
        shard_count: int | None = None,
        stream_mode_details: Json | None = None,
        tags: dict[str, str] | None = None,
        max_record_size_in_ki_b: int = 1024,
    ) -> Json:
        """A stream in CREATING. Without a mode, a shard count decides: none means ON_DEMAND with four shards."""
        account, region = call.caller.account, call.caller.region
        if (account, region, stream_name) in self.streams:
            raise messages.in_use(f"Stream {stream_name} under account {account} already exists.")
        mode = (stream_mode_details or {}).get("StreamMode") or ("ON_DEMAND" if shard_count is None else "PROVISIONED")
        if mode == "ON_DEMAND":
            if shard_count is not None:  # text unsure
                raise messages.validation("ShardCount must not be provided when StreamMode is ON_DEMAND.")
            if sum(s.mode == "ON_DEMAND" for s in self.streams_of(call)) >= ON_DEMAND_STREAMS:  # text unsure
                raise messages.limit_exceeded(
                    f"This request would exceed the on-demand stream limit of {ON_DEMAND_STREAMS} "
                    f"for the account {account} in {region}."
                )
            shard_count = ON_DEMAND_SHARDS
        elif shard_count is None:  # text unsure
            raise messages.validation("ShardCount must be provided when StreamMode is PROVISIONED.")
        else:
            self.check_shard_limit(call, shard_count)
        arn = f"arn:{_partition(region)}:kinesis:{region}:{account}:stream/{stream_name}"
        if tags:
            check_tags(tags, {}, "stream", stream_name, account)
        stream = Stream(
            account,
            region,
            stream_name,
            arn,
            mode,
            created=float(int(self.world.clock.now())),
            tail=f"{self.world.rng.randrange(10**22):022d}",
            tags=dict(tags or {}),
            max_record_kib=max_record_size_in_ki_b,
        )
        self.change(stream, "CREATING", "create", shard_count)
        return {}

    def end_create(self, stream: Stream, shard_count: int) -> None:
        stream.add_shards(shard_count, self.world.clock.now())

    @operation
    def delete_stream(
        self,
        call: Call,
        *,
        stream_name: str | None = None,
        stream_arn: str | None = None,
        enforce_consumer_deletion: bool = False,
    ) -> Json:
        """DELETING, then gone with its records. Raises ResourceInUseException while consumers are registered."""
        stream = self.find(call, stream_name, stream_arn)
        if stream.status == "DELETING":
            return {}
        if self.consumers_of(stream) and not enforce_consumer_deletion:
            raise messages.in_use(
                f"DeleteStream can't delete {stream.account}:{stream.name} because there are consumers associated with "
                f"this data stream. To delete {stream.name} anyway, set the EnforceConsumerDeletion parameter to true "
                "to force the deletion of all the consumers that are associated with it."
            )
        self.change(stream, "DELETING", "delete")
        return {}

    def end_delete(self, stream: Stream) -> None:
        for shard in stream.shards.values():
            self.logs.delete(stream.log_key(shard))
        for consumer in self.consumers_of(stream):
            self.consumers.delete((*stream.key, consumer.name))
        self.streams.delete(stream.key)
        self.forget_metrics(stream)

    @operation
    def describe_stream(
        self,
        call: Call,
        *,
        stream_name: str | None = None,
        stream_arn: str | None = None,
        limit: int = _PAGE,
        exclusive_start_shard_id: str | None = None,
    ) -> Json:
        """The stream with a page of its shards: at most 100."""
        stream = self.find(call, stream_name, stream_arn)
        shards = after_shard(list(stream.shards.values()), exclusive_start_shard_id)
        limit = min(limit, _PAGE)
        description = _common(stream)
        description["Shards"] = [describe_shard(stream, shard) for shard in shards[:limit]]
        description["HasMoreShards"] = len(shards) > limit
        return {"StreamDescription": description}

    @operation
    def describe_stream_summary(
        self, call: Call, *, stream_name: str | None = None, stream_arn: str | None = None
    ) -> Json:
        """The stream without its shards. The count of open shards is absent in CREATING and DELETING (recorded)."""
        stream = self.find(call, stream_name, stream_arn)
        summary = _common(stream)
        if stream.status in ("ACTIVE", "UPDATING"):
            summary["OpenShardCount"] = len(stream.open)
        summary["ConsumerCount"] = len(self.consumers_of(stream))
        summary["MaxRecordSizeInKiB"] = stream.max_record_kib
        summary["ChannelCount"] = 0
        if stream.mode == "ON_DEMAND":
            summary["RecordDistributionStrategy"] = "USER_PARTITION_KEY"
        return {"StreamDescriptionSummary": summary}

    @operation
    def list_streams(
        self,
        call: Call,
        *,
        limit: int = _PAGE,
        exclusive_start_stream_name: str | None = None,
        next_token: str | None = None,
    ) -> Json:
        """A page of streams by name: at most 100."""
        after = exclusive_start_stream_name or ""
        if next_token is not None:
            if exclusive_start_stream_name is not None:
                raise messages.invalid("ExclusiveStartStreamName and NextToken cannot be provided together.")
            after = self.read_page(next_token, "streams")
        streams = [stream for stream in self.streams_of(call) if stream.name > after]
        limit = min(limit, _PAGE)
        page = streams[:limit]
        answer: Json = {
            "StreamNames": [stream.name for stream in page],
            "HasMoreStreams": len(streams) > limit,
            "StreamSummaries": [
                {
                    "StreamName": stream.name,
                    "StreamARN": stream.arn,
                    "StreamStatus": stream.status,
                    "StreamModeDetails": {"StreamMode": stream.mode},
                    "StreamCreationTimestamp": stream.created,
                }
                for stream in page
            ],
        }
        if len(streams) > limit:
            answer["NextToken"] = self.make_page(page[-1].name, "streams")
        return answer

    @operation
    def describe_limits(self, call: Call) -> Json:
        """Shards of on-demand streams do not count (recorded)."""
        streams = self.streams_of(call)
        return {
            "ShardLimit": _shard_limit(call.caller.region),
            "OpenShardCount": _provisioned_shards(streams),
            "OnDemandStreamCount": sum(s.mode == "ON_DEMAND" for s in streams),
            "OnDemandStreamCountLimit": ON_DEMAND_STREAMS,
            "ChannelCount": 0,
            "ChannelCountLimit": 100,
        }

    @operation
    def describe_account_settings(self, call: Call) -> Json:
        """On-demand Advantage is off, and cannot be turned on here."""
        return {"MinimumThroughputBillingCommitment": {"Status": "DISABLED"}}

    def check_shard_limit(self, call: Call, additional: int) -> None:
        """Raises LimitExceededException if the account's region would hold too many open shards."""
        current, limit = _provisioned_shards(self.streams_of(call)), _shard_limit(call.caller.region)
        if current + additional > limit:
            raise messages.shard_limit(call.caller.account, call.caller.region, current, limit, additional)

    # -- pages ------------------------------------------------------------------------------------------------

    def make_page(self, place: str, what: str) -> str:
        """A token for the rest of a listing of `what`, after `place`."""
        return self.tokens.page(self.world.clock.now(), f"{what}/{place}")

    def read_page(self, token: str, what: str) -> str:
        """The place in a token. Raises InvalidArgumentException, or ExpiredNextTokenException after 300 s (B8)."""
        try:
            page = self.tokens.read_page(token)
        except BadToken:
            raise messages.invalid("Invalid NextToken.") from None
        found, _, place = page.text.partition("/")
        if found != what:
            raise messages.invalid("Invalid NextToken.")
        if round(self.world.clock.now() * 1000) - page.issued > VALID_SECONDS * 1000:  # text unsure
            raise AwsError("ExpiredNextTokenException", "The pagination token passed to the operation is expired.")
        return place


def after_shard(shards: list[Shard], shard_id: str | None) -> list[Shard]:
    """The shards that come after an id, which need not exist any more."""
    return [s for s in shards if s.id > shard_id] if shard_id is not None else shards


def describe_shard(stream: Stream, shard: Shard) -> Json:
    """AWS's Shard structure: parents and the ending number only where there are any."""
    numbers = {"StartingSequenceNumber": stream.starting_number(shard)}
    if shard.closed is not None:
        numbers["EndingSequenceNumber"] = stream.ending_number(shard)
    answer: Json = {
        "ShardId": shard.id,
        "HashKeyRange": {"StartingHashKey": str(shard.start), "EndingHashKey": str(shard.end)},
        "SequenceNumberRange": numbers,
    }
    if shard.parent is not None:
        answer["ParentShardId"] = shard.parent
    if shard.adjacent_parent is not None:
        answer["AdjacentParentShardId"] = shard.adjacent_parent
    return answer


def _common(stream: Stream) -> Json:
    """The members that DescribeStream and DescribeStreamSummary share."""
    answer: Json = {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": stream.status,
        "StreamModeDetails": {"StreamMode": stream.mode},
        "RetentionPeriodHours": stream.retention_hours,
        "StreamCreationTimestamp": stream.created,
        "EnhancedMonitoring": [{"ShardLevelMetrics": list(stream.metrics)}],
        "EncryptionType": "NONE" if stream.key_id is None else "KMS",
    }
    if stream.key_id is not None:
        answer["KeyId"] = stream.key_id
    return answer


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _shard_limit(region: str) -> int:
    """F1; 6 000 was recorded in us-east-2."""
    return 20_000 if region in _BIG_REGIONS else 6_000


def _provisioned_shards(streams: list[Stream]) -> int:
    return sum(len(stream.open) for stream in streams if stream.mode == "PROVISIONED")
