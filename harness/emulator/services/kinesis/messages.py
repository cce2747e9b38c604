"""Kinesis' error answers, in AWS's words (section B of the behaviour reference)."""

from __future__ import annotations

from harness.emulator.errors import AwsError
from harness.emulator.services.kinesis.model import Consumer, Stream


def invalid(text: str) -> AwsError:
    return AwsError("InvalidArgumentException", text)


def not_found(text: str) -> AwsError:
    return AwsError("ResourceNotFoundException", text)


def in_use(text: str) -> AwsError:
    return AwsError("ResourceInUseException", text)


def limit_exceeded(text: str) -> AwsError:
    return AwsError("LimitExceededException", text)


def validation(text: str) -> AwsError:
    return AwsError("ValidationException", text)


def stream_not_found(name: str, account: str) -> AwsError:
    return not_found(f"Stream {name} under account {account} not found.")


def not_active(stream: Stream) -> AwsError:
    return in_use(f"Stream {stream.name} under account {stream.account} not ACTIVE, instead in state {stream.status}")


def rate_exceeded(stream: Stream) -> AwsError:
    """A change that AWS allows only so often in 24 hours (text recorded for UpdateStreamMode)."""
    return limit_exceeded(f"Rate exceeded for stream {stream.name} under account {stream.account}.")


def on_demand(stream: Stream) -> AwsError:
    return validation(
        f"Request is invalid. Stream {stream.name} under account {stream.account} is in On-RequiredAction mode."
    )


def shard_missing(shard_id: str, stream: Stream) -> AwsError:
    """For readers (B4)."""
    return not_found(f"Shard {shard_id} in stream {stream.name} under account {stream.account} does not exist")


def no_such_shard(shard_id: str, stream: Stream) -> AwsError:
    """For resharding."""
    return not_found(f"Could not find shard {shard_id} in stream {stream.name} under account {stream.account}.")


def shard_limit(account: str, region: str, current: int, limit: int, additional: int) -> AwsError:
    return limit_exceeded(
        f"This request would exceed the shard limit for the account {account} in {region}. "
        f"Current shard count for the account: {current}. Limit: {limit}. Number of additional shards that would "
        f"have resulted from this request: {additional}. Refer to the AWS Service Limits page "
        "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to "
        "request higher limits."
    )


def consumer_not_found(name: str, created: str, stream: Stream) -> AwsError:
    """Recorded with `created`, the epoch second of a consumer's ARN; without it the text is unsure (B9)."""
    since = f" with creation timestamp {created}" if created else ""
    return not_found(f"Consumer {name}{since} under stream: {stream.name}, account {stream.account} not found.")


def consumer_not_active(consumer: Consumer, stream: Stream) -> AwsError:
    return in_use(
        f"Consumer {consumer.name} with creation timestamp {int(consumer.created)} under stream: {stream.name}, "
        f"account {stream.account} is not in ACTIVE status."
    )


def subscribed(consumer: Consumer, stream: Stream, shard_id: str) -> AwsError:
    """A second subscription within five seconds (B9)."""
    return in_use(
        "Another active subscription exists for this consumer: "
        f"{stream.account}:{stream.name}:{shard_id}:{consumer.name}"
    )


def dry_run(operation: str) -> AwsError:
    return AwsError(
        "DryRunOperationException",
        f"DryRunOperation validation succeeded while calling {operation} operation.: "
        "Request would have succeeded, but DryRun flag is set.",
    )
